import { type Identity, type PersonId } from '@sallyport/core';
import { type PolicyRequest, packs } from '@sallyport/policy';
import { type Catalogue, catalogueDigest, encodeCatalogue } from '@sallyport/sql';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ControlPlane } from '../../control-plane.js';
import { type Session, type TestControlPlane, testControlPlane } from '../../testing/control-plane.js';
import { ConnectionsModule } from '../connections/connections.module.js';
import { IdentityModule } from '../identity/identity.module.js';
import { PeopleModule } from '../people/people.module.js';
import { KnownCatalogues } from './known-catalogues.js';
import { PoliciesModule } from './policies.module.js';
import { PolicyRuntime } from './policy-runtime.js';

const features = [IdentityModule, PeopleModule, ConnectionsModule, PoliciesModule];

let house: TestControlPlane;
let other: ControlPlane;
let admin: Session;

beforeAll(async () => {
  house = await testControlPlane({ features });
  other = await house.replica();
  admin = await house.as(['admin'], { sub: 'root' });
});
afterAll(() => house?.[Symbol.asyncDispose]());

const ada: Identity = {
  id: '00000000-0000-7000-8000-00000000000a' as PersonId,
  class: 'person',
  issuer: 'https://issuer.test',
  subject: 'ada',
  name: 'ada@example.test',
  groups: ['engineers'],
  roles: ['user'],
};

const connecting: PolicyRequest = {
  identity: ada,
  connection: { name: 'clinic', labels: [], protocol: 'postgres' },
  operation: { action: 'session.connect', risk: 'read', facts: { database: 'clinic' } },
  assurance: 'ticketed',
  turn: {},
};

const decide = (on: ControlPlane = house.controlPlane) => on.app.get(PolicyRuntime).decide(connecting);
const permit = (id: string) =>
  `@id("${id}") permit(principal, action == Sallyport::Action::"session.connect", resource);`;
const [readOnly, safe] = [packs[0]!.text, packs[1]!.text];

interface Policy {
  readonly version: number;
  readonly text: string;
  readonly code: string;
}
const active = async () => ((await admin.get('/v1/policies')) as { body: Policy }).body;
const create = (text: string, more: object = {}) => admin.post('/v1/policies', { text, ...more });

