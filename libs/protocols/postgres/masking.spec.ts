import type { MaskingRule } from '@sallyport/core';
import { type TestDatabase, testDatabase } from '@sallyport/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { postgresGateway } from '../testing/postgres-gateway.js';
import { frontend as f, RawClient } from '../testing/raw-client.js';

/** Canaries: masked values that must never be seen on the client's side of the gate. */
const ssn = '523-48-7719';
const phone = '+44 7700 900123';
const key = ['AKIA', 'QYLPMN5HHH3EXAMP'].join('');
const card = '5500005555555559';

const rules: MaskingRule[] = [
  { id: 'ssn', kind: 'column', column: 'app.customers.ssn', action: 'redact' },
  { id: 'card', kind: 'column', column: '*.customers.card', action: 'partial' },
  { id: 'limit', kind: 'column', column: 'app.customers.credit', action: 'redact' },
  { id: 'salary', kind: 'column', column: 'app.events.who', action: 'hash' },
  { id: 'secrets', kind: 'detector', detector: 'secrets', action: 'redact' },
  { id: 'personal', kind: 'detector', detector: 'personal-data', action: 'redact' },
];

let target: TestDatabase;
let gateway: Awaited<ReturnType<typeof postgresGateway>>;
let client: RawClient;

beforeAll(async () => {
  target = await testDatabase({
    sql: `
      create schema app;
      create table app.customers (id int primary key, name text, ssn text unique, card text, credit int, notes text, profile jsonb);
      insert into app.customers values
        (1, 'Ada', '${ssn}', '${card}', 777123, 'call ${phone}', '{"ssn":"${ssn}","key":"${key}"}'),
        (2, 'Bo', '618-22-9034', '4012888888881881', 888456, 'key ${key}', null);
      create view app.v_contacts as select id, ssn as reference_no, name as label from app.customers;
      create materialized view app.m_contacts as select id, ssn as reference_no from app.customers;
      create function app.f_contact(i int) returns text language sql stable as $$ select ssn from app.customers where id = i $$;
      create function app.loud(i int) returns int language plpgsql as $$ begin raise notice 'ssn is %', (select ssn from app.customers where id = i); return i; end $$;
      create table app.events (id int, at date, who text) partition by range (at);
      create table app.events_2024 partition of app.events for values from ('2024-01-01') to ('2025-01-01');
      insert into app.events values (1, '2024-05-05', 'Zed Ironpetal');
      create table app.plain (id int, note text);
      insert into app.plain values (1, 'nothing here')`,
  });
  gateway = await postgresGateway({ target, rules });
  client = await RawClient.open({ port: gateway.port, database: target.database });
});
afterAll(async () => {
  client?.end();
  await gateway?.[Symbol.asyncDispose]();
  await target?.stop();
});

const ask = (sql: string) => client.ask([f.query(sql)]);
const rows = async (sql: string) =>
  (await ask(sql)).filter((line) => line.startsWith('D ')).map((line) => line.slice(2));
