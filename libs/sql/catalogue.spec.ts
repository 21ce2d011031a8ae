import { execFileSync } from 'node:child_process';
import { peer, type TestDatabase, testDatabase } from '@sallyport/testkit';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildCatalogue } from './build-catalogue.js';
import type { Catalogue } from './catalogue.js';
import { catalogueQueries } from './catalogue-queries.js';
import { describe } from './describe.js';
import { encodeCatalogue } from './encode-catalogue.js';
import { loadParser } from './parser.js';
import { reachOf } from './reach.js';
import { calm } from './test-catalogue.js';

const schema = `
  create schema app;
  create table app.customers (id int primary key, name text, ssn text,
    size int generated always as (length(ssn)) stored, mirrored text generated always as (reverse(ssn)) virtual);
  insert into app.customers values (1, 'Ada', 'canary-523-48-7719');
  create table app.events (id int, at date, who text) partition by range (at);
  create table app.events_2024 partition of app.events for values from ('2024-01-01') to ('2025-01-01');
  create view app.v_ids as select id, name from app.customers;
  create view app.v_refs as select id, ssn as reference from app.customers;
  create view app.v_over as select reference || '!' as label from app.v_refs;
  create view app.v_whole as select id, c as everything from app.customers c;
  create view app.v_literal as select 'canary-in-a-view' as text;
  create view app.v_bare as select reference, reference as twice, upper(note) as loud from (select r.reference, 'x' as note from app.v_refs r) s;
  create view app.v_who as select e.who, count(*) as n from app.events e join app.customers c on c.name = e.who group by e.who;
  create view public.v_path as select label from app.v_over union all select name from app.customers;
  create materialized view app.m_refs as select ssn from app.customers;
  create function app.f(int) returns boolean language sql volatile as $$ select 'canary-in-a-body' <> '' $$;
  create view app.v_runs as select app.f(1) as x;
  create view app.v_file as select pg_read_file('PG_VERSION') as x;
  create aggregate app.agg (int) (sfunc = int4pl, stype = int);
  create domain app.checked as int check (app.f(value));
  create domain app.above as app.checked;
  create domain app.plain as text check (value <> '');
  create operator app.=== (leftarg = int, rightarg = int, procedure = int4eq);
  create function app.same(int, int) returns boolean language plpgsql as $$ begin return true; end $$;
  create operator app.==== (leftarg = int, rightarg = int, procedure = app.same);
  create role reader login password 'reader'; grant usage on schema app to reader; grant select (id) on app.customers to reader;`;

let database: TestDatabase;
let catalogue: Catalogue;

const read = async (connectionString: string): Promise<Catalogue> => {
  const client = new pg.Client({ connectionString });
  await client.connect();
  const rows: Record<string, Record<string, string | null>[]> = {};
  for (const { name, sql } of catalogueQueries)
    rows[name] = (await client.query<Record<string, string | null>>(sql)).rows;
  await client.end();
  return buildCatalogue(rows);
};

const asReader = (): string => Object.assign(new URL(database.url), { username: 'reader', password: 'reader' }).href;

beforeAll(async () => {
  await loadParser();
  database = await testDatabase({ sql: schema });
  catalogue = await read(asReader());
});
afterAll(() => database?.stop());

const masks = (_schema: string, table: string, column: string) =>
  table === 'customers' && column === 'ssn' ? 'ssn' : undefined;
const reaches = (sql: string) => reachOf(describe(sql, calm, catalogue), catalogue, masks).reaches;
const described = (sql: string) => describe(sql, calm, catalogue);

test('an ordinary role reads the same catalogue as a superuser', async () => {
  expect({ ...(await read(database.url)), role: 'reader' }).toEqual(catalogue);
  expect(catalogue).toMatchObject({ database: 'test', role: 'reader', searchPath: ['public'] });
});

test('no row, no function body and no literal of a view is in what travels', () => {
  expect(new TextDecoder().decode(encodeCatalogue(catalogue))).not.toContain('canary');
});

test('views reach what they stand on, column by column where no whole row is used', () => {
  expect(reaches('SELECT name FROM app.v_ids')).toBe(false);
  expect(reaches('SELECT id FROM app.v_refs')).toBe(true);
  expect(reaches('SELECT label FROM app.v_over')).toBe(true);
  // pg_depend names column id alone here.
  expect(reaches('SELECT everything FROM app.v_whole')).toBe(true);
  expect(reaches('SELECT * FROM app.m_refs')).toBe(true);
});

test('generated columns reach what they are computed from', () => {
  expect(reaches('SELECT size FROM app.customers')).toBe(true);
  expect(reaches('SELECT mirrored FROM app.customers')).toBe(true);
  expect(described('COPY app.customers TO STDOUT').copy?.[0]?.columns).toEqual(['id', 'name', 'ssn']);
});

test('a view is what it calls', () => {
  expect(described('TABLE app.v_literal').risk).toBe('read');
  expect(described('TABLE app.v_runs')).toMatchObject({ risk: 'unknown', opaque: true });
  expect(described('TABLE app.v_file')).toMatchObject({
    risk: 'privilege',
    flags: ['server-file', 'volatile-function'],
  });
});

