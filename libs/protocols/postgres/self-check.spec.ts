/** Each thing that a least-privilege login should not have is found where it is, and only there. */
import type { Problem, SelfCheck } from '@sallyport/engine';
import { type TestDatabase, testDatabase } from '@sallyport/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loginProblems, selfCheck, wayProblems } from './self-check.js';

let target: TestDatabase;
const password = 'canary-reader';

/** A database in which PUBLIC may do nothing, and a login that may read one table. */
const hardened = `
  create role reader login password '${password}' noinherit;
  alter role reader set default_transaction_read_only = on;
  alter role reader set statement_timeout = '30s';
  alter role reader set idle_in_transaction_session_timeout = '60s';
  create role owner; create role friend;
  create schema app authorization owner;
  set role owner;
  create table app.orders (id int primary key, note text);
  create table app.customers (id int primary key, name text, ssn text);
  create view app.contacts as select id, ssn as reference from app.customers;
  create sequence app.numbers;
  create function app.purge() returns int language sql as 'select 1';
  create function app.purge_as_owner() returns int language sql security definer as 'select 1';
  create function app.on_write() returns trigger language plpgsql as 'begin return new; end';
  reset role;
  revoke all on schema public from public;
  revoke execute on all routines in schema app from public;
  alter default privileges for role owner, current_user revoke execute on routines from public;
  revoke update on pg_catalog.pg_settings from public;
  do $$ declare f regprocedure; begin
    for f in select oid from pg_proc where pronamespace = 'pg_catalog'::regnamespace and (proname ~ '^lo(_|read$|write$)'
      or proname in ('pg_notify', 'pg_cancel_backend', 'pg_terminate_backend', 'pg_logical_emit_message'))
    loop execute format('revoke execute on function %s from public', f); end loop;
  end $$;
  grant usage on schema app to reader;
  grant select on app.orders to reader;
  grant select (id, name) on app.customers to reader;
  do $$ begin execute format('revoke all on database %I from public; grant connect on database %1$I to reader', current_database()); end $$`;

beforeAll(async () => {
  target = await testDatabase({ database: 'shop', sql: hardened, settings: { max_prepared_transactions: '0' } });
});
afterAll(() => target?.stop());

const check = (withheld: string[] = [], user = 'reader', secret = password): Promise<SelfCheck> =>
  selfCheck(
    {
      alias: 'shop',
      host: '127.0.0.1',
      port: target.port,
      settings: { databases: ['shop'], tls: { mode: 'disable' }, withheld_columns: withheld },
      masking: [],
      credential: async () => ({ user, password: secret }),
    },
    'shop',
  );

const text = ({ problem, what }: Problem): string => `${problem}: ${what}`;
const known = 'login: a password that the role can change';
const problemsOf = async (withheld?: string[]): Promise<string[]> => (await check(withheld)).problems.map(text);

test('of a hardened login nothing is said but how the server lets it in', async () => {
  expect(await check(['app.customers.ssn'])).toEqual({
    at: expect.any(Date),
    problems: [{ problem: 'login', what: 'a password that the role can change' }],
    more: 0,
  });
});

