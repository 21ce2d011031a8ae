/* eslint-disable @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-call -- answers are JSON of any shape: that it is the right one is what is asserted */
import { randomUUID } from 'node:crypto';
import supertest from 'supertest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConnectionVisibility } from '../../modules/connections/connection-visibility.js';
import { ConnectionsModule } from '../../modules/connections/connections.module.js';
import { bodyFor, LogReader } from '../../modules/evidence/log-reader.js';
import { Refusals } from '../../modules/evidence/refusals.js';
import { HealthModule } from '../../modules/health/health.module.js';
import { IdentityModule } from '../../modules/identity/identity.module.js';
import { PeopleModule } from '../../modules/people/people.module.js';
import { ServiceAccountsModule } from '../../modules/service-accounts/service-accounts.module.js';
import { TicketsModule } from '../../modules/tickets/tickets.module.js';
import { type Session, sessionWith, type TestControlPlane, testControlPlane } from '../../testing/control-plane.js';

let house: TestControlPlane;
let admin: Session;
const features = [ConnectionsModule, HealthModule, IdentityModule, PeopleModule, ServiceAccountsModule, TicketsModule];
const connection = (name: string) => ({ name, protocol: 'postgres', target: 'main', databases: ['app'] });

beforeAll(async () => {
  house = await testControlPlane({ features });
  house.controlPlane.app.get(ConnectionVisibility).decideBy(() => true);
  admin = await house.as(['admin'], { sub: 'root' });
  await admin.post('/v1/connections', connection('shop')).expect(201);
});
afterAll(() => house?.[Symbol.asyncDispose]());

describe('mass assignment', () => {
  test.each([
    ['a ticket’s identity', '/v1/tickets', { connection: 'shop', person_id: randomUUID() }],
    ['a ticket’s assurance', '/v1/tickets', { connection: 'shop', assurance: 'bound' }],
    ['a connection’s version', '/v1/connections', { ...connection('x'), version: 7 }],
    ['a connection’s host', '/v1/connections', { ...connection('x'), host: '169.254.169.254' }],
    ['a service account’s owner', '/v1/service-accounts', { name: 'x', class: 'ai', owner_id: randomUUID() }],
    ['a service account’s class', '/v1/service-accounts', { name: 'x', class: 'person' }],
  ])('of %s is refused', async (_name, path, body) => {
    expect((await admin.post(path, body).expect(400)).body.code).toBe('INVALID_INPUT');
  });

  test('of a person’s issuer or e-mail is refused, and nobody changes their own roles', async () => {
    const ada = await house.as(['user']);
    const { id } = (await ada.get('/v1/whoami')).body;
    await admin.patch(`/v1/people/${id}`, { email: 'root@example.test' }).expect(400);
    await ada.patch(`/v1/people/${id}`, { roles: ['admin'] }).expect(403);
    const { id: rootId } = (await admin.get('/v1/whoami')).body;
    await admin.patch(`/v1/people/${rootId}`, { roles: ['reviewer'] }).expect(403);
    await admin.patch(`/v1/people/${id}`, { roles: ['reviewer'] }).expect(200);
    expect((await ada.get('/v1/whoami')).body.roles).toEqual(['reviewer', 'user']);
  });

  test('through __proto__ is refused', async () => {
    await supertest(house.controlPlane.url)
      .post('/v1/tickets')
      .set('authorization', `Bearer ${admin.token}`)
      .set('content-type', 'application/json')
      .send('{"connection":"shop","__proto__":{"assurance":"bound"}}')
      .expect(400);
  });
});

describe('names', () => {
  test.each(['Shop', 'shop_1', '-shop', '', 'a'.repeat(64), 'shop\u202e', "shop'; drop table people; --", 42, null])(
    'a connection is not called %j',
    async (name) => {
      await admin.post('/v1/connections', { ...connection('x'), name }).expect(400);
    },
  );

  test('hidden characters are refused wherever people read', async () => {
    await admin.post('/v1/tickets', { connection: 'shop', turn: 'harmless\u202egnp.exe' }).expect(400);
    await admin.post('/v1/tickets', { connection: 'shop', turn: 'two\nlines' }).expect(400);
  });
});

