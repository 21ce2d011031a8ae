/** Two worlds that differ in masked values alone: a client for which the policy lets nothing be guessed cannot tell them apart. */
import type { MaskingRule, Operation } from '@sallyport/core';
import { type TestDatabase, testDatabase } from '@sallyport/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { postgresGateway } from '../testing/postgres-gateway.js';
import { frontend as f, RawClient } from '../testing/raw-client.js';

const guess = '523-48-7719';
const world = (ssn: string, credit: number): string => `
  create schema app; create schema pub;
  create table app.customers (id int primary key, name text, ssn text, credit int, profile jsonb, tags text[]);
  insert into app.customers values (1, 'Ada', '${ssn}', ${credit}, '{"v": ${credit}}', '{${ssn},x}'),
    (2, 'Bo', '618-22-9034', 0, '{"v": 1}', '{a,b}'), (3, 'Cy', null, null, null, null);
  create table app.plain (id int, note text);
  insert into app.plain values (1, 'nothing here'), (2, 'two');
  create table app.suppliers (id int, ssn text);
  insert into app.suppliers values (1, 'public');
  create table pub.customers (id int, name text, ssn text, credit int, profile jsonb, tags text[]);
  insert into pub.customers values (1, 'P', 'open', 1, '{}', '{}');
  create view app.v_search as with recursive t(s) as (select ssn from app.customers union all select s from t where false)
    search depth first by s set ord select s from t`;

const rules: MaskingRule[] = ['ssn', 'credit', 'profile', 'tags'].map((column) => ({
  id: column,
  kind: 'column',
  column: `app.customers.${column}`,
  action: 'redact',
}));

const factsSay = (facts: Operation['facts'], name: string): boolean => (facts[name] as readonly string[]).length > 0;
/** What strict mode asks of the facts about masked columns. */
const strict = ({ action, risk, facts }: Operation): 'allow' | 'deny' =>
  action === 'session.connect' ||
  (risk === 'read' && !factsSay(facts, 'masked_columns_probed') && !factsSay(facts, 'masked_columns_computed'))
    ? 'allow'
    : 'deny';

let worlds: TestDatabase[] = [];
let strictly: Awaited<ReturnType<typeof postgresGateway>>[] = [];
let freely: Awaited<ReturnType<typeof postgresGateway>>[] = [];

beforeAll(async () => {
  worlds = [await testDatabase({ sql: world(guess, 777123) }), await testDatabase({ sql: world('941-66-2083', 5) })];
  strictly = await Promise.all(worlds.map((target) => postgresGateway({ target, rules, decide: strict })));
  freely = await Promise.all(worlds.map((target) => postgresGateway({ target, rules })));
});
afterAll(async () => {
  for (const gate of [...strictly, ...freely]) await gate[Symbol.asyncDispose]();
  for (const one of worlds) await one.stop();
});

async function heardIn(gates: typeof strictly, sql: string): Promise<string[]> {
  const all: string[] = [];
  for (const [index, { port }] of gates.entries()) {
    const client = await RawClient.open({ port, database: worlds[index]!.database });
    all.push((await client.ask([f.query(sql)])).join('\n'));
    client.end();
  }
  return all;
}

const manyQueries = Array.from({ length: 201 }, (_, index) => `z${index} as (select 1)`).join(', ');

