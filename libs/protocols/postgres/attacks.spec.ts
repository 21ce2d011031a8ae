/** Attacks on the gate that have worked once: each asks for the canary in its own way, under a policy that allows all. */
import type { MaskingRule } from '@sallyport/core';
import { type TestDatabase, testDatabase } from '@sallyport/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { postgresGateway } from '../testing/postgres-gateway.js';
import { frontend as f, RawClient } from '../testing/raw-client.js';

const ssn = '523-48-7719';
const reversed = ssn.split('').reverse().join('');
const canaries = [ssn, reversed, '523487719', '52348', 'x523'];

const rules: MaskingRule[] = [
  { id: 'ssn', kind: 'column', column: 'app.customers.ssn', action: 'redact' },
  { id: 'secrets', kind: 'detector', detector: 'secrets', action: 'redact' },
];

const fixture = `
  create schema app;
  create table app.parents (id int primary key);
  insert into app.parents values (1), (2);
  create table app.customers (id int primary key, name text, ssn text, parent int not null default 1
    references app.parents on delete set null on update cascade, unique (ssn) deferrable initially deferred);
  insert into app.customers values (1, 'Ada', '${ssn}', 1), (2, 'Bo', '618-22-9034', 2);
  create table app.plain (id int, note text);
  insert into app.plain values (1, 'nothing here');
  create table public.customers (id int, ssn text);
  insert into public.customers values (1, 'decoy');
  create view app.v_plain as select id, note from app.plain;
  create view app.v_numbers as select id from app.customers where ssn::int > 0;
  create function app.leak() returns text language sql stable as $$ select reverse(ssn) from app.customers where id = 1 $$;
  create function app.loud(i int) returns int language plpgsql as $$ begin raise notice 'is %', app.leak(); return i; end $$;
  create function app.loud_trigger() returns trigger language plpgsql as $$ begin raise notice 'is %', app.leak(); return new; end $$;
  create table app.watched (id int, note text);
  create trigger watch before insert on app.watched for each row execute function app.loud_trigger();
  create table app.late (id int);
  create constraint trigger late after insert on app.late deferrable initially deferred for each row execute function app.loud_trigger();
  create table app.defaulted (id int, n int default app.loud(1));
  create table app.checked (id int check (app.loud(id) > 0));
  create function app.between_leak(text, int) returns boolean language plpgsql as $$ begin raise notice 'is %', app.leak(); return true; end $$;
  create operator public.>= (leftarg = text, rightarg = int, procedure = app.between_leak);
  create operator public.<= (leftarg = text, rightarg = int, procedure = app.between_leak);
  create operator public.= (leftarg = text, rightarg = int, procedure = app.between_leak);
  create function app.secret_cast(text) returns point language sql as $$ select point(replace(ssn, '-', '')::float, 1) from app.customers where id = 1 $$;
  create function pg_catalog.upper(int) returns text language sql as $$ select app.leak() $$;
  create function app.harmless(text, bool, bool, text) returns xml language internal immutable as 'query_to_xml';
  create role bob`;

let target: TestDatabase;
let gateway: Awaited<ReturnType<typeof postgresGateway>>;

beforeAll(async () => {
  target = await testDatabase({ sql: fixture });
  gateway = await postgresGateway({ target, rules });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await target?.stop();
});

type Step = string | readonly Buffer[];

/** Each step waits for the answers to the one before; messages of one step go out together. @returns all that was heard */
async function play(steps: readonly Step[]): Promise<string> {
  const client = await RawClient.open({ port: gateway.port, database: target.database });
  const heard: string[] = [];
  for (const step of steps) {
    const messages = typeof step === 'string' ? [f.query(step)] : step;
    const readies = messages.filter((one) => one[0] === 0x51 || one[0] === 0x53).length;
    heard.push(...(await client.ask(messages, readies)));
  }
  client.end();
  return heard.join('\n');
}

const harmless = "select 'harmless' as h";
const leaking = 'select reverse(ssn) as h from app.customers where id = 1';
const run = (statement = '') => [f.bind({ statement }), f.execute(), f.sync];
const close = (name: string) => f.close('S', name);
const long = 'n'.repeat(63);