describe('an idempotency key', () => {
  const create = (session: Session, key: string, body: object) =>
    session.post('/v1/tickets', body).set('idempotency-key', key);

  test('gives the first answer again, the ticket included, and makes one ticket only', async () => {
    const ada = await house.as(['user']);
    const first = await create(ada, 'retry-0001', { connection: 'shop' }).expect(201);
    const second = await create(ada, 'retry-0001', { connection: 'shop' }).expect(201);
    expect(second.body).toEqual(first.body);
    expect(second.headers['idempotency-replayed']).toBe('true');
    expect((await ada.get('/v1/tickets')).body.items).toHaveLength(1);
  });

  test('is refused with another body, and belongs to one person', async () => {
    const [ada, eve] = await Promise.all([house.as(['user']), house.as(['user'])]);
    const { body } = await create(ada, 'retry-0002', { connection: 'shop' }).expect(201);
    expect((await create(ada, 'retry-0002', { connection: 'shop', turn: 't' }).expect(409)).body.code).toBe('CONFLICT');
    expect((await create(eve, 'retry-0002', { connection: 'shop' }).expect(201)).body.ticket).not.toBe(body.ticket);
  });

  test('of a request that failed may be used again', async () => {
    await admin.post('/v1/connections', connection('shop')).set('idempotency-key', 'retry-0003').expect(409);
    await admin.post('/v1/connections', connection('shop')).set('idempotency-key', 'retry-0003').expect(409);
    await admin.post('/v1/connections', connection('later')).set('idempotency-key', 'retry-0003').expect(201);
  });

  test('leaves neither itself nor the ticket readable in the database', async () => {
    const ada = await house.as(['user']);
    const { body } = await create(ada, 'canary-key-0004', { connection: 'shop' }).expect(201);
    const dump = JSON.stringify(await house.database.query('select * from idempotency_keys'));
    expect(dump).not.toContain('canary-key-0004');
    expect(dump).not.toContain(body.ticket.slice(4));
  });

  test('used at the same moment takes effect once', async () => {
    const ada = await house.as(['user']);
    const answers = await Promise.all([1, 2, 3, 4].map(() => create(ada, 'retry-0005', { connection: 'shop' })));
    expect(answers.map(({ status }) => status).sort()).toContain(201);
    expect((await ada.get('/v1/tickets')).body.items).toHaveLength(1);
  });
});

describe('errors', () => {
  test('are problems with a code, a hint and a correlation id that is in the log', async () => {
    const { body, headers } = await house.anonymous
      .get('/v1/whoami')
      .expect(401)
      .expect('content-type', /application\/problem\+json/);
    expect(body).toMatchObject({
      title: 'Not logged in',
      status: 401,
      code: 'UNAUTHENTICATED',
      hint: expect.any(String),
    });
    expect(body.correlation_id).toBe(headers['x-correlation-id']);
    expect(house.logged()).toContain(body.correlation_id);
  });

  test('of the framework are problems too, and repeat no input', async () => {
    expect((await admin.get('/v1/canary-path').expect(404)).body).toMatchObject({
      code: 'NOT_FOUND',
      detail: 'there is no such route or object',
    });
    const broken = await house.anonymous
      .post('/v1/tickets')
      .set('content-type', 'application/json')
      .send('{"canary":')
      .expect(400);
    expect(broken.body.code).toBe('INVALID_INPUT');
    expect(broken.text).not.toContain('canary');
    expect((await admin.post('/v1/tickets', { turn: 'x'.repeat(2 * 1024 * 1024) }).expect(413)).body.code).toBe(
      'TOO_LARGE',
    );
    await house.anonymous.post('/v1/tickets').set('content-type', 'text/xml').send('<a/>').expect(400);
  });

  test('that nobody foresaw say nothing but that', async () => {
    await house.database.query('alter table connections rename to canary_table');
    const { body, text } = await admin.get('/v1/connections').expect(500);
    await house.database.query('alter table canary_table rename to connections');
    expect(body).toMatchObject({ code: 'INTERNAL', detail: 'the control plane failed' });
    expect(text).not.toMatch(/"connections"|canary|select/);
  });

  test('an id that cannot be one, and one of something else, are not found alike', async () => {
    for (const id of ['1', 'x;drop', randomUUID()])
      await admin.delete(`/v1/tickets/${encodeURIComponent(id)}`).expect(404);
  });
});

