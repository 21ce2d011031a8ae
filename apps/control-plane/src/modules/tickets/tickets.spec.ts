/* eslint-disable @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-argument, @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-return -- answers are JSON of any shape: that it is the right one is what is asserted */
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Notifications } from '../../platform/index.js';
import { type Session, sessionWith, type TestControlPlane, testControlPlane } from '../../testing/control-plane.js';
import { ConnectionVisibility } from '../connections/connection-visibility.js';
import { ConnectionsModule } from '../connections/connections.module.js';
import { GrantsModule } from '../grants/grants.module.js';
import { GrantsService } from '../grants/grants.service.js';
import { IdentityModule } from '../identity/identity.module.js';
import { PeopleModule } from '../people/people.module.js';
import { ServiceAccountsModule } from '../service-accounts/service-accounts.module.js';
import { TicketsModule } from './tickets.module.js';
import { TicketsService } from './tickets.service.js';

let house: TestControlPlane;
let admin: Session;
let tickets: TicketsService;

beforeAll(async () => {
  house = await testControlPlane({
    features: [ConnectionsModule, GrantsModule, IdentityModule, PeopleModule, ServiceAccountsModule, TicketsModule],
  });
  // What the policies decide elsewhere: here everybody sees every connection but the secret one.
  house.controlPlane.app.get(ConnectionVisibility).decideBy((_identity, { name }) => name !== 'hidden');
  tickets = house.controlPlane.app.get(TicketsService);
  admin = await house.as(['admin'], { sub: 'root' });
  for (const name of ['shop', 'billing', 'hidden']) {
    await admin.post('/v1/connections', { name, protocol: 'postgres', target: 'main', databases: ['app'] }).expect(201);
  }
});
afterAll(() => house?.[Symbol.asyncDispose]());

const issue = async (session: Session, more: object = {}): Promise<{ id: string; ticket: string }> =>
  (await session.post('/v1/tickets', { connection: 'shop', ...more }).expect(201)).body;

const whoOf = async (session: Session): Promise<string> => (await session.get('/v1/whoami').expect(200)).body.id;

describe('a ticket', () => {
  test('tells the gateway who asks, by which login and because of which turn', async () => {
    const ada = await house.as(['user'], { sub: 'ada' });
    const answer = await ada
      .post('/v1/tickets', {
        connection: 'shop',
        ai_client: 'claude-code',
        ai_session: 's1',
        turn: 't1',
        tool_call: 'c1',
        ttl_seconds: 60,
      })
      .expect(201);
    expect(answer.body).toMatchObject({
      ticket: expect.stringMatching(/^spt_[\w-]{43}$/),
      connection: 'shop',
      protocol: 'postgres',
      endpoint: { host: 'localhost', databases: ['app'] },
    });
    expect(await tickets.redeem({ ticket: answer.body.ticket, connection: 'shop' })).toMatchObject({
      identity: { name: 'ada@example.test', class: 'person', groups: ['users'], roles: ['user'] },
      turn: { client: 'claude-code', aiSession: 's1', turn: 't1', toolCall: 'c1' },
      ticketId: answer.body.id,
      assurance: 'identity', // that it claims a tool call proves none
    });
  });

  test('may be used again until it expires', async () => {
    const { ticket } = await issue(await house.as(['user']));
    await tickets.redeem({ ticket, connection: 'shop' });
    await expect(tickets.redeem({ ticket, connection: 'shop' })).resolves.toBeDefined();
  });

  test('is kept as a digest, and neither it nor a login token reaches the log', async () => {
    const ada = await house.as(['user']);
    const { id, ticket } = await issue(ada);
    const [row] = await house.database.query('select row_to_json(t)::text as text from tickets t where id = $1', [id]);
    expect(row?.['text']).not.toContain(ticket.slice(4));
    expect(house.logged()).not.toContain(ticket.slice(4));
    expect(house.logged()).not.toContain(ada.token);
  });

  test('lasts no longer than asked, than fifteen minutes, or than the login behind it', async () => {
    const ada = await house.as(['user']);
    await ada.post('/v1/tickets', { connection: 'shop', ttl_seconds: 901 }).expect(400);
    const { body } = await ada.post('/v1/tickets', { connection: 'shop', ttl_seconds: 900 }).expect(201);
    expect(Date.parse(body.expires_at) - Date.now()).toBeLessThanOrEqual(900_000);
    await house.database.query(
      `update tickets set issued_at = issued_at - interval '1 hour', expires_at = expires_at - interval '1 hour' where id = '${body.id}'`,
    );
    await expect(tickets.redeem({ ticket: body.ticket, connection: 'shop' })).rejects.toMatchObject({
      code: 'TICKET_EXPIRED',
    });
  });
});

