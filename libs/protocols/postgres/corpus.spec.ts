/** The evasion corpus, case by case, through the gate: what is refused, what stays hidden, and what must still work. */
import { readFileSync } from 'node:fs';
import type { MaskingRule, Operation } from '@sallyport/core';
import { type TestDatabase, testDatabase } from '@sallyport/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { postgresGateway } from '../testing/postgres-gateway.js';
import { frontend as f, RawClient } from '../testing/raw-client.js';

interface Case {
  readonly id: string;
  readonly class: string;
  readonly input: string;
  readonly transport: string;
  readonly expect: 'allow' | 'deny' | 'mask' | 'mask_or_deny' | 'redact_error' | 'residual' | 'deny_or_allow_by_policy';
  readonly leak?: string;
}

const read = (name: string): string => readFileSync(new URL(`corpus/${name}`, import.meta.url), 'utf8');
const casesOf = (name: string): Case[] =>
  read(name)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Case);

/** What the embedded server lacks. */
const skipped = new Map([['PG-090', 'needs the extension adminpack, which PostgreSQL 17 has dropped']]);

const rules: MaskingRule[] = [
  ...['ssn', 'email', 'card'].map(
    (name): MaskingRule => ({ id: name, kind: 'column', column: `app.customers.${name}`, action: 'redact' }),
  ),
  { id: 'secrets', kind: 'detector', detector: 'secrets', action: 'redact' },
  { id: 'personal', kind: 'detector', detector: 'personal-data', action: 'redact' },
];

/** The reference policy `ro_masked`: four relations and the system's definitions may be read, and nothing else. */
const readable = new Set(['app.customers', 'app.orders', 'app.products', 'app.v_contacts']);
const forbiddenFlags = ['statistics', 'activity', 'secrets', 'listen'];
const readOnly = ({ action, risk, resources, facts }: Operation): 'allow' | 'deny' => {
  if (action !== 'sql.execute') return 'allow';
  const flags = facts['flags'] as readonly string[];
  const others = resources.filter((name) => !readable.has(name) && !name.startsWith('pg_catalog.'));
  const probes = (facts['masked_columns_probed'] as readonly string[]).length > 0;
  return risk === 'read' && !probes && others.length === 0 && !forbiddenFlags.some((flag) => flags.includes(flag))
    ? 'allow'
    : 'deny';
};

const values = ['523-48-7719', '618-22-9034', '901-77-3345', '5500005555555559', '4012888888881881', '378282246310005'];
const reversed = (text: string): string => [...text].reverse().join('');
const canaries = [
  ...values,
  ...values.map(reversed),
  ...values.map((value) => value.replaceAll('-', '')),
  ...values.map((value) => Buffer.from(value).toString('hex')),
  ...values.map((value) => Buffer.from(value).toString('base64').slice(0, 12)),
  ...['ada.quillfeather', 'bo.thistlewood', 'cy.marrowgate', 'Zed Ironpetal', '777123', 'GB29NWBK', 'Yan Coppervale'],
  ...['888456', 'DE89370400440532013000', 'root:x:0', 'uid='],
].map((text) => text.toLowerCase());

/** Everything of the target that a case could have changed. */
const state = `select md5(concat(
  (select string_agg(o::text, ',' order by id) from app.orders o), (select string_agg(p::text, ',' order by id) from app.products p),
  (select string_agg(p::text, ',' order by id) from app.payroll p), (select md5(string_agg(c::text, ',' order by id)) from app.customers c),
  (select string_agg(m::text, ',') from app.marker m), (select last_value::text || is_called from app.seq1),
  (select string_agg(oid::text || relname || coalesce(relacl::text, ''), ',' order by oid) from pg_class where relnamespace = 'app'::regnamespace),
  (select string_agg(attname, ',' order by attrelid, attnum) from pg_attribute where attrelid >= 16384 and attnum > 0 and attrelid::regclass::text !~ 'pg_t'),
  (select string_agg(rolname || coalesce(rolpassword, ''), ',' order by oid) from pg_authid), (select string_agg(s::text, ',') from pg_db_role_setting s),
  (select count(*) from pg_rewrite), (select count(*) from pg_proc), (select count(*) from pg_foreign_server), (select count(*) from pg_subscription),
  (select count(*) from pg_replication_slots), (select count(*) from pg_largeobject_metadata), (select count(*) from pg_description where objoid >= 16384),
  (select count(*) from pg_extension), (select count(*) from pg_file_settings where sourcefile ~ 'auto.conf'))) as state`;

