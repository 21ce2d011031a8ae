/** What agents say about their logins becomes the state of a connection; titled by what must not go wrong. */
import { randomUUID } from 'node:crypto';
import type { AgentId } from '@sallyport/core';
import type { SelfCheck } from '@sallyport/engine';
import { bodyOf } from '@sallyport/evidence';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Session, type TestControlPlane, testControlPlane } from '../../testing/control-plane.js';
import { SelfChecks } from '../agents/self-checks.js';
import { EvidenceModule } from '../evidence/evidence.module.js';
import { LogReader } from '../evidence/log-reader.js';
import { GrantsModule } from '../grants/grants.module.js';
import { IdentityModule } from '../identity/identity.module.js';
import { PeopleModule } from '../people/people.module.js';
import type { ConnectionView } from './connection.js';
import { ConnectionProtection } from './connection-protection.js';
import { ConnectionVisibility } from './connection-visibility.js';
import { ConnectionsModule } from './connections.module.js';
import { ConnectionsService } from './connections.service.js';
import type { HardeningView } from './hardening.js';

let house: TestControlPlane;
let admin: Session;
let user: Session;

beforeAll(async () => {
  house = await testControlPlane({
    features: [ConnectionsModule, EvidenceModule, GrantsModule, IdentityModule, PeopleModule],
  });
  admin = await house.as(['admin']);
  user = await house.as(['user']);
  house.controlPlane.app.get(ConnectionVisibility).decideBy(() => true);
});
afterAll(() => house?.[Symbol.asyncDispose]());

const query = (sql: string, parameters: unknown[] = []): Promise<unknown[]> =>
  house.controlPlane.app.get(DataSource).query(sql, parameters);
const say = (agent: AgentId, check: Partial<SelfCheck>, database = 'shop'): Promise<void> =>
  house.controlPlane.app
    .get(SelfChecks)
    .received({ agent, target: 'shop-db', database, check: { at: new Date(), problems: [], more: 0, ...check } });

async function linkedAgent(): Promise<AgentId> {
  const id = randomUUID() as AgentId;
  const targets = [{ alias: 'shop-db', protocol: 'postgres', databases: ['shop', 'stock'] }];
  await query(
    `insert into agents (id, name, version, witness_key, targets, enrolled_at, last_seen_at, linked_until)
     values ($1, $2, '0.1.0', '', $3, now(), now(), now() + interval '1 minute')`,
    [id, `agent-${id.slice(0, 8)}`, JSON.stringify(targets)],
  );
  return id;
}

const shown = async (as = admin, name = 'shop'): Promise<ConnectionView> =>
  (await as.get(`/v1/connections/${name}`).expect(200)).body as ConnectionView;
const state = async (): Promise<string> => (await shown()).protection.state;
const writes = { problem: 'can write', what: 'app.orders (INSERT)' };

beforeEach(async () => {
  await query('delete from self_checks');
  await query('update agents set linked_until = null');
  await admin.delete('/v1/connections/shop');
  await admin
    .post('/v1/connections', { name: 'shop', protocol: 'postgres', target: 'shop-db', databases: ['shop'] })
    .expect(201);
});

test('a connection is what its agents have said, and is not while one of them can do more', async () => {
  expect(await state()).toBe('unchecked');
  const [one, two] = [await linkedAgent(), await linkedAgent()];
  await say(one, {});
  expect(await state()).toBe('unchecked');
  await say(two, { problems: [writes] });
  expect((await shown()).protection).toMatchObject({
    state: 'unprotected',
    problems: 1,
    findings: [{ database: 'shop', problem: 'can write: app.orders (INSERT)' }],
    advice: expect.stringContaining('sallyport connections harden shop'),
  });
  await say(two, {});
  expect((await shown()).protection).toEqual({ state: 'protected', problems: 0, findings: [], unasked: [] });
  await query('update agents set linked_until = null where id = $1', [two]);
  await say(two, { problems: [writes] });
  expect(await state()).toBe('protected');
});

test('where a target is weak is told to nobody who may not see every connection', async () => {
  await say(await linkedAgent(), { problems: [writes], more: 3 });
  expect((await shown(user)).protection).toEqual({ state: 'unprotected' });
  expect((await user.get('/v1/connections').expect(200)).body.items[0].protection).toEqual({ state: 'unprotected' });
  expect((await admin.get('/v1/connections').expect(200)).body.items[0].protection).toEqual({
    state: 'unprotected',
    problems: 4,
  });
});