describe('one and the same refusal meets', () => {
  test.each([
    ['a ticket that was never issued', async () => ({ ticket: `spt_${'A'.repeat(43)}`, connection: 'shop' })],
    [
      'a ticket of another connection',
      async () => ({ ticket: (await issue(await house.as(['user']))).ticket, connection: 'billing' }),
    ],
    [
      'a connection that is not there',
      async () => ({ ticket: (await issue(await house.as(['user']))).ticket, connection: 'nowhere' }),
    ],
    ['something that is no ticket', async () => ({ ticket: "' or 1=1 --", connection: 'shop' })],
    ['an empty password', async () => ({ ticket: '', connection: 'shop' })],
  ])('%s', async (_name, claim) => {
    await expect(tickets.redeem(await claim())).rejects.toMatchObject({
      code: 'TICKET_INVALID',
      message: 'the ticket is not valid for this connection',
      details: {},
    });
  });

  test('a connection that is not there and one that the caller may not see', async () => {
    const ada = await house.as(['user']);
    const [absent, hidden] = await Promise.all([
      ada.post('/v1/tickets', { connection: 'absent' }),
      ada.post('/v1/tickets', { connection: 'hidden' }),
    ]);
    expect(absent.status).toBe(404);
    const plain = ({ body: { correlation_id: _, ...rest } }: { body: Record<string, unknown> }, name: string) =>
      JSON.stringify(rest).replaceAll(name, 'NAME');
    expect(plain(hidden, 'hidden')).toBe(plain(absent, 'absent'));
    await ada.get('/v1/connections/hidden').expect(404);
    expect(
      (await ada.get('/v1/connections').expect(200)).body.items.map(({ name }: { name: string }) => name),
    ).not.toContain('hidden');
  });
});

describe('revocation', () => {
  test('is at once, is heard on every replica, and is only for one’s own tickets', async () => {
    const [ada, eve] = await Promise.all([house.as(['user']), house.as(['user'])]);
    const { id, ticket } = await issue(ada);
    const heard = new Promise((resolve) =>
      house.controlPlane.app.get(Notifications).subscribe('ticket_revoked', resolve),
    );

    await eve.delete(`/v1/tickets/${id}`).expect(404);
    await expect(tickets.redeem({ ticket, connection: 'shop' })).resolves.toBeDefined();
    await ada.delete(`/v1/tickets/${id}`).expect(204);
    await expect(tickets.redeem({ ticket, connection: 'shop' })).rejects.toMatchObject({ code: 'TICKET_INVALID' });
    expect(await heard).toEqual({ ticketId: id });
    await admin.delete(`/v1/tickets/${(await issue(ada)).id}`).expect(204);
  });

  test('somebody else’s tickets are not listed', async () => {
    const [ada, eve] = await Promise.all([house.as(['user']), house.as(['user'])]);
    const { id } = await issue(ada);
    expect((await ada.get('/v1/tickets').expect(200)).body.items).toMatchObject([
      { id, connection: 'shop', revoked: false },
    ]);
    expect((await eve.get('/v1/tickets').expect(200)).body.items).toEqual([]);
  });

  test('an ended login takes its tickets along and cannot be continued with the same token', async () => {
    const ada = await house.as(['user']);
    const { ticket } = await issue(ada);
    const heard = new Promise((resolve) => house.controlPlane.app.get(Notifications).subscribe('grant_ended', resolve));
    const { grantId } = await tickets.redeem({ ticket, connection: 'shop' });
    await admin.delete(`/v1/people/${await whoOf(ada)}/grants`).expect(204);

    expect(await heard).toEqual({ grantId });
    await expect(tickets.redeem({ ticket, connection: 'shop' })).rejects.toMatchObject({ code: 'GRANT_ENDED' });
    await expect(house.controlPlane.app.get(GrantsService).check(grantId)).rejects.toMatchObject({
      code: 'GRANT_ENDED',
    });
    expect((await ada.get('/v1/whoami').expect(401)).body.code).toBe('GRANT_ENDED');
  });

  test('a disabled person is out at once, with every ticket', async () => {
    const ada = await house.as(['user']);
    const { ticket } = await issue(ada);
    const id = await whoOf(ada);
    await admin.patch(`/v1/people/${id}`, { disabled: true }).expect(200);
    await expect(tickets.redeem({ ticket, connection: 'shop' })).rejects.toMatchObject({ code: 'GRANT_ENDED' });
    expect([401, 403]).toContain((await ada.get('/v1/whoami')).status);
  });

  test('a deleted connection opens nothing more, and neither does a new one of its name', async () => {
    const ada = await house.as(['user']);
    await admin
      .post('/v1/connections', { name: 'brief', protocol: 'postgres', target: 'main', databases: ['app'] })
      .expect(201);
    const { ticket } = await issue(ada, { connection: 'brief' });
    await admin.delete('/v1/connections/brief').expect(204);
    await expect(tickets.redeem({ ticket, connection: 'brief' })).rejects.toMatchObject({ code: 'TICKET_INVALID' });
    await admin
      .post('/v1/connections', { name: 'brief', protocol: 'postgres', target: 'other', databases: ['app'] })
      .expect(201);
    await expect(tickets.redeem({ ticket, connection: 'brief' })).rejects.toMatchObject({ code: 'TICKET_INVALID' });
  });
});