type Case = [title: string, give: string, found: string[], take: string, withheld?: string[]];
const cases: Case[] = [
  [
    'an attribute of the role',
    'alter role reader createdb',
    ['role attribute: CREATEDB'],
    'alter role reader nocreatedb',
  ],
  [
    'bypassing row security',
    'alter role reader bypassrls',
    ['role attribute: BYPASSRLS'],
    'alter role reader nobypassrls',
  ],
  [
    'a membership, even one that is not inherited',
    'grant friend to reader',
    ['member of: friend'],
    'revoke friend from reader',
  ],
  [
    'the right to read the server’s files',
    'grant pg_read_server_files to reader',
    ['member of: pg_read_server_files'],
    'revoke pg_read_server_files from reader',
  ],
  [
    'a type that it owns',
    'create type app.colour as enum (); alter type app.colour owner to reader',
    ['owns: type app.colour'],
    'drop type app.colour',
  ],
  [
    'a large object that it owns',
    'select lo_create(77); alter large object 77 owner to reader',
    ['owns: large object 77'],
    'select lo_unlink(77)',
  ],
  [
    'a write',
    'grant insert, delete on app.orders to reader',
    ['can write: app.orders (INSERT, DELETE)'],
    'revoke insert, delete on app.orders from reader',
  ],
  [
    'a write to one column, by PUBLIC',
    'grant update (note) on app.orders to public',
    ['can write: app.orders (UPDATE)'],
    'revoke update (note) on app.orders from public',
  ],
  [
    'maintenance',
    'grant maintain on app.orders to reader',
    ['can write: app.orders (MAINTAIN)'],
    'revoke maintain on app.orders from reader',
  ],
  [
    'SET by another name',
    'grant update on pg_settings to public',
    ['can write: pg_catalog.pg_settings (UPDATE)'],
    'revoke update on pg_settings from public',
  ],
  [
    'a sequence',
    'grant usage on sequence app.numbers to reader',
    ['can advance: app.numbers'],
    'revoke usage on sequence app.numbers from reader',
  ],
  [
    'a schema to create in',
    'grant create on schema app to reader',
    ['can create in: schema app'],
    'revoke create on schema app from reader',
  ],
  [
    'a tablespace to create in',
    'grant create on tablespace pg_default to reader',
    ['can create in: tablespace pg_default'],
    'revoke create on tablespace pg_default from reader',
  ],
  [
    'temporary tables',
    'grant temp on database shop to reader',
    ['on database: TEMP'],
    'revoke temp on database shop from reader',
  ],
  [
    'schemas of its own',
    'grant create on database shop to reader',
    ['on database: CREATE'],
    'revoke create on database shop from reader',
  ],
  [
    'a function',
    'grant execute on function app.purge to reader',
    ['can run: app.purge()'],
    'revoke execute on function app.purge from reader',
  ],
  [
    'a function that runs as its owner',
    'grant execute on function app.purge_as_owner to reader',
    ['can run as its owner: app.purge_as_owner() as owner'],
    'revoke execute on function app.purge_as_owner from reader',
  ],
  [
    'an extension’s function',
    'create extension tablefunc schema app; revoke execute on all routines in schema app from public; grant execute on function app.normal_rand, app.connectby(text, text, text, text, int) to public',
    [
      'can run: app.connectby(text, text, text, text, integer)',
      'can run: app.normal_rand(integer, double precision, double precision)',
    ],
    'drop extension tablefunc',
  ],
  [
    'a notification',
    'grant execute on function pg_notify to public',
    ['can run built-in: pg_catalog.pg_notify(text, text)'],
    'revoke execute on function pg_notify from public',
  ],
  [
    'a built-in that PUBLIC does not have',
    'grant execute on function pg_reload_conf to reader',
    ['can run built-in: pg_catalog.pg_reload_conf()'],
    'revoke execute on function pg_reload_conf from reader',
  ],
  [
    'a foreign server',
    'create foreign data wrapper w; create server elsewhere foreign data wrapper w; grant usage on foreign server elsewhere to public',
    ['can use server: elsewhere'],
    'drop foreign data wrapper w cascade',
  ],
  [
    'a wrapper',
    'create foreign data wrapper w; grant usage on foreign data wrapper w to reader',
    ['can use server: any of wrapper w'],
    'revoke usage on foreign data wrapper w from reader; drop foreign data wrapper w',
  ],
  [
    'a foreign table',
    'create foreign data wrapper w; create server s foreign data wrapper w; create foreign table app.far (id int) server s; grant select on app.far to reader',
    ['can read foreign table: app.far'],
    'drop foreign data wrapper w cascade',
  ],
  [
    'a large object that everybody may change',
    'select lo_create(78); grant update on large object 78 to public',
    ['can reach large object: 78 (UPDATE)'],
    'select lo_unlink(78)',
  ],
  [
    'stored passwords',
    'grant select (rolpassword) on pg_authid to reader',
    ['can read system table: pg_catalog.pg_authid'],
    'revoke select (rolpassword) on pg_authid from reader',
  ],
  [
    'writes to tables that are yet to come',
    'alter default privileges for role owner in schema app grant insert on tables to public',
    ['will get: INSERT on new tables of owner in app'],
    'alter default privileges for role owner in schema app revoke insert on tables from public',
  ],
  [
    'functions that are yet to come',
    'alter default privileges for role owner grant execute on routines to public',
    ['will get: EXECUTE on new routines of owner'],
    'alter default privileges for role owner revoke execute on routines from public',
  ],
  [
    'a setting that is a superuser’s',
    'grant set on parameter log_statement to reader',
    ['can set: log_statement (SET)'],
    'revoke set on parameter log_statement from reader',
  ],
  [
    'sessions that begin writable',
    'alter role reader reset default_transaction_read_only',
    ['setting: default_transaction_read_only = off'],
    'alter role reader set default_transaction_read_only = on',
  ],
  [
    'statements without end',
    'alter role reader reset statement_timeout',
    ['setting: statement_timeout = 0'],
    "alter role reader set statement_timeout = '30s'",
  ],
  [
    'a withheld column',
    'grant select on app.customers to reader',
    ['can read withheld column: app.customers.ssn'],
    'revoke select on app.customers from reader; grant select (id, name) on app.customers to reader',
    ['app.customers.ssn'],
  ],
  [
    'a withheld column by a pattern',
    'grant select on app.customers to public',
    ['can read withheld column: app.customers.ssn'],
    'revoke select on app.customers from public',
    ['*.*.ssn'],
  ],
  [
    'a view of a withheld column',
    'grant select on app.contacts to reader',
    ['can read view of withheld column: app.contacts'],
    'revoke select on app.contacts from reader',
    ['app.customers.ssn'],
  ],
];

