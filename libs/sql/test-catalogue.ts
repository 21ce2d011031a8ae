import type { Catalogue, Column, Fn, Relation } from './catalogue.js';
import type { SqlSession } from './description.js';

const columns = (names: string): Column[] =>
  names.split(' ').map((name, position) => ({ attnum: position + 1, name, type: 25 }));

const relation = (
  oid: number,
  [schema, name]: readonly [string, string],
  names: string,
  more: Partial<Relation> = {},
): Relation => ({ oid, schema, name, kind: 'r', columns: columns(names), ...more });

const customers: Column[] = [
  ...columns('id name email ssn card balance notes'),
  { attnum: 8, name: 'ssn_length', type: 23, from: [4] },
];

const fn = (oid: number, schema: string, name: string, more: Partial<Fn> = {}): Fn => ({
  oid,
  schema,
  name,
  volatility: 'v',
  language: 'plpgsql',
  securityDefiner: false,
  argTypes: [],
  ...more,
});

/** A small shop for tests: masked columns, views over views, partitions, inheritance, code, and a second schema. */
export const shop: Catalogue = {
  database: 'shop',
  serverVersion: 180004,
  searchPath: ['app', 'public'],
  role: 'reader',
  relations: [
    relation(100, ['app', 'customers'], '', { columns: customers }),
    relation(101, ['app', 'orders'], 'id customer_id total status'),
    relation(102, ['app', 'products'], 'id title price'),
    relation(103, ['hr', 'payroll'], 'id employee salary iban'),
    relation(104, ['app', 'events'], 'id at who', { kind: 'p' }),
    relation(105, ['app', 'events_2024'], 'id at who', { parent: [104] }),
    relation(106, ['app', 'v_contacts'], 'id reference_no', {
      kind: 'v',
      dependsOn: [
        { oid: 100, attnum: 1 },
        { oid: 100, attnum: 4 },
      ],
    }),
    relation(107, ['app', 'v_top'], 'label', { kind: 'v', dependsOn: [{ oid: 106, attnum: 2 }] }),
    relation(108, ['app', 'v_names'], 'id name', {
      kind: 'v',
      dependsOn: [
        { oid: 100, attnum: 1 },
        { oid: 100, attnum: 2 },
      ],
    }),
    relation(109, ['app', 'v_rows'], 'j', { kind: 'v', dependsOn: [{ oid: 100 }] }),
    relation(110, ['app', 'm_contacts'], 'id ref', {
      kind: 'm',
      dependsOn: [
        { oid: 100, attnum: 1 },
        { oid: 100, attnum: 4 },
      ],
    }),
    relation(111, ['app', 'v_runs'], 'x', { kind: 'v', dependsOn: [], usesFunctions: [200] }),
    relation(112, ['app', 'v_xml'], 'x', { kind: 'v', dependsOn: [], calls: ['query_to_xml'] }),
    relation(113, ['app', 'remote'], 'id secret', { kind: 'f' }),
    relation(114, ['hr', 'orders'], 'id payee iban'),
    relation(115, ['app', 'ruled'], 'id', { rules: true }),
    relation(116, ['app', 'seq1'], 'last_value log_cnt is_called', { kind: 'S' }),
    relation(117, ['app', 'base'], 'id secret'),
    relation(118, ['app', 'child'], 'id secret extra', { parent: [117] }),
    relation(1259, ['pg_catalog', 'pg_class'], 'oid relname relnamespace relkind'),
    relation(2615, ['pg_catalog', 'pg_namespace'], 'oid nspname'),
    relation(2619, ['pg_catalog', 'pg_statistic'], 'starelid stavalues1'),
    relation(12000, ['pg_catalog', 'pg_stats'], 'tablename most_common_vals', { kind: 'v' }),
    relation(12001, ['pg_catalog', 'pg_settings'], 'name setting', { kind: 'v', rules: true }),
    relation(12002, ['pg_catalog', 'pg_stat_activity'], 'pid query', { kind: 'v' }),
    relation(12003, ['pg_catalog', 'pg_shadow'], 'usename passwd', { kind: 'v' }),
    relation(1260, ['pg_catalog', 'pg_authid'], 'rolname rolpassword'),
    relation(2613, ['pg_catalog', 'pg_largeobject'], 'loid data'),
    relation(12004, ['pg_catalog', 'pg_hba_file_rules'], 'database', { kind: 'v' }),
    relation(12005, ['information_schema', 'tables'], 'table_schema table_name', { kind: 'v' }),
  ],
  functions: [
    fn(200, 'app', 'f_purge'),
    fn(201, 'app', 'f_stable', { volatility: 's', language: 'sql', securityDefiner: true }),
    fn(202, 'app', 'left', { volatility: 'i', language: 'sql' }),
    fn(203, 'public', 'digest', { volatility: 'i', language: 'c', extension: 'pgcrypto' }),
    fn(204, 'public', 'crosstab', { volatility: 's', language: 'c', extension: 'tablefunc' }),
    fn(205, 'public', 'dblink', { language: 'c', extension: 'dblink' }),
    fn(206, 'hr', 'reverse', { volatility: 'i', language: 'sql' }),
    fn(207, 'app', 'collect', { volatility: 'i', language: 'aggregate' }),
    fn(208, 'app', 'wanted'),
    fn(209, 'pg_catalog', 'pg_file_write', { language: 'c', extension: 'adminpack' }),
  ],
  types: [
    { schema: 'app', name: 'mood', runsCode: false },
    { schema: 'app', name: 'checked', runsCode: true },
  ],
  operators: [{ schema: 'app', name: '===' }],
};

export const calm: SqlSession = { prepared: new Map(), searchPathCertain: true };

/** Masks three columns of customers, the names of events and one inherited column, each by a rule of its own name. */
export const masks = (schema: string, table: string, column: string): string | undefined => {
  const masked = [
    'app.customers.ssn',
    'app.customers.email',
    'app.customers.card',
    'app.events.who',
    'app.base.secret',
  ];
  const name = `${schema}.${table}.${column}`;
  return masked.includes(name) ? name : undefined;
};
