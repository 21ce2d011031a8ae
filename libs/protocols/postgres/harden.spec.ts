/** What the hardening script makes is what the self-check asks for, on a database that was as careless as they come. */
import type { Problem, SelfCheck } from '@sallyport/engine';
import { type HardenOptions, hardenScript } from '@sallyport/sql';
import { type TestDatabase, testDatabase } from '@sallyport/testkit';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { selfCheck } from './self-check.js';

let target: TestDatabase;
const password = 'canary-agent';

const careless = `
  create role owner; create role friend; create role stranger login;
  create role agent login createdb createrole bypassrls replication inherit password '${password}';
  alter role agent set row_security = off;
  alter role agent in database shop set statement_timeout = 0;
  create schema app authorization owner; create schema hidden authorization owner;
  grant usage on schema app to public; grant create on schema app to agent;
  create extension dblink; create extension pgcrypto schema app; create extension citext schema app;
  create foreign data wrapper w; create server elsewhere foreign data wrapper w; grant usage on foreign server elsewhere to public;
  grant usage on foreign data wrapper w to agent;
  set role owner;
  create table app.orders (id serial primary key, note text);
  create table app.customers (id int primary key, name text, ssn text);
  create table app."it's ""odd""; --" (id int);
  create view app.contacts as select id, ssn as reference from app.customers;
  create table hidden.salaries (id int, amount int);
  insert into app.orders (note) values ('one'); insert into app.customers values (1, 'Ada', '078-05-1120');
  create function app.purge() returns int language sql security definer as 'delete from app.orders; select 1';
  create procedure app.sweep() language sql as 'select 1';
  create aggregate app.total (*) (sfunc = int8inc, stype = int8, initcond = '0');
  grant select, insert on all tables in schema app to public; grant update (note) on app.orders to public;
  grant all on all sequences in schema app to public; grant all on hidden.salaries to agent;
  grant execute on function app.total() to agent;
  alter default privileges in schema app grant insert on tables to public;
  alter default privileges grant delete on tables to agent;
  reset role;
  create foreign table app.far (id int) server elsewhere; grant select on app.far to agent;
  grant friend to agent; grant pg_read_server_files to agent;
  grant execute on function pg_reload_conf to agent; grant select on pg_authid to agent;
  grant set on parameter log_statement to agent, public;
  grant create on tablespace pg_default to agent, public;
  grant create, temp on database shop to agent;
  select lo_create(77); grant update on large object 77 to agent, public`;

beforeAll(async () => {
  target = await testDatabase({ database: 'shop', sql: careless, settings: { max_prepared_transactions: '0' } });
});
afterAll(() => target?.stop());

const options: HardenOptions = { database: 'shop', role: 'agent', schemas: ['app'], readWrite: false, withheld: [] };

/** @returns what it said */
async function harden(more: Partial<HardenOptions> = {}, as?: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: target.url });
  const said: string[] = [];
  client.on('notice', ({ message }) => said.push(message ?? ''));
  await client.connect();
  try {
    if (as !== undefined) await client.query(`set session authorization ${as}`);
    await client.query(hardenScript({ ...options, ...more }));
    return said;
  } finally {
    await client.end();
  }
}

const check = (user = 'agent', withheld: string[] = []): Promise<SelfCheck> =>
  selfCheck(
    {
      alias: 'shop',
      host: '127.0.0.1',
      port: target.port,
      settings: { databases: ['shop'], tls: { mode: 'disable' }, withheld_columns: withheld },
      masking: [],
      credential: async () => ({ user, password }),
    },
    'shop',
  );
const text = ({ problem, what }: Problem): string => `${problem}: ${what}`;
const problemsOf = async (user?: string, withheld?: string[]): Promise<string[]> => {
  const found = await check(user, withheld);
  expect(found).toMatchObject({ more: 0 });
  expect(found.failure).toBeUndefined();
  return found.problems.map(text);
};
const foreign = 'not granted, because it reads elsewhere as somebody else: app.far';
const byPassword = 'login: a password that the role can change';

async function asAgent(sql: string, user = 'agent'): Promise<unknown[]> {
  const client = new pg.Client({ host: '127.0.0.1', port: target.port, database: 'shop', user, password });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>({ text: sql })).rows;
  } finally {
    await client.end();
  }
}

const rights = (): Promise<unknown[]> =>
  target.query(`select 'r' as kind, oid::text as id, relacl::text as acl from pg_class union all select 'f', oid::text, proacl::text from pg_proc
    union all select 'n', oid::text, nspacl::text from pg_namespace where nspname !~ '^pg_toast_temp|^pg_temp' union all select 'd', oid::text, datacl::text from pg_database
    union all select 'a', attrelid || '.' || attnum, attacl::text from pg_attribute where attacl is not null
    union all select 'l', defaclrole || '.' || defaclnamespace || defaclobjtype::text, defaclacl::text from pg_default_acl
    union all select 's', setrole || '.' || setdatabase, setconfig::text from pg_db_role_setting order by 1, 2`);

test('the careless login has much that it should not, and nothing but its password once it has been hardened', async () => {
  const before = await check();
  expect(before.problems.length + before.more).toBeGreaterThan(50);
  await harden();
  expect(await problemsOf()).toEqual([byPassword]);

  expect(await asAgent('select note from orders')).toEqual([{ note: 'one' }]);
  expect(await asAgent('select name, ssn from app.customers')).toHaveLength(1);
  expect(await asAgent('show search_path')).toEqual([{ search_path: 'pg_catalog, app, pg_temp' }]);
  await expect(asAgent('select * from hidden.salaries')).rejects.toThrow('permission denied');
  await expect(asAgent(`set transaction read write; delete from app.orders`)).rejects.toThrow('permission denied');
  await expect(asAgent('select app.purge()')).rejects.toThrow('permission denied');
  await expect(asAgent(`select public.dblink('dbname=shop', 'select 1')`)).rejects.toThrow('permission denied');
  await expect(asAgent('select app.gen_random_bytes(1)')).rejects.toThrow('permission denied');
  expect(await asAgent(`select 'ADA'::citext = 'ada' as same`)).toEqual([{ same: true }]);
  await expect(asAgent('select lo_unlink(77)')).rejects.toThrow('permission denied');
});