let target: TestDatabase;
beforeAll(async () => {
  target = await testDatabase({ sql: read('fixture.sql') });
});
afterAll(() => target?.stop());

type Way = 'simple' | 'extended' | 'binary';
const ways: readonly Way[] = ['simple', 'extended', 'binary'];

const messagesOf = (sql: string, way: Way): Buffer[] =>
  way === 'simple'
    ? [f.query(sql)]
    : [f.parse(sql), f.bind({ binary: way === 'binary' }), f.describe('P'), f.execute(), f.sync];

interface Result {
  readonly id: string;
  readonly denied: boolean;
  readonly leaked: string[];
  readonly failed: boolean;
  readonly closed: boolean;
}

/** One case on a session of its own. */
async function run(gateway: { readonly port: number }, one: Case, way: Way): Promise<Result> {
  const client = await RawClient.open({ port: gateway.port, database: target.database });
  const sql = one.input.replaceAll('55917', String(target.port)).replaceAll('user=postgres', `user=${target.user}`);
  const lines = await client.ask(messagesOf(sql, way));
  client.end();
  const heard = lines.join('\n').toLowerCase();
  return {
    id: one.id,
    denied: lines.some((line) => line.startsWith('E 42501 the policy says no')),
    leaked: canaries.filter((canary) => heard.includes(canary)),
    failed: lines.some((line) => line.startsWith('E ')),
    closed: lines.includes('(closed)'),
  };
}

const cases = [...casesOf('postgres.jsonl'), ...casesOf('masking.jsonl')].filter(({ id }) => !skipped.has(id));
const idsOf = (results: readonly Result[], wrong: (one: Result) => boolean): string[] =>
  results.filter(wrong).map(({ id }) => id);
const expecting = (...expected: readonly Case['expect'][]): Case[] =>
  cases.filter((one) => expected.includes(one.expect));

async function runAll(gateway: { readonly port: number }, some: readonly Case[], way: Way): Promise<Result[]> {
  const results: Result[] = [];
  for (const one of some) results.push(await run(gateway, one, way));
  return results;
}

describe.each(ways)('under the read-only policy, %s', (way) => {
  let gateway: Awaited<ReturnType<typeof postgresGateway>>;
  beforeAll(async () => {
    gateway = await postgresGateway({ target, rules, decide: readOnly });
  });
  afterAll(() => gateway?.[Symbol.asyncDispose]());

  test('what must be refused is refused, and nothing has changed', async () => {
    const before = await target.query(state);
    const results = await runAll(gateway, expecting('deny'), way);
    expect(idsOf(results, ({ denied }) => !denied)).toEqual([]);
    expect(idsOf(results, ({ closed }) => closed)).toEqual([]);
    expect(idsOf(results, ({ leaked }) => leaked.length > 0)).toEqual([]);
    expect(await target.query(state)).toEqual(before);
  });

  test('what must work works', async () => {
    const single = expecting('allow').filter(
      ({ input }) => way === 'simple' || !input.includes(';') || input.includes('AS'),
    );
    const results = await runAll(gateway, single, way);
    expect(idsOf(results, ({ failed }) => failed)).toEqual([]);
  });

  test('no masked value is shown', async () => {
    const results = await runAll(gateway, expecting('mask', 'mask_or_deny', 'redact_error', 'residual'), way);
    expect(idsOf(results, ({ leaked }) => leaked.length > 0)).toEqual([]);
    expect(idsOf(results, ({ closed }) => closed)).toEqual([]);
  });
});

test.each(ways)('where the policy allows everything no masked value is shown either, %s', async (way) => {
  await using gateway = await postgresGateway({ target, rules });
  const some = casesOf('masking.jsonl');
  const results = await runAll(gateway, some, way);
  expect(idsOf(results, ({ leaked }) => leaked.length > 0)).toEqual([]);
  expect(idsOf(results, ({ closed }) => closed)).toEqual([]);
});

test.each(ways)('what would tell of a masked value without showing it is refused, too, %s', async (way) => {
  await using gateway = await postgresGateway({ target, rules, decide: readOnly });
  const results = await runAll(gateway, expecting('residual'), way);
  expect(idsOf(results, ({ denied }) => !denied)).toEqual([]);
});

test('cases that are left out say why', () => {
  for (const [id, why] of skipped) process.stdout.write(`skipped ${id}: ${why}\n`);
  process.stdout.write(`${cases.length} cases of the corpus, each in ${ways.length} ways\n`);
  expect(skipped.size).toBe(1);
});