describe('lists', () => {
  test('are pages that meet without a gap or a repetition', async () => {
    const ada = await house.as(['user']);
    for (let index = 0; index < 5; index += 1) await ada.post('/v1/tickets', { connection: 'shop' }).expect(201);
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page = await ada.get(`/v1/tickets?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`).expect(200);
      const { items, next_cursor } = page.body as { items: { id: string }[]; next_cursor: string | null };
      seen.push(...items.map(({ id }) => id));
      cursor = next_cursor;
    }
    expect(new Set(seen).size).toBe(5);
    expect(seen).toHaveLength(5);
  });

  test.each([
    'limit=0',
    'limit=1000',
    'limit=x',
    'sort=name;drop',
    'q=(a+)+$',
    `cursor=${Buffer.from("' or 1=1").toString('base64url')}`,
  ])('take no %s', async (query) => {
    await admin.get(`/v1/tickets?${query}`).expect(400);
  });
});

describe('a secret in an address', () => {
  test('is refused, and its value is not logged', async () => {
    const { body } = await house.anonymous.get('/v1/whoami?access_token=canary-in-query').expect(400);
    expect(body.code).toBe('INVALID_INPUT');
    expect(house.logged()).not.toContain('canary-in-query');
  });
});

test('answers are not stored, framed or sniffed', async () => {
  const { headers } = await house.anonymous.get('/healthz').expect(200);
  expect(headers).toMatchObject({
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  });
  expect(headers['content-security-policy']).toMatch(/default-src 'self'.*frame-ancestors 'none'/);
  expect(headers).not.toHaveProperty('x-powered-by');
});

test('guessing is slowed down, and those who hold a login are not', async () => {
  const guess = () => sessionWith(house.controlPlane.url, `sps_${'g'.repeat(43)}`).get('/v1/whoami');
  const before = await admin.get('/v1/whoami').expect(200);
  let last = await guess();
  for (let index = 0; index < 25 && last.status !== 429; index += 1) last = await guess();
  expect(last.body).toMatchObject({ code: 'RATE_LIMITED', details: { retry_after_seconds: expect.any(Number) } });
  expect(Number(last.headers['retry-after'])).toBeGreaterThan(0);
  expect(before.status).toBe(200);
});

test('refused logins are on record by address and reason, once for a minute of them, without what was shown', async () => {
  await house.controlPlane.app.get(Refusals).settled();
  const reader = house.controlPlane.app.get(LogReader);
  await expect
    .poll(async () => (await reader.page("e.event = 'login.refused'", { limit: 100, parameters: [] })).length, {
      timeout: 5_000,
    })
    .toBeGreaterThan(1);
  const entries = await reader.page("e.event = 'login.refused'", { limit: 100, parameters: [] });
  const bodies = entries.map((entry) => bodyFor(entry, 'login.refused')!);
  const guesses = bodies.filter(({ method }) => method === 'service-account');
  expect(guesses.map(({ refusal }) => refusal?.code).sort()).toEqual(['RATE_LIMITED', 'UNAUTHENTICATED']);
  for (const { address, count, issuer } of guesses) {
    expect(address).toMatch(/127\.0\.0\.1|::1/);
    expect([count, issuer]).toEqual([1, house.issuer.url]);
  }
  expect(JSON.stringify(entries)).not.toContain('ggggg');
});

test('the API document names every route with its permission and what its body takes', async () => {
  const { body } = await house.anonymous.get('/v1/openapi.json').expect(200);
  expect(body.paths['/v1/tickets'].post).toMatchObject({ 'x-permission': 'ticket.issue', security: [{ bearer: [] }] });
  expect(body.paths['/v1/people/{id}/grants'].delete['x-permission']).toBe('person.end-grants');
  expect(body.components.schemas.IssueTicketBody).toMatchObject({
    required: ['connection'],
    properties: { ttl_seconds: { type: 'integer', minimum: 10, maximum: 900 } },
  });
});