test('run again it changes nothing and takes nothing from anybody', async () => {
  await harden();
  const before = await rights();
  expect(await harden()).toEqual([foreign]);
  expect(await rights()).toEqual(before);
});

test('who loses something by PUBLIC is told how to get it back, and does', async () => {
  await target.query('grant execute on function app.purge to public');
  const said = await harden();
  expect(said).toEqual([
    foreign,
    'PUBLIC lost something; to give it back: grant EXECUTE on routine app.purge() to stranger;',
  ]);
  await target.query(said[1]!.split('give it back: ')[1]!);
  expect(await target.query(`select has_function_privilege('stranger', 'app.purge()', 'execute') as has`)).toEqual([
    { has: true },
  ]);
  expect(await problemsOf()).toEqual([byPassword]);
});

test('a login that is not there is made, for every schema that is the application’s', async () => {
  await harden({ role: 'odd "name"; --', schemas: [] });
  await target.query(`alter role "odd ""name""; --" password '${password}'`);
  expect(await problemsOf('odd "name"; --')).toEqual([byPassword]);
  expect(await asAgent('select amount from hidden.salaries', 'odd "name"; --')).toEqual([]);
  expect(await problemsOf()).toEqual([byPassword]);
});

test('names that would end their quotes, or a literal, stay names', async () => {
  const odd = `o"d'd\\:x$harden$`;
  const quoted = `"${odd.replaceAll('"', '""')}"`;
  await target.query(`create schema ${quoted}; create table ${quoted}.t (a int, b int)`);
  await harden({ schemas: [odd, 'app'], withheld: [[odd, 't', 'b']] });
  expect(await problemsOf()).toEqual([byPassword]);
  expect(await asAgent('show search_path')).toEqual([{ search_path: `pg_catalog, ${quoted}, app, pg_temp` }]);
  expect(await asAgent('select a from t')).toEqual([]);
  await expect(asAgent('select b from t')).rejects.toThrow('permission denied');
  await target.query(`drop schema ${quoted} cascade`);
});

test('withheld columns are not granted, nor are views that show them', async () => {
  const said = await harden({
    withheld: [
      [undefined, undefined, 'ssn'],
      ['app', `it's "odd"; --`, undefined],
    ],
  });
  expect(said.sort()).toEqual([
    'not granted, because every column is withheld: app."it\'s ""odd""; --"',
    foreign,
    'not granted, because it shows a withheld column: app.contacts',
  ]);
  expect(await problemsOf('agent', ['*.*.ssn'])).toEqual([byPassword]);
  expect(await asAgent('select id, name from customers')).toEqual([{ id: 1, name: 'Ada' }]);
  await expect(asAgent('select ssn from customers')).rejects.toThrow('permission denied');
});

test('with writing, rows can be changed and the self-check names just that', async () => {
  await harden({ readWrite: true, withheld: [['app', 'customers', 'ssn']] });
  await asAgent(
    `insert into orders (note) values ('two'); update customers set name = 'Grace'; delete from orders where note = 'two'`,
  );
  await expect(asAgent(`update customers set ssn = '1'`)).rejects.toThrow('permission denied');
  await expect(asAgent('truncate app.orders')).rejects.toThrow('permission denied');
  await expect(asAgent('create table app.mine ()')).rejects.toThrow('permission denied');
  expect(await problemsOf()).toEqual([
    byPassword,
    'can write: app."it\'s ""odd""; --" (INSERT, UPDATE, DELETE)',
    'can write: app.customers (INSERT, UPDATE, DELETE)',
    'can write: app.orders (INSERT, UPDATE, DELETE)',
    'can advance: app.orders_id_seq',
    'setting: default_transaction_read_only = off',
  ]);
  await harden();
  expect(await problemsOf()).toEqual([byPassword]);
});

test('what must not be hardened is refused, and nothing has changed then', async () => {
  const before = await rights();
  await expect(harden({ database: 'other' })).rejects.toThrow('this is the database shop, and the script is for other');
  await expect(harden({ role: target.user })).rejects.toThrow('cannot harden itself');
  await expect(harden({ role: 'owner' })).rejects.toThrow('owner owns objects here');
  await expect(harden({ schemas: ['app', 'ap"p'] })).rejects.toThrow('there is no schema ap"p');
  await target.query('create role chief superuser');
  await expect(harden({ role: 'chief' })).rejects.toThrow('chief is a superuser');
  expect(await rights()).toEqual(before);
});

test('who is no superuser gets as far as it may, and hears what is left', async () => {
  await target.query(`create role keeper createrole; alter database shop owner to keeper; grant temp on database shop to keeper;
    grant usage on schema app to keeper with grant option; grant select on app.orders to keeper with grant option`);
  const said = await harden({ role: 'newcomer', schemas: ['app'] }, 'keeper');
  expect(said).toContain('left as it is, because this login may not: grant select on app.customers to newcomer');
  await target.query(`alter role newcomer password '${password}'`);
  expect(await asAgent('select note from orders', 'newcomer')).toEqual([{ note: 'one' }]);
});