const attacks: readonly (readonly [name: string, ...steps: Step[]])[] = [
  [
    'a name that was prepared and dropped in one text',
    `prepare p as ${harmless}; deallocate p`,
    [f.parse(leaking, 'p'), ...run('p')],
  ],
  [
    'two names dropped in one text',
    [f.parse(harmless, 'a'), f.parse(harmless, 'b'), f.sync],
    'deallocate a; deallocate b',
    [f.parse(leaking, 'a'), ...run('a')],
  ],
  [
    'a Close that was skipped',
    [f.parse(leaking, 'p'), f.sync],
    [f.parse('select nonsense'), close('p'), f.sync, f.parse(harmless, 'p'), f.sync, ...run('p')],
  ],
  [
    'an unnamed Parse that was skipped',
    [f.parse(leaking), f.sync],
    [f.parse('select nonsense', 'x'), f.parse(harmless), f.sync, ...run()],
  ],
  [
    'an undo that overtakes a later Parse',
    [f.parse(harmless), f.sync],
    [f.parse('select nonsense'), f.sync, f.parse(leaking), f.sync],
    run(),
  ],
  [
    'names longer than the server keeps',
    [f.parse(harmless, `${long}x`), close(`${long}z`), f.parse(leaking, `${long}y`), f.sync],
    run(`${long}x`),
  ],
  [
    'a cursor under a portal’s name',
    [f.parse(harmless), f.bind({ portal: 'c' }), f.describe('P', 'c'), f.execute('c'), f.sync],
    'begin',
    `declare c cursor for ${leaking}`,
    [f.execute('c'), f.sync],
    'rollback',
  ],
  [
    'a portal under a cursor’s name',
    'begin',
    `declare c cursor for ${harmless}`,
    'commit',
    'begin',
    [f.parse(leaking), f.bind({ portal: 'c' }), f.sync],
    'fetch all from c',
    'rollback',
  ],
  [
    'a DECLARE that fails',
    `declare c cursor with hold for ${leaking}`,
    [f.query(`declare c cursor with hold for ${harmless}`), f.query('fetch all from c')],
  ],
  [
    'a DEALLOCATE that failed',
    `prepare p as ${leaking}`,
    [
      f.query('begin'),
      f.query('select 1/0'),
      f.query('deallocate p'),
      f.query('rollback'),
      f.query(`prepare p as ${harmless}`),
      f.query('execute p'),
    ],
  ],
  [
    'code that prepares a name anew',
    `prepare p as ${harmless}`,
    `do $$ begin execute 'deallocate p'; execute 'prepare p as ${leaking}'; end $$`,
    'execute p',
  ],
  [
    'code that prepares a name of the protocol anew',
    [f.parse(harmless, 'p'), f.sync],
    `do $$ begin execute 'deallocate p'; execute 'prepare p as ${leaking}'; end $$`,
    run('p'),
  ],
  [
    'code that sets the search path',
    `do $$ begin perform set_config('search_path', 'app', false); end $$`,
    'select reverse(ssn) from customers',
  ],
  [
    'code that defines a view anew',
    `do $$ begin execute 'create or replace view app.v_plain as select id, reverse(ssn) as note from app.customers'; end $$`,
    "select note || '' from app.v_plain",
    'create or replace view app.v_plain as select id, note from app.plain',
  ],
  [
    'definitions changed in a pipeline',
    [
      f.query('create table app.zz ()'),
      f.query(
        'select pg_sleep(1.5); create or replace view app.v_plain as select id, reverse(ssn) as note from app.customers',
      ),
    ],
    "select note || '' from app.v_plain",
    'create or replace view app.v_plain as select id, note from app.plain; drop table app.zz',
  ],
  [
    'a role whose schema comes first',
    'create schema bob; create view bob.plain2 as select id, reverse(ssn) as note from app.customers; create table public.plain2 (id int, note text); grant usage on schema bob, app to bob; grant select on bob.plain2 to bob',
    'set role bob',
    "select note || '' from plain2",
    'reset role',
    'drop schema bob cascade; drop table public.plain2',
  ],
  [
    'the role’s own search path',
    'alter role current_user set search_path = public',
    'set search_path = default',
    'alter role current_user reset search_path',
  ],
  [
    'a setting that carries a value',
    "select set_config('my.x', reverse(ssn), false) from app.customers where id = 1",
    "select current_setting('my.x')",
    'show my.x',
    "select setting from pg_settings where name = 'my.x'",
  ],
  [
    'a reported setting that carries a value',
    "select set_config('application_name', reverse(ssn), false) from app.customers where id = 1",
  ],
  [
    'a time zone that carries a value',
    "select set_config('timezone', '<' || ssn || '>0', false) from app.customers where id = 1",
    "select to_char(now(), 'TZ')",
  ],
  [
    'a lock that carries a value',
    "select pg_advisory_lock(replace(ssn, '-', '')::bigint) from app.customers where id = 1",
    "select objid from pg_locks where locktype = 'advisory'",
    'select l::text from pg_lock_status() l',
    'select pg_advisory_unlock_all()',
  ],
  [
    'a notification that carries a value',
    'listen ch',
    "select pg_notify('ch', reverse(ssn)) from app.customers where id = 1",
    'select 1',
  ],
  [
    'fields of an error that code has set',
    `do $$ begin raise exception using constraint = app.leak(), message = 'x'; end $$`,
    `do $$ begin raise exception using errcode = left(replace((select ssn from app.customers where id = 1), '-', ''), 5), message = 'x'; end $$`,
  ],
  [
    'an error of class 42 at run time',
    "select ('x' || ssn)::regclass from app.customers",
    "select current_setting('x.' || ssn) from app.customers",
    'select reverse(ssn)::regtype from app.customers',
    "select (reverse(ssn) || ' &')::tsquery from app.customers",
  ],
  [
    'an error of a deferred constraint',
    'begin',
    `update app.customers set ssn = (select ssn from app.customers where id = 1) where id = 2`,
    'commit',
  ],
  [
    'an error of a deferred constraint made immediate',
    'begin',
    `update app.customers set ssn = (select ssn from app.customers where id = 1) where id = 2`,
    'set constraints all immediate',
    'rollback',
  ],
  ['an error of a cascade', 'delete from app.parents where id = 1'],
  ['a view that reads in its condition', 'select count(*) from app.v_numbers'],
  ['a trigger', "insert into app.watched values (1, 'x')"],
  ['a deferred trigger', 'begin', 'insert into app.late values (1)', 'commit'],
  ['a default', 'insert into app.defaulted (id) values (1)'],
  ['a check', 'insert into app.checked values (1)'],
  [
    'operators behind syntax',
    'select 1 from app.plain where note between 1 and 2',
    'select case note when 1 then 2 end from app.plain',
    'select 1 from app.plain where note in (select 5)',
  ],
  [
    'a cast between built-in types',
    'create cast (text as point) with function app.secret_cast(text) as assignment',
    'select note::point from app.plain',
    'drop cast (text as point)',
  ],
  ['a function in pg_catalog', 'select upper(5)'],
  [
    'an internal function under another name',
    "select app.harmless('select reverse(ssn) as s from app.customers', true, false, '')",
  ],
  [
    'a name that an inner item seems to have',
    "select (select reverse(ssn) from json_populate_record(null::app.plain, '{}') ssn) from app.customers",
  ],
  [
    'a name with a schema, over an alias that is the same word',
    "select (select app.customers.ssn || '' from app.plain as customers(id, ssn) limit 1) from app.customers",
    "select (select app.customers.ssn || '' from app.customers as customers(id, ssn, x) limit 1) from app.customers",
  ],
  [
    'a star of one of two tables with the same name',
    'create schema other; create table other.customers (id int, name text, ssn text, parent int); insert into other.customers values (1)',
    'select upper(ssn) from (select app.customers.* from other.customers, app.customers) q',
    "copy (select ssn || '' from (select app.customers.* from other.customers, app.customers) q) to stdout",
    'drop schema other cascade',
  ],
  [
    'columns that stand elsewhere than they seem to',
    "select x || '' from (select * from unnest('{1}'::int[], '{a}'::text[]) u, (select ssn, id from app.customers) k) q(a, b, x, i)",
    "select q.d || '' from (select * from unnest((select array_agg(c) from app.customers c)) u, app.plain p) q(a, b, d)",
    "select v.c || '' from app.customers k, lateral (values (k.*, k.id, k.id)) v(a, b, c)",
  ],
  [
    'a star of RETURNING whose columns cannot be told',
    "with m as (update app.customers set name = name from xmltable('/a' passing '<a/>' columns x int) x returning *) select m.ssn || '' from m",
    "with m as (merge into app.plain p using app.customers c on c.id = p.id when matched then update set note = note returning *) select m.ssn || '' from m",
  ],
  [
    'RETURNING of what was written from elsewhere',
    'update app.plain set note = (select reverse(ssn) from app.customers where id = 1) returning note',
    "update app.plain set note = 'nothing here'",
  ],
  [
    'a table described before the path changed',
    [f.parse('select ssn from customers where id = 1', 's'), f.describe('S', 's'), f.sync],
    'set search_path = app',
    run('s'),
  ],
  [
    'COPY of columns that moved',
    'begin',
    'alter table app.customers drop column name',
    'alter table app.customers add column zz text',
    'copy app.customers to stdout',
    'rollback',
  ],
  ['COPY in another encoding', "copy (select 'x', reverse(ssn) from app.customers) to stdout (encoding 'SJIS')"],
  [
    'an operator made a moment ago',
    'begin',
    'create function app.op_leak(int, int) returns text language sql as $$ select app.leak() $$',
    'create operator public.|+ (leftarg = int, rightarg = int, function = app.op_leak)',
    'select 5 |+ 6',
    'rollback',
  ],
  ['a temporary type', 'create domain pg_temp.int8 as int check (app.loud(value) > 0)', 'select 5::int8'],
  [
    'ANALYZE of an expression',
    'begin',
    'create statistics app.st on (ssn::int), id from app.customers',
    'analyze app.customers',
    'rollback',
  ],
  [
    'a file of the server',
    'checkpoint',
    "select convert_from(pg_read_binary_file(pg_relation_filepath('app.customers')), 'latin1')",
  ],
  [
    'strings that read another way',
    [
      f.query('set standard_conforming_strings = off'),
      f.query("select '\\' , ' , (select reverse(ssn) from app.customers limit 1) -- '"),
    ],
  ],
];