describe('a new installation', () => {
  test('denies everything, and says that there is no policy yet', async () => {
    expect(await active()).toMatchObject({ version: 0, text: '' });
    expect(decide()).toMatchObject({ outcome: 'deny', refusal: { code: 'POLICY_DENIED' } });
  });

  test('starts from the pack that its configuration names, once, however many replicas start', async () => {
    await using fresh = await testControlPlane({
      features,
      environment: { SALLYPORT_INITIAL_POLICY_PACK: 'postgres-safe' },
    });
    await fresh.replica();
    const root = await fresh.as(['admin']);
    expect((await root.get('/v1/policies')).body).toMatchObject({
      version: 1,
      text: safe,
      comment: 'the pack postgres-safe',
    });
    expect(decide(fresh.controlPlane).outcome).toBe('allow');
    expect(
      (await fresh.database.query('select event from evidence_entries where event = $1', ['policy.activated'])).length,
    ).toBe(1);
  });

  test('starts from a pack for each protocol where it names several', async () => {
    await using fresh = await testControlPlane({
      features,
      environment: { SALLYPORT_INITIAL_POLICY_PACK: 'postgres-safe, aws-safe' },
    });
    const { body } = (await (await fresh.as(['admin'])).get('/v1/policies')) as { body: Policy };
    expect(body).toMatchObject({ version: 1, comment: 'the packs postgres-safe, aws-safe' });
    expect(body.text).toContain('@id("aws-reviewed-write")');
    expect(decide(fresh.controlPlane).outcome).toBe('allow');
  });

  test.each(['nonsense', 'postgres-safe,postgres-strict'])('does not start with %s', async (names) => {
    const environment = { SALLYPORT_INITIAL_POLICY_PACK: names };
    await expect(testControlPlane({ features, environment })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });
});

describe('a change of the policies', () => {
  test('is in force here when the answer comes, soon on the other replica, and on record', async () => {
    const { body, status } = (await create(permit('first'), { comment: 'let them in' })) as {
      body: Policy;
      status: number;
    };
    expect(status).toBe(201);
    expect(body).toMatchObject({ version: 1, comment: 'let them in', author: { name: expect.any(String) as string } });
    expect(decide()).toMatchObject({ outcome: 'allow', policies: ['first'], policyVersion: 1 });
    await vi.waitFor(() => expect(decide(other)).toMatchObject({ outcome: 'allow', policyVersion: 1 }), 2000);
    expect(
      await house.database.query('select event from evidence_entries where event = $1', ['policy.activated']),
    ).toHaveLength(1);
  });

  test('that is not valid changes nothing, and names every problem with its line', async () => {
    const { version } = await active();
    const answer = (await create(
      `${permit('a')}\n@id("b") @reviw("x") permit(principal, action, resource) when { context.rsk == "read" };`,
    )) as {
      status: number;
      body: { code: string; details: { problems: { line: number; policy: string }[] } };
    };
    expect(answer.status).toBe(400);
    expect(answer.body.code).toBe('INVALID_INPUT');
    expect(answer.body.details.problems.length).toBeGreaterThan(1);
    expect(answer.body.details.problems[0]).toMatchObject({ line: 2, policy: 'b' });
    expect((await active()).version).toBe(version);
  });

  test('with a forbid that reads what may be missing is refused: skipped, it would allow', async () => {
    const text = `${permit('a')} @id("b") forbid(principal, action == Sallyport::Action::"session.connect", resource) when { context.turn == "1" };`;
    expect((await create(text)).body).toMatchObject({ code: 'INVALID_INPUT' });
  });

  test('made by several administrators at once from the same version is made by one of them', async () => {
    const { version } = await active();
    const both = await Promise.all(
      ['one', 'two', 'three', 'four', 'five', 'six'].map((id) => create(permit(id), { expected_version: version })),
    );
    expect(both.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409]);
    expect((await active()).version).toBe(version + 1);
  });

  test('is rolled back by putting an older version in force', async () => {
    const { version: good } = await active();
    expect((await create('', { comment: 'oops' })).status).toBe(201);
    expect(decide().outcome).toBe('deny');
    expect((await admin.post(`/v1/policies/versions/${good}/activate`, {})).body).toMatchObject({ version: good });
    expect(decide()).toMatchObject({ outcome: 'allow', policyVersion: good });
    await vi.waitFor(() => expect(decide(other)).toMatchObject({ policyVersion: good }), 2000);
    const { body } = (await admin.get('/v1/policies/versions?limit=1')) as {
      body: { items: Policy[]; next_cursor: string };
    };
    expect(body.items).toMatchObject([{ version: good + 1, comment: 'oops', activated_at: null }]);
    expect(
      ((await admin.get(`/v1/policies/versions?limit=1&cursor=${body.next_cursor}`)) as { body: { items: Policy[] } })
        .body.items,
    ).toMatchObject([{ version: good }]);
    for (const missing of ['0', '999', '99999999999'])
      expect((await admin.get(`/v1/policies/versions/${missing}`)).status).toBe(404);
  });

  test('cannot be made in the database behind our back', async () => {
    for (const sql of [
      `update policy_versions set text = ''`,
      'delete from policy_versions',
      'truncate policy_versions cascade',
    ])
      await expect(house.database.query(sql)).rejects.toMatchObject({ code: '42501' });
    await expect(house.database.query('update policy_active set version = 4711')).rejects.toMatchObject({
      constraint: 'policy_active_version_fkey',
    });
  });

  test('is for administrators; auditors read and try, others do neither', async () => {
    const [auditor, user] = [await house.as(['auditor']), await house.as(['user'])];
    expect((await auditor.get('/v1/policies')).status).toBe(200);
    expect((await auditor.post('/v1/policies', { text: '' })).status).toBe(403);
    expect((await user.get('/v1/policies')).status).toBe(403);
    expect((await user.post('/v1/policies/validate', { text: '' })).status).toBe(403);
    expect((await house.anonymous.get('/v1/policies')).status).toBe(401);
  });
});

const clinic: Catalogue = {
  database: 'clinic',
  serverVersion: 180004,
  searchPath: ['public'],
  role: 'app',
  relations: [
    {
      oid: 20_001,
      schema: 'public',
      name: 'patients',
      kind: 'r',
      columns: [
        { attnum: 1, name: 'id', type: 23 },
        { attnum: 2, name: 'name', type: 25 },
      ],
    },
  ],
  functions: [],
  types: [],
  operators: [],
};