test('an aggregate, a checked domain and an operator in PL/pgSQL are code of a user', () => {
  expect(described('SELECT app.agg(id) FROM app.customers').risk).toBe('unknown');
  expect(described(`SELECT '1'::app.checked`).risk).toBe('unknown');
  expect(described(`SELECT '1'::app.above`).risk).toBe('unknown');
  expect(described(`SELECT '1'::app.plain`).risk).toBe('read');
  expect(catalogue.operators).toEqual([{ schema: 'app', name: '====' }]);
});

test('partitions know their table', () => {
  expect(described('TABLE app.events_2024').relations).toEqual(['app.events', 'app.events_2024']);
  expect(described('TABLE app.events').relations).toEqual(['app.events', 'app.events_2024']);
});

const drivers: Readonly<Record<string, string>> = {
  'node-postgres types': `SELECT oid, typname, typarray FROM pg_type WHERE typname = $1`,
  'psycopg types': `SELECT typname AS name, oid, typarray AS array_oid, oid::regtype::text AS regtype, typdelim AS delimiter
    FROM pg_type t WHERE t.oid = to_regtype($1) ORDER BY t.oid`,
  'JDBC primary keys': `SELECT NULL AS TABLE_CAT, n.nspname AS TABLE_SCHEM, ct.relname AS TABLE_NAME, a.attname AS COLUMN_NAME,
    (information_schema._pg_expandarray(i.indkey)).n AS KEY_SEQ, ci.relname AS PK_NAME FROM pg_catalog.pg_class ct
    JOIN pg_catalog.pg_attribute a ON (ct.oid = a.attrelid) JOIN pg_catalog.pg_namespace n ON (ct.relnamespace = n.oid)
    JOIN pg_catalog.pg_index i ON (a.attrelid = i.indrelid) JOIN pg_catalog.pg_class ci ON (ci.oid = i.indexrelid) WHERE true AND i.indisprimary`,
  'columns by information_schema': `SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'app'`,
};

test.each(Object.entries(drivers))('what drivers ask is a read: %s', (_name, sql) => {
  expect(described(sql)).toMatchObject({ risk: 'read', unresolved: [], opaque: false });
});

const commands = String.raw`\d,\d app.customers,\d+ app.customers,\d+ app.v_refs,\d app.events,\dt+ app.*,\df,\df+ app.*,\dn+,\du,\di,\ds,\dv+,\dm,\dT,\dD,\dx,\dp,\dP,\sf app.f,\sv app.v_refs,\ddp,\do,\dC,\dL`;

test('what psql asks for its own commands is a read', (context) => {
  const psql = peer('psql', context);
  const output = commands
    .split(',')
    .map((command) => execFileSync(psql, ['-X', '-E', database.url, '-c', command], { encoding: 'utf8' }))
    .join('\n');
  const queries = [...output.matchAll(/\*{9} QUERY \*{10}\n([\s\S]*?)\n\*{26}/g)].map(([, sql = '']) => sql);
  expect(queries.length).toBeGreaterThan(25);
  for (const sql of queries) expect(described(sql), sql).toMatchObject({ risk: 'read', unresolved: [] });
});

const shows = (view: string): unknown =>
  catalogue.relations
    .find(({ name }) => name === view)
    ?.columns.map(({ name, shows }) => [
      name,
      shows?.sources.map((source) => source.join('.')),
      shows?.bare?.join('.'),
      shows?.opaque ?? false,
    ]);

test('a view says what each of its columns shows, through views below it', () => {
  const ssn = 'app.customers.ssn';
  expect(shows('v_ids')).toEqual([
    ['id', ['app.customers.id'], 'app.customers.id', false],
    ['name', ['app.customers.name'], 'app.customers.name', false],
  ]);
  expect(shows('v_refs')).toContainEqual(['reference', [ssn], ssn, false]);
  expect(shows('v_over')).toEqual([['label', [ssn, 'app.v_refs.reference'], undefined, false]]);
  expect(shows('v_bare')).toEqual([
    ['reference', [ssn, 'app.v_refs.reference'], ssn, false],
    ['twice', [ssn, 'app.v_refs.reference'], ssn, false],
    ['loud', [], undefined, false],
  ]);
  expect(shows('m_refs')).toEqual([['ssn', [ssn], ssn, false]]);
  expect(shows('v_path')).toMatchObject([
    ['label', ['app.customers.name', ssn, 'app.v_over.label', 'app.v_refs.reference'], undefined, false],
  ]);
});

test('a view that runs code of users, or shows a whole row, proves no more than that', () => {
  expect(shows('v_runs')).toEqual([['x', [], undefined, true]]);
  expect(shows('v_whole')).toMatchObject([
    ['id', ['app.customers.id'], 'app.customers.id', false],
    ['everything', expect.arrayContaining(['app.customers.ssn', 'app.customers.mirrored']), undefined, false],
  ]);
});

test('a view names the columns that decide which rows it has', () => {
  const probes = (view: string): unknown =>
    catalogue.relations.find(({ name }) => name === view)?.probes?.map((source) => source.join('.'));
  expect(probes('v_who')).toEqual(['app.customers.name', 'app.events.who']);
  expect(probes('v_refs')).toBeUndefined();
});

test('what a statement shows of a view is what the view shows of its tables', () => {
  const [statement] = describe('select reference from app.v_bare', calm, catalogue).statements;
  expect(statement?.lineage.outputs).toMatchObject([
    { name: 'reference', bare: { schema: 'app', relation: 'customers', column: 'ssn' }, opaque: false },
  ]);
});