describe('the canary stays behind the gate', () => {
  test.each(attacks)('%s', async (_name, ...steps) => {
    const heard = await play(steps);
    for (const canary of canaries) expect(heard).not.toContain(canary);
  });

  test('strings that read another way for every new session of a role', async () => {
    await target.query('alter role current_user set standard_conforming_strings = off');
    try {
      const heard = await play(["select '\\' , ' , (select reverse(ssn) from app.customers limit 1) -- '"]).catch(
        String,
      );
      expect(heard).not.toContain(reversed);
    } finally {
      await target.query('alter role current_user reset standard_conforming_strings');
    }
  });
});

const readOnly = ({ risk }: { risk: string }): 'allow' | 'deny' => (risk === 'read' ? 'allow' : 'deny');

test('what was decided is what runs: no game with names makes a refused statement run', async () => {
  await using gate = await postgresGateway({
    target,
    decide: ({ text, risk }) => (/delete/.test(text) ? 'review' : risk === 'unknown' ? 'deny' : 'allow'),
    review: async () => ({
      outcome: 'deny',
      policies: [],
      policyVersion: 1,
      refusal: { code: 'REVIEW_REJECTED', message: 'no' },
    }),
  });
  const deleting = 'delete from app.plain';
  const games: readonly (readonly Buffer[])[] = [
    [f.query(`prepare p as ${harmless}; deallocate p`), f.parse(deleting, 'p'), ...run('p')],
    [
      f.parse(deleting, 'q'),
      f.sync,
      f.parse('select nonsense'),
      close('q'),
      f.sync,
      f.parse(harmless, 'q'),
      f.sync,
      ...run('q'),
    ],
    [f.parse(deleting), f.sync, f.parse('select nonsense', 'x'), f.parse(harmless), f.sync, ...run()],
    [f.parse(harmless), f.sync, f.parse('select nonsense'), f.sync, f.parse(deleting), f.sync, ...run()],
  ];
  for (const messages of games) {
    const client = await RawClient.open({ port: gate.port, database: target.database });
    await client.ask(messages, messages.filter((one) => one[0] === 0x51 || one[0] === 0x53).length);
    client.end();
    expect(await target.query('select count(*)::int as n from app.plain')).toEqual([{ n: 1 }]);
  }
});

