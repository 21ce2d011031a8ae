import type { ConnectionId } from '@sallyport/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ControlPlane } from '../../control-plane.js';
import { type Session, type TestControlPlane, testControlPlane } from '../../testing/control-plane.js';
import { ConnectionsModule } from '../connections/connections.module.js';
import { ConnectionsService } from '../connections/connections.service.js';
import { IdentityModule } from '../identity/identity.module.js';
import { PeopleModule } from '../people/people.module.js';
import { MaskingRulesModule } from './masking-rules.module.js';
import { MaskingRulesService } from './masking-rules.service.js';

let house: TestControlPlane;
let other: ControlPlane;
let admin: Session;
let shop: { id: ConnectionId };
let billing: { id: ConnectionId };

const rulesOn = ({ app }: ControlPlane): MaskingRulesService => app.get(MaskingRulesService);
const idsOf = (replica: ControlPlane, connection = shop, groups: string[] = []): string[] =>
  rulesOn(replica)
    .planFor(connection, groups)
    .rules.map(({ id }) => id)
    .sort();

/** Asks until it is so, at most the two seconds that a change may take. */
const within2Seconds = async (isSo: () => boolean): Promise<boolean> => {
  const until = Date.now() + 2000;
  while (Date.now() < until) {
    if (isSo()) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return isSo();
};

beforeAll(async () => {
  house = await testControlPlane({ features: [ConnectionsModule, IdentityModule, MaskingRulesModule, PeopleModule] });
  other = await house.replica();
  admin = await house.as(['admin']);
  for (const name of ['shop', 'billing'])
    await admin.post('/v1/connections', { name, protocol: 'postgres', target: 'main', databases: ['app'] }).expect(201);
  const connections = house.controlPlane.app.get(ConnectionsService);
  shop = (await connections.find('shop'))!;
  billing = (await connections.find('billing'))!;
  await admin
    .post('/v1/masking-rules', { id: 'secrets', kind: 'detector', detector: 'secrets', action: 'redact' })
    .expect(201);
});
afterAll(() => house?.[Symbol.asyncDispose]());

test('a rule is in force on this replica when the answer is there, and on the other within two seconds', async () => {
  await admin
    .post('/v1/masking-rules', {
      id: 'ssn',
      connection: 'shop',
      kind: 'column',
      column: 'public.patients.ssn',
      action: 'null',
    })
    .expect(201);
  expect(idsOf(house.controlPlane)).toEqual(['secrets', 'ssn']);
  expect(await within2Seconds(() => idsOf(other).includes('ssn'))).toBe(true);

  await admin.delete('/v1/masking-rules/ssn').expect(204);
  expect(idsOf(house.controlPlane)).toEqual(['secrets']);
  expect(await within2Seconds(() => !idsOf(other).includes('ssn'))).toBe(true);
});

test('a rule of one connection does not touch another, and does not hide from an exempt group', async () => {
  await admin
    .post('/v1/masking-rules', {
      id: 'mail',
      connection: 'shop',
      kind: 'detector',
      detector: 'email',
      action: 'hash',
      exempt_groups: ['support'],
    })
    .expect(201);
  expect(idsOf(house.controlPlane)).toEqual(['mail', 'secrets']);
  expect(idsOf(house.controlPlane, billing)).toEqual(['secrets']);
  expect(idsOf(house.controlPlane, shop, ['support'])).toEqual(['secrets']);
  const { digest } = rulesOn(house.controlPlane).planFor(shop, []);
  await expect.poll(() => rulesOn(other).planFor(shop, []).digest).toBe(digest); // the other replica hears of it
});

test('a rule by field path is kept, changed and planned like the others', async () => {
  const rule = {
    id: 'people',
    connection: 'billing',
    kind: 'field',
    field: 'dynamodb:*:Items[].email',
    action: 'hash',
  };
  const made = await admin.post('/v1/masking-rules', rule).expect(201);
  expect(made.body).toEqual({ ...rule, exempt_groups: [] });
  await admin.patch('/v1/masking-rules/people').send({ field: 'dynamodb:*:**.email' }).expect(200);
  expect(rulesOn(house.controlPlane).planFor(billing, []).rules).toContainEqual({
    id: 'people',
    kind: 'field',
    field: 'dynamodb:*:**.email',
    action: 'hash',
  });
  await admin.delete('/v1/masking-rules/people').expect(204);
});

test.each([
  ['an unknown detector', { kind: 'detector', detector: 'moon-phase', action: 'redact' }],
  ['a column that is no pattern', { kind: 'column', column: 'ssn', action: 'redact' }],
  ['an unknown action', { kind: 'detector', detector: 'email', action: 'shred' }],
  ['both a column and a detector', { kind: 'column', column: 'a.b.c', detector: 'email', action: 'redact' }],
  ['neither', { kind: 'column', action: 'redact' }],
  ['a field that is no pattern', { kind: 'field', field: 'dynamodb:Items', action: 'redact' }],
  ['both a field and a column', { kind: 'field', field: 'dynamodb:*:a', column: 'a.b.c', action: 'redact' }],
  ['a connection that is not there', { kind: 'detector', detector: 'email', action: 'redact', connection: 'nowhere' }],
])('a rule with %s is not kept', async (_name, body) => {
  const { status } = await admin.post('/v1/masking-rules', body);
  expect([400, 404]).toContain(status);
});

test('a rule that does not compile stops the session, not the masking', async () => {
  await house.database.query(
    `insert into masking_rules (id, connection_id, kind, pattern, action, created_at, updated_at) values ('broken', '${billing.id}', 'detector', 'moon-phase', 'redact', now(), now())`,
  );
  await house.database.query('update masking_version set version = version + 1');
  const fails = (): boolean => {
    try {
      rulesOn(house.controlPlane).planFor(billing, []);
      return false;
    } catch (error) {
      expect(error).toMatchObject({ code: 'MASKING_UNAVAILABLE' });
      return true;
    }
  };
  expect(await within2Seconds(fails)).toBe(true); // nobody sent a notification: the poll found it
  expect(idsOf(house.controlPlane)).toContain('secrets');
});

test('while the database cannot confirm the rules there is no plan, and afterwards there is again', async () => {
  await house.database.pause();
  const refuses = (): boolean => {
    try {
      rulesOn(house.controlPlane).planFor(shop, []);
      return false;
    } catch (error) {
      expect(error).toMatchObject({ code: 'MASKING_UNAVAILABLE' });
      return true;
    }
  };
  const until = Date.now() + 4000;
  while (!refuses() && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(refuses()).toBe(true);
  await house.database.resume();
  const back = Date.now() + 10_000;
  while (refuses() && Date.now() < back) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(idsOf(house.controlPlane)).toContain('secrets');
});