const hidden = /\[redacted/;

test('a masked column is hidden by its rule, and others of the same row are not', async () => {
  expect(await rows('select id, name, ssn, card, credit from app.customers order by id')).toEqual([
    expect.stringMatching(/^1\|Ada\|\[redacted\]\|[^|]*5559\|NULL$/),
    expect.stringMatching(/^2\|Bo\|\[redacted\]\|[^|]*1881\|NULL$/),
  ]);
});

/** Every way of reading the same values: what comes back holds none of them. */
const ways: readonly (readonly [name: string, sql: string])[] = [
  ['an alias', 'select ssn as harmless from app.customers'],
  ['an expression', "select ssn || '' as x from app.customers"],
  ['a function', 'select reverse(ssn), upper(ssn), left(ssn, 5), md5(ssn) from app.customers'],
  ['a cast', 'select ssn::varchar, credit::text from app.customers'],
  ['a subquery', 'select s from (select ssn as s from app.customers) q'],
  ['a common table expression', 'with q as (select ssn as s from app.customers) select s from q'],
  ['a set operation', 'select name from app.customers union all select ssn from app.customers'],
  ['a lateral join', 'select l.s from app.customers c, lateral (select c.ssn as s) l'],
  ['a view', 'select * from app.v_contacts'],
  ['a materialised view', 'select * from app.m_contacts'],
  ['a star', 'select * from app.customers'],
  ['a whole row', 'select c from app.customers c'],
  ['a row as JSON', 'select row_to_json(c), to_jsonb(c) from app.customers c'],
  ['an aggregate', "select string_agg(ssn, ','), max(ssn), min(credit) from app.customers"],
  ['XML', 'select xmlforest(ssn) from app.customers'],
  ['a window', 'select first_value(ssn) over (order by id) from app.customers'],
  ['RETURNING', 'update app.customers set name = name returning ssn, ssn || name'],
  ['a function of the database', 'select app.f_contact(1)'],
  ['EXPLAIN ANALYZE', `explain (analyze, verbose) select * from app.customers where ssn = '${ssn}'`],
  ['statistics', "select most_common_vals::text, histogram_bounds::text from pg_stats where tablename = 'customers'"],
  ['CASE', 'select case when id = 1 then ssn end from app.customers'],
  ['an array', 'select array_agg(ssn) from app.customers'],
  ['a prepared statement', "prepare leak as select ssn || '' from app.customers; execute leak"],
  ['a cursor', "begin; declare c cursor for select ssn || '' from app.customers; fetch all from c; commit"],
  [
    'a temporary copy',
    'create temp table if not exists copied as select ssn as s from app.customers; select s from copied',
  ],
  ['COPY of the table', 'copy app.customers to stdout'],
  ['COPY of some columns', 'copy app.customers (id, ssn) to stdout (format csv)'],
  ['COPY of a query', 'copy (select ssn from app.customers) to stdout'],
  ['COPY of a query in binary', 'copy (select ssn, card from app.customers) to stdout (format binary)'],
  ['COPY in binary', 'copy app.customers to stdout (format binary)'],
  ['an error of a cast', 'select ssn::int from app.customers'],
  ['an error of a unique index', `insert into app.customers (id, ssn) values (3, '618-22-9034')`],
  ['a notice', 'select app.loud(1)'],
  ['a partition', 'select who from app.events_2024'],
];

test.each(ways)('%s of masked columns shows no masked value', async (_name, sql) => {
  for (const messages of [
    [f.query(sql)],
    [f.parse(sql), f.bind({ binary: true }), f.describe('P'), f.execute(), f.sync],
  ]) {
    const heard = (await client.ask(messages)).join('\n');
    for (const canary of [
      ssn,
      ssn.split('').reverse().join(''),
      '618-22-9034',
      '777123',
      '888456',
      card,
      'Zed Ironpetal',
      '6bd5fb6e',
    ]) {
      expect(heard).not.toContain(canary);
    }
    expect(heard).not.toContain('(closed)');
  }
});

test('detectors look into what no column rule covers: text, JSON, notices, errors, COPY', async () => {
  for (const sql of [
    'select notes from app.customers',
    'select notes, profile from app.customers',
    'copy (select notes, id from app.customers) to stdout',
    `do $$ begin raise notice 'key ${key} phone ${phone}'; end $$`,
    `select '${key}'::int`,
    `select array['${key}', left(note, 0)], row('${phone}', note), (left(note, 0) || '{"n": ${card}}')::jsonb from app.plain`,
  ]) {
    const heard = (await ask(sql)).join('\n');
    for (const canary of [key, phone, card]) expect(heard, sql).not.toContain(canary);
  }
  const json = await rows(`select (left(note, 0) || '{"n": 1, "key": "${key}"}')::jsonb from app.plain`);
  expect(JSON.parse(json[0]!)).toMatchObject({ n: 1 });
});

test('what touches nothing masked comes back as it is', async () => {
  expect(await rows('select id, upper(note) from app.plain')).toEqual(['1|NOTHING HERE']);
  expect(await rows('select id, name, upper(name) as shout from app.customers order by id')).toEqual([
    '1|Ada|ADA',
    '2|Bo|BO',
  ]);
  expect(await ask('select nonsense from app.customers')).toEqual(['E 42703 column "nonsense" does not exist', 'Z I']);
});

test('a view hides what it shows of a masked column, and nothing else', async () => {
  expect(await rows('select label, upper(label) from app.v_contacts order by id')).toEqual(['Ada|ADA', 'Bo|BO']);
  const refs = await rows('select reference_no, reverse(reference_no) from app.v_contacts order by id');
  expect(refs.join()).not.toContain(ssn);
  expect(refs).toEqual([expect.stringMatching(/\|\[redacted\]$/), expect.stringMatching(/\|\[redacted\]$/)]);
});

test('a table that was made a moment ago is known before the next statement', async () => {
  await ask('create table app.fresh (id int, note text)');
  await ask("insert into app.fresh values (1, 'new')");
  expect(await rows('select note, upper(note) from app.fresh')).toEqual(['new|NEW']);
});

test('the agent’s own minimum is on whatever the control plane says', async () => {
  await using careless = await postgresGateway({ target, rules: [], minimum: rules.slice(0, 1) });
  const raw = await RawClient.open({ port: careless.port, database: target.database });
  expect(
    (await raw.ask([f.query('select ssn, ssn::text || name from app.customers')])).filter((line) =>
      line.startsWith('D '),
    ),
  ).toEqual(expect.arrayContaining([expect.stringMatching(hidden)]));
  expect(raw.heard.join()).not.toContain(ssn);
  raw.end();
});

test('what the agent’s own minimum has hidden is not written back either, where the control plane has no rule', async () => {
  const minimum = rules.filter(({ kind }) => kind === 'detector');
  expect(minimum).not.toHaveLength(0);
  await using careless = await postgresGateway({ target, rules: [], minimum });
  const raw = await RawClient.open({ port: careless.port, database: target.database });
  expect(await raw.ask([f.query("update app.plain set note = 'key [redacted:aws-access-key]' where id = 1")])).toEqual([
    'E 22023 this would write a masked value over the real one',
    'Z I',
  ]);
  raw.end();
});

test('what was hidden is counted on the record, by rule', async () => {
  await rows('select ssn, notes from app.customers');
  expect(gateway.events.at(-1)).toMatchObject({
    outcome: { maskedFields: 4, maskedBy: expect.arrayContaining(['ssn', 'personal', 'secrets']) },
  });
});

test('what the client itself has sent is no secret of the target', async () => {
  expect(await rows(`select '${key}' as k, upper('${key}'), notes from app.customers where id = 2`)).toEqual([
    expect.stringMatching(new RegExp(`^${key}\\|${key.toUpperCase()}\\|key \\[redacted`)),
  ]);
  const messages = [
    f.parse('select $1::text as mine, notes from app.customers where id = 2'),
    f.bind({ values: [key] }),
    f.execute(),
    f.sync,
  ];
  expect((await client.ask(messages)).find((line) => line.startsWith('D '))).toMatch(
    new RegExp(`^D ${key}\\|key \\[redacted`),
  );
});

test('a masked value is not written back over the real one', async () => {
  const refused = 'E 22023 this would write a masked value over the real one';
  const updating = [
    f.parse('update app.customers set ssn = $1 where id = 1'),
    f.bind({ values: ['[redacted]'] }),
    f.execute(),
    f.sync,
  ];
  expect(await client.ask(updating)).toEqual(expect.arrayContaining([refused]));
  for (const sql of [
    "update app.customers set notes = 'key [redacted:aws-access-key]' where id = 1",
    "insert into app.customers (id, ssn) values (9, '[redacted]')",
    "update app.customers set card = '****5559' where id = 1",
  ])
    expect(await ask(sql), sql).toEqual([refused, 'Z I']);
  expect(await ask("update app.plain set note = 'nothing here' where id = 1")).toEqual(['C UPDATE 1', 'Z I']);
  expect(
    await target.query(
      "select count(*)::int as n from app.customers where ssn like '[%' or card like '*%' or notes like '%[redacted%'",
    ),
  ).toEqual([{ n: 0 }]);
});

test('what was written from a masked column is not shown in the form of the one that it was written to', async () => {
  for (const value of ['ssn', 'right(ssn, 4)', 'left(card, 8)', 'reverse(card)']) {
    await ask('begin');
    const sql = `update app.customers set card = ${value} where id = 1 returning id, card`;
    expect(await rows(sql), value).toEqual(['1|[redacted]']);
    await ask('rollback');
  }
  await ask('begin');
  expect(
    await rows('update app.customers set card = card, name = upper(name) where id = 1 returning card, name'),
  ).toEqual([expect.stringMatching(/5559\|ADA$/)]);
  await ask('rollback');
});

test('a masked value is not copied in either, wherever the messages are cut', async () => {
  const before = await target.query('select count(*)::int as n from app.customers');
  const heard = await client.ask([
    f.query('copy app.customers (id, name, ssn) from stdin'),
    f.copyData('11\tCy\t111-22-3333\n12\tDi\t[reda'),
    f.copyData('cted]\n13\tEd\t222-33-4444\n'),
    f.copyDone,
  ]);
  expect(heard.join('\n')).toMatch(/E 57014 COPY from stdin failed|E 57014/);
  expect(await target.query('select count(*)::int as n from app.customers')).toEqual(before);
  expect(await ask('select 1 as one')).toEqual(['T one', 'D 1', 'C SELECT 1', 'Z I']);
});

const notices = (heard: readonly string[]) => heard.filter((line) => line.startsWith('N '));

test('a client is told once for each statement what was masked, and by which rule', async () => {
  const told = 'N 00000 masked by the gateway: ssn (rule ssn), notes (rule personal, secrets)';
  const heard = await ask(
    'select id, ssn, notes from app.customers order by id; select 1 as one; select ssn as s from app.customers',
  );
  expect(notices(heard)).toEqual([told, 'N 00000 masked by the gateway: s (rule ssn)']);
  expect(heard[heard.indexOf(told) + 1]).toBe('C SELECT 2');
  expect(notices(await ask('select id, name from app.customers'))).toEqual([]);
  expect(notices(await ask('select ssn from app.customers where id = 99'))).toEqual([]);
  expect(notices(await ask('copy app.customers (id, ssn) to stdout'))).toEqual([
    'N 00000 masked by the gateway: ssn (rule ssn)',
  ]);
});

test('a portal that is read piece by piece tells it once', async () => {
  const text = 'select ssn from app.customers';
  const messages = [f.parse(text), f.bind(), f.execute('', 1), f.execute('', 1), f.execute('', 1), f.sync];
  expect(notices(await client.ask(messages))).toEqual(['N 00000 masked by the gateway: ssn (rule ssn)']);
});

test('a name that changes its meaning inside a transaction is not judged by what it was', async () => {
  await ask('create table app.decoy (id int, ssn text)');
  expect(await rows('select upper(ssn) as x from app.decoy')).toEqual([]);
  await ask('begin');
  await ask('drop table app.decoy');
  await ask('create view app.decoy as select id, ssn from app.customers');
  for (const sql of [
    "select ssn || '' as x from app.decoy",
    'select ssn from app.decoy',
    'copy (select * from app.decoy) to stdout',
  ]) {
    expect((await ask(sql)).join('\n')).not.toContain(ssn);
  }
  await ask('rollback');
  expect(await ask('select id, ssn from app.decoy')).toEqual(['T id|ssn', 'C SELECT 0', 'Z I']);
});