test('strings are read as the target reads them: the setting that changes it is refused whatever the policy', async () => {
  await using gate = await postgresGateway({ target });
  const client = await RawClient.open({ port: gate.port, database: target.database });
  const heard = await client.ask(
    [f.query('set standard_conforming_strings = off'), f.query("select '\\' , ' ; delete from app.plain; -- '")],
    2,
  );
  expect(heard[0]).toMatch(/^E 0A000/);
  expect(await target.query('select count(*)::int as n from app.plain')).toEqual([{ n: 1 }]);
  client.end();
});

test('a cascade is a write, and TRUNCATE … CASCADE is one of all that refers', async () => {
  await using gate = await postgresGateway({
    target,
    decide: ({ facts }) => ((facts['written'] as string[] | undefined)?.includes('app.customers') ? 'deny' : 'allow'),
  });
  const client = await RawClient.open({ port: gate.port, database: target.database });
  for (const sql of ['truncate app.parents cascade', 'delete from app.parents where id = 2'])
    expect(await client.ask([f.query(sql)])).toEqual(['E 42501 the policy says no', 'Z I']);
  client.end();
});

test('BEGIN READ WRITE lifts a limit and is not a read', async () => {
  await using gate = await postgresGateway({ target, decide: readOnly });
  const client = await RawClient.open({ port: gate.port, database: target.database });
  for (const sql of ['begin read write', 'set transaction read write'])
    expect(await client.ask([f.query(sql)]), sql).toEqual(['E 42501 the policy says no', 'Z I']);
  expect(await client.ask([f.query('begin read only')])).toEqual(['C BEGIN', 'Z T']);
  client.end();
});