const guesses: readonly string[] = [
  // by an error, where the value decides whether there is one
  "select case when ssn like '5%' then 1 / (id - id) else 1 end from app.customers",
  `select coalesce(nullif(ssn, '${guess}'), (1 / (id - id))::text) from app.customers`,
  `select ssn = '${guess}' and 1 / (id - id) = 1 from app.customers`,
  `select (ssn, 1 / (id - id)) = ('${guess}', 1) from app.customers`,
  `select ssn in ('${guess}', (1 / (id - id))::text) from app.customers where id = 1`,
  "select case when ssn like '5%' then (select id from app.plain) end from app.customers",
  `select date_trunc(replace(ssn, '${guess}', 'hour'), now()) from app.customers where id = 1`,
  "select date_trunc('bogus', case when ssn like '5%' then now() end) from app.customers",
  `select 'abc' like replace(ssn, '${guess}', '\\') from app.customers`,
  "select substring('abc' from replace(ssn, '523', '(')) from app.customers",
  `select json_build_object(nullif(ssn, '${guess}'), 1) from app.customers where id = 1`,
  `select json_object(nullif(ssn, '${guess}') : 1) from app.customers`,
  "select json_value(profile, 'strict $.v' returning int2 error on error) from app.customers",
  "select xmlparse(content replace(ssn, '523', '<')) from app.customers",
  "select '{1,2}'::int[] || (case when ssn like '5%' then '{{{1}}}'::int[] else '{1}'::int[] end) from app.customers",
  `select to_jsonb(case when ssn like '5%' then '"\\u0000"'::json else '1'::json end) from app.customers`,
  // by a name that means another column than it seems to
  "select count(*) from (select app.customers.* from pub.customers, app.customers) q where ssn like '5%'",
  "select count(*) from app.customers where (select app.customers.ssn like '5%' from app.suppliers as customers limit 1)",
  // by columns that are told apart by their place alone
  "select count(*) from (select (p).* from app.plain p union all select id, ssn from app.customers) q(a, b) where q.b like '5%'",
  `select count(*) from (select (c).* from app.customers c) a join (values ('${guess}')) b(ssn) using (ssn)`,
  `select count(*) from (select (c).* from app.customers c) a natural join (values ('${guess}')) b(ssn)`,
  "select count(*) from app.customers k, lateral (values (k.*, k.id, k.id)) v(a, b, c) where v.c like '5%'",
  "select count(*) from (select * from unnest('{1}'::int[], '{a}'::text[]) u, (select ssn, id from app.customers) k) q(a, b, x) where x like '5%'",
  // by groups that a position names
  `select count(*), s from (select ssn as s from app.customers union all select '${guess}') q group by rollup (2)`,
  `select s, 1 from (select ssn as s from app.customers union all select '${guess}') q group by (1, 2)`,
  // by queries that are named before they are known, or too many
  "with recursive a as (select 1 as one from b where b.s like '523%'), b as (select ssn as s from app.customers) select count(*) from a",
  "with recursive b as (select 1 as one from a where a.s like '5%'), a as (with b as (select 1 as x) select ssn as s from app.customers, b) select count(*) from b",
  "with recursive t(s) as (select ssn from app.customers union all select s from t where false) search depth first by s set ord select count(*) from t where s like '5%'",
  "select count(*) from app.v_search where s like '5%'",
  `with ${manyQueries}, q as (select 1 from app.customers where ssn like '5%') select count(*) from q`,
];

test.each(guesses)('nothing can be guessed by %s', async (sql) => {
  const [one, other] = await heardIn(strictly, sql);
  expect(one).toBe(other);
});

const telling: readonly string[] = [
  `select nullif(ssn, '${guess}') from app.customers`,
  "select case when ssn like '5%' then 'x' end from app.customers",
  "select case when ssn like '5%' then 1 end from app.customers",
  "select substring(ssn from '^5') from app.customers",
  `copy (select nullif(ssn, '${guess}') from app.customers) to stdout`,
  `copy (select nullif(ssn, '${guess}') from app.customers) to stdout (format csv)`,
  `copy (select nullif(ssn, '${guess}') from app.customers) to stdout (format binary)`,
  `copy (select ssn from app.customers) to stdout (null '${guess}')`,
  `copy app.customers (id, ssn) to stdout (null '${guess}')`,
  `copy (select id, ssn from app.customers) to stdout (format csv, null '${guess}')`,
];

describe('whatever the policy', () => {
  test.each(telling)('neither a NULL nor a word for one tells a value: %s', async (sql) => {
    const [one, other] = await heardIn(freely, sql);
    expect(one).toBe(other);
    expect(one).not.toMatch(/^E /m);
  });
});

test('a masked column that is shown as it is, and what is beside it, is no guess', async () => {
  for (const sql of [
    'select id, ssn, upper(name) from app.customers where id < 3 order by id',
    'select * from app.customers',
    'with recursive r(n) as (select 1 union all select n + 1 from r where n < 3) select n, ssn from r, app.customers',
    "select c.id, t from app.customers c, unnest('{a,b}'::text[]) t where t = 'a'",
  ]) {
    const [one, other] = await heardIn(strictly, sql);
    expect(one, sql).toBe(other);
    expect(one, sql).toMatch(/^D /m);
  }
});