describe('would this be allowed?', () => {
  const tryIt = async (body: object) =>
    ((await admin.post('/v1/policies/test', { connection: 'clinic', ...body })) as { body: object }).body;

  beforeAll(async () => {
    const connection = {
      name: 'clinic',
      protocol: 'postgres',
      target: 'main',
      databases: ['clinic'],
      labels: ['production'],
    };
    expect((await admin.post('/v1/connections', connection)).status).toBe(201);
    expect((await create(readOnly)).status).toBe(201);
    const bytes = encodeCatalogue(clinic);
    const snapshot = { digest: catalogueDigest(bytes), bytes };
    house.controlPlane.app
      .get(KnownCatalogues)
      .readFrom(({ name }, database) => (name === 'clinic' && database === 'clinic' ? snapshot : undefined));
  });

  test.each([
    ['select name from patients', 'allow', 'allow'],
    ['select name from nowhere', 'deny', 'review'],
    ['begin', 'allow', 'allow'],
    ['show search_path', 'allow', 'allow'],
    ["set application_name = 'x'", 'allow', 'allow'],
    ['insert into patients values (1)', 'deny', 'review'],
    ['delete from patients where id = 7', 'deny', 'review'],
    ['update patients set name = $1 where id = $2', 'deny', 'review'],
    ['delete from patients', 'deny', 'deny'],
    ['drop table patients', 'deny', 'deny'],
    ['truncate patients', 'deny', 'deny'],
    ['grant all on patients to public', 'deny', 'deny'],
    ["copy patients to program 'sh'", 'deny', 'deny'],
    ['set role postgres', 'deny', 'deny'],
    ['select 1; drop table patients', 'deny', 'deny'],
    ['with gone as (delete from patients returning *) select * from gone', 'deny', 'deny'],
    ['do $$ begin execute $q$drop table patients$q$; end $$', 'deny', 'review'],
    ['this is not sql', 'deny', 'review'],
  ])('%s: %s when read-only, %s when safe', async (statement, whenReadOnly, whenSafe) => {
    expect(await tryIt({ statement })).toMatchObject({ outcome: whenReadOnly });
    expect(await tryIt({ statement, text: safe })).toMatchObject({ outcome: whenSafe, policy_version: 0 });
  });

  test('for another identity, a person, a draft, and nothing that does not exist', async () => {
    const text = `@id("team") permit(principal in Sallyport::Group::"team", action == Sallyport::Action::"sql.execute", resource);`;
    const statement = 'select 1';
    expect(await tryIt({ statement, text, identity: { groups: ['team'] } })).toMatchObject({
      outcome: 'allow',
      policies: ['team'],
    });
    expect(await tryIt({ statement, text, identity: { groups: [] } })).toMatchObject({ outcome: 'deny' });
    const member = await house.as(['user'], { sub: 'member', groups: ['users', 'team'] });
    const { body } = (await member.get('/v1/whoami')) as { body: { id: string } };
    expect(await tryIt({ statement, text, person: body.id })).toMatchObject({ outcome: 'allow' });
    expect(await tryIt({ statement, connection: 'nowhere' })).toMatchObject({ code: 'CONNECTION_NOT_FOUND' });
    expect(await tryIt({ statement, database: 'postgres' })).toMatchObject({ code: 'DATABASE_NOT_ALLOWED' });
    expect(await tryIt({ statement, text: 'nonsense' })).toMatchObject({ code: 'INVALID_INPUT' });
  });

  test('tells people about the connections that they may open, and about no others', async () => {
    const member = await house.as(['user'], { sub: 'member', groups: ['users', 'team'] });
    const names = async () =>
      ((await member.get('/v1/connections')) as { body: { items: { name: string }[] } }).body.items.map(
        ({ name }) => name,
      );
    expect(await names()).toEqual(['clinic']);
    await create('');
    expect(await names()).toEqual([]);
  });
});

test('packs and schema can be read, and every pack can be loaded', async () => {
  const { body } = (await admin.get('/v1/policies/packs')) as { body: { items: Policy[] } };
  expect(body.items).toHaveLength(packs.length);
  expect((await admin.get('/v1/policies/schema')).body).toMatchObject({
    schema: expect.stringContaining('sql.execute') as string,
  });
  for (const { text } of body.items)
    expect((await admin.post('/v1/policies/validate', { text })).body).toEqual({ valid: true, problems: [] });
});

test('a replica that cannot confirm its version refuses, and serves again once it can', async () => {
  expect((await create(permit('again'))).status).toBe(201);
  expect(decide().outcome).toBe('allow');
  await house.database.pause();
  await vi.waitFor(
    () => expect(decide()).toMatchObject({ outcome: 'deny', refusal: { code: 'POLICY_UNAVAILABLE' } }),
    10_000,
  );
  await house.database.resume();
  await vi.waitFor(() => expect(decide().outcome).toBe('allow'), 20_000);
});