test('a statement that nobody can parse harms no other', async () => {
  await using gate = await postgresGateway({ target });
  const client = await RawClient.open({ port: gate.port, database: target.database });
  const deep = [
    `select ${'('.repeat(60_000)}1${')'.repeat(60_000)}`,
    `select ${'1+'.repeat(100_000)}1`,
    `select ${'not '.repeat(60_000)}true`,
    `${'select * from ('.repeat(10_000)}select 1${') a'.repeat(10_000)}`,
    `select ${'array['.repeat(40_000)}1${']'.repeat(40_000)}`,
    `select ${'case when true then '.repeat(10_000)}1${' end'.repeat(10_000)}`,
    `select ${'1,'.repeat(30_000)}1`,
  ];
  for (const sql of deep) {
    expect((await client.ask([f.query(sql)])).at(-1)).toBe('Z I');
    expect(await client.ask([f.query('select 1 as x')])).toContain('D 1');
  }
  client.end();
});

test('messages that nothing forces out do not pile up', async () => {
  await using gate = await postgresGateway({ target });
  const client = await RawClient.open({ port: gate.port, database: target.database });
  const before = process.memoryUsage().rss;
  const many = Buffer.concat(Array.from({ length: 20_000 }, () => close('nothing')));
  await client.say(f.parse('select nonsense')); // what follows is skipped, and so not answered
  for (let round = 0; round < 20; round += 1) await client.say(many);
  client.heard.length = 0;
  await client.ask([f.sync]);
  expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(400);
  client.end();
});

test('a client that leaves behind a refusal leaves nothing running at the target', async () => {
  await using gate = await postgresGateway({ target, decide: ({ text }) => (/delete/.test(text) ? 'deny' : 'allow') });
  const client = await RawClient.open({ port: gate.port, database: target.database });
  await client.say(f.query('select pg_sleep(600)'), f.query('delete from app.plain'), f.query('select 1'));
  await new Promise((resolve) => setTimeout(resolve, 300));
  client.end();
  const sleeping =
    "select count(*)::int as n from pg_stat_activity where query like 'select pg_sleep(600)%' and state = 'active'";
  await expect.poll(() => target.query(sleeping), { timeout: 10_000 }).toEqual([{ n: 0 }]);
});