describe('a service account', () => {
  const create = async (body: object) =>
    (await admin.post('/v1/service-accounts', body).expect(201)).body as { id: string };
  const secretOf = async (id: string): Promise<string> =>
    (await admin.post(`/v1/service-accounts/${id}/secret`).expect(201)).body.secret;

  test('logs in by its secret, which is kept as a digest and dies when it is replaced', async () => {
    const { id } = await create({ name: 'nightly', class: 'machine', roles: ['user'], groups: ['robots'] });
    const secret = await secretOf(id);
    const nightly = sessionWith(house.controlPlane.url, secret);
    expect((await nightly.get('/v1/whoami').expect(200)).body).toMatchObject({
      class: 'machine',
      name: 'nightly',
      groups: ['robots'],
      roles: ['user'],
    });
    const { ticket } = await issue(nightly);
    expect(house.logged()).not.toContain(secret.slice(4));

    await secretOf(id);
    await nightly.get('/v1/whoami').expect(401);
    await expect(tickets.redeem({ ticket, connection: 'shop' })).rejects.toMatchObject({ code: 'GRANT_ENDED' });
  });

  test('logs in by the client credentials of the issuer, if an administrator said so', async () => {
    const token = await house.issuer.accessToken({ sub: 'ci-client', client_id: 'ci-client' });
    const ci = sessionWith(house.controlPlane.url, token);
    await ci.get('/v1/whoami').expect(401);
    await create({ name: 'ci', class: 'ai', client_subject: 'ci-client', roles: ['user'] });
    expect((await ci.get('/v1/whoami').expect(200)).body).toMatchObject({
      class: 'ai',
      name: 'ci',
      issuer: 'sallyport',
      roles: ['user'],
    });
  });

  test('gets no role that its class may not hold, whatever its groups say', async () => {
    await admin.post('/v1/service-accounts', { name: 'greedy', class: 'ai', roles: ['admin'] }).expect(403);
    await admin.post('/v1/service-accounts', { name: 'greedy', class: 'machine', roles: ['reviewer'] }).expect(403);
    const { id } = await create({ name: 'grouped', class: 'ai', groups: ['admins', 'reviewers', 'users'] });
    const grouped = sessionWith(house.controlPlane.url, await secretOf(id));
    expect((await grouped.get('/v1/whoami').expect(200)).body.roles).toEqual(['user']);
  });

  test('is out at once when it is disabled or deleted, and its name stays taken', async () => {
    const { id } = await create({ name: 'leaving', class: 'machine', roles: ['user'] });
    const leaving = sessionWith(house.controlPlane.url, await secretOf(id));
    await leaving.get('/v1/whoami').expect(200);
    await admin.patch(`/v1/service-accounts/${id}`, { disabled: true }).expect(200);
    expect([401, 403]).toContain((await leaving.get('/v1/whoami')).status);
    await admin.delete(`/v1/service-accounts/${id}`).expect(204);
    await leaving.get('/v1/whoami').expect(401);
    await admin.post('/v1/service-accounts', { name: 'leaving', class: 'machine' }).expect(409);
  });
});

test('every change is on record in the transaction that made it', async () => {
  const recorded = await house.controlPlane.app
    .get(DataSource)
    .query('select event, count(*)::int as count from evidence_entries group by event');
  const names = recorded.map(({ event }: { event: string }) => event);
  for (const event of [
    'connection.created',
    'connection.deleted',
    'person.created',
    'person.updated',
    'login.accepted',
    'grants.ended',
    'ticket.issued',
    'ticket.revoked',
    'service-account.created',
    'service-account.rotated',
    'service-account.deleted',
  ]) {
    expect(names).toContain(event);
  }
  const [{ count }] = await house.controlPlane.app.get(DataSource).query('select count(*)::int from tickets');
  expect(recorded.find(({ event }: { event: string }) => event === 'ticket.issued').count).toBe(count);
});