test.each(cases)('%s is found, and no more when it has gone', async (...given) => {
  const [, give, found, take, withheld] = given;
  await target.query(give);
  try {
    expect(await problemsOf(withheld)).toEqual([known, ...found]);
  } finally {
    await target.query(take);
  }
  expect(await problemsOf(withheld)).toEqual([known]);
});

test('what an extension brought that only computes is no problem, and what is only declared so is one', async () => {
  await target.query(`create extension fuzzystrmatch schema app;
    create function app.declared() returns int language plpgsql immutable as 'begin return 1; end';
    grant execute on function app.declared to public; alter extension fuzzystrmatch add function app.declared()`);
  expect(await problemsOf()).toEqual([known, 'can run: app.declared()']);
  await target.query('drop extension fuzzystrmatch');
});

test('a name that would end its quotes comes out quoted, and a withheld one is looked for as it is', async () => {
  await target.query(
    `create table app."a""; drop table x; --" ("it's" int); grant select, insert on app."a""; drop table x; --" to reader`,
  );
  expect(await problemsOf([`app."a""; drop table x; --"."it's"`])).toEqual([
    known,
    'can write: app."a""; drop table x; --" (INSERT)',
    `can read withheld column: app."a""; drop table x; --"."it's"`,
  ]);
  await target.query('drop table app."a""; drop table x; --"');
});

test('of a superuser a bounded list comes, which says how much it leaves out', async () => {
  const found = await check([], target.user, target.password);
  expect(found.problems).toContainEqual({ problem: 'role attribute', what: 'SUPERUSER' });
  expect(found.problems.length).toBeLessThanOrEqual(300);
  expect(found.more).toBeGreaterThan(100);
});

test('a login that is refused is a report that says so, without what it was', async () => {
  const found = await check([], 'reader', 'wrong');
  expect(found).toMatchObject({ problems: [], more: 0, failure: { code: 'TARGET_REFUSED_CREDENTIAL' } });
  expect(JSON.stringify(found)).not.toMatch(/wrong|reader/);
});

test('how the target is reached counts, except on the machine itself', () => {
  expect(wayProblems('db.example.com', { mode: 'disable' })).toEqual([{ problem: 'way', what: 'not encrypted' }]);
  expect(wayProblems('db.example.com', { mode: 'require' }).map(text)).toEqual([
    'way: target’s certificate not verified',
  ]);
  expect(wayProblems('db.example.com', { mode: 'verify-full' })).toEqual([]);
  expect(wayProblems('127.0.0.1', { mode: 'disable' })).toEqual([]);
  expect(wayProblems('127.0.0.1.example.com', { mode: 'disable' })).toHaveLength(1);
});

test('a certificate is no problem, a password and nothing at all are', () => {
  expect(loginProblems({ byPassword: false }, true)).toEqual([]);
  expect(loginProblems({ byPassword: true }, true)).toHaveLength(1);
  expect(loginProblems({ byPassword: false }, false)).toEqual([
    { problem: 'login', what: 'no credential is asked for' },
  ]);
});