test('what an administrator accepts is on record, and everything at once cannot be accepted', async () => {
  await say(await linkedAgent(), { problems: [writes] });
  for (const all of ['*', '*: *', 'can*', ': x', 'can write:'])
    await admin.patch('/v1/connections/shop', { accepted_problems: [all] }).expect(400);
  await admin.patch('/v1/connections/shop', { accepted_problems: ['can write: app.orders *'] }).expect(200);
  expect(await state()).toBe('protected');
  const changes = async () => {
    const wanted = { limit: 100, parameters: ['connection.updated'] };
    const entries = await house.controlPlane.app.get(LogReader).page('e.event = $3', wanted);
    return entries.map(({ document }) => bodyOf(document!));
  };
  await expect
    .poll(changes, { timeout: 10_000 })
    .toContainEqual(
      expect.objectContaining({ after: expect.objectContaining({ accepted_problems: ['can write: app.orders *'] }) }),
    );
});

test('a change leaves alone what it does not name', async () => {
  await admin.patch('/v1/connections/shop', { labels: ['prod'], max_sessions: 7 }).expect(200);
  await admin.patch('/v1/connections/shop', { require_protected: true }).expect(200);
  expect(await shown()).toMatchObject({
    target: 'shop-db',
    databases: ['shop'],
    labels: ['prod'],
    max_sessions: 7,
    require_protected: true,
    accepted_problems: [],
  });
});

test('of reports that come faster than they are written the last one counts', async () => {
  const agent = await linkedAgent();
  const many = Array.from({ length: 20 }, (_, number) =>
    say(agent, { problems: [{ problem: 'can run', what: `f${number}()` }] }),
  );
  await Promise.all([...many, say(agent, { problems: [writes] })]);
  expect((await shown()).protection.findings).toMatchObject([{ problem: 'can write: app.orders (INSERT)' }]);
});

test('a revoked agent’s word is not kept', async () => {
  const agent = await linkedAgent();
  await query('update agents set revoked_at = now() where id = $1', [agent]);
  await say(agent, {});
  expect(await query('select * from self_checks')).toEqual([]);
});

test('a connection that must be protected opens only while it is', async () => {
  const { app } = house.controlPlane;
  const assert = async () =>
    app.get(ConnectionProtection).assertProtected((await app.get(ConnectionsService).find('shop'))!);
  await assert();
  await admin.patch('/v1/connections/shop', { require_protected: true }).expect(200);
  await expect(assert()).rejects.toMatchObject({
    code: 'CONNECTION_UNPROTECTED',
    message: expect.stringContaining('not been checked'),
  });
  const agent = await linkedAgent();
  await say(agent, { problems: [writes] });
  await expect(assert()).rejects.toMatchObject({
    code: 'CONNECTION_UNPROTECTED',
    message: expect.not.stringContaining('orders'),
  });
  await say(agent, {});
  await assert();
});

test('the script is for one database of the connection, and only for an administrator', async () => {
  const { body } = await admin
    .post('/v1/connections/shop/hardening', { schemas: ['app'], read_write: true })
    .expect(200);
  expect(body).toMatchObject({
    database: 'shop',
    role: 'sallyport_shop',
    accept: [
      'can write: app.* (INSERT, UPDATE, DELETE)',
      'can advance: app.*',
      'setting: default_transaction_read_only = off',
    ],
  } satisfies Partial<HardeningView>);
  expect((body as HardeningView).script).toContain(`set local sallyport.schemas = '["app"]';`);

  await user.post('/v1/connections/shop/hardening', {}).expect(403);
  await admin.post('/v1/connections/shop/hardening', { database: 'other' }).expect(403);
  await admin.post('/v1/connections/shop/hardening', { role: 'x'.repeat(64) }).expect(400);
  await admin.post('/v1/connections/shop/hardening', { role: 'ä'.repeat(32) }).expect(400);
  await admin.post('/v1/connections/shop/hardening', { withhold: ['ssn'] }).expect(400);
  await admin.patch('/v1/connections/shop', { databases: ['shop', 'stock'] }).expect(200);
  await admin.post('/v1/connections/shop/hardening', {}).expect(400);
  await admin.post('/v1/connections/shop/hardening', { database: 'stock' }).expect(200);
});
