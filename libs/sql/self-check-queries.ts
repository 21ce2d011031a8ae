import { quoteLiteral } from './quote.js';

/** One thing that a least-privilege login should not have: each row of the query is one such, in the column `what`. */
export interface SelfCheckQuery {
  readonly problem: string;
  readonly sql: string;
}

/** `undefined` stands for any name. */
export type WithheldColumn = readonly [
  schema: string | undefined,
  relation: string | undefined,
  column: string | undefined,
];

export interface SelfCheckFacts {
  /** `server_version_num`. */
  readonly version: number;
  /** Columns that the administrator says this login must not read. */
  readonly withheld: readonly WithheldColumn[];
}

/** Rows of one problem that are listed; beyond, they are only counted. */
export const mostOfOneProblem = 50;

// Names come out the same whatever the client's search_path is: the session that asks has set it to pg_catalog alone.
const me = '(select oid from pg_roles where rolname = current_user)';
export const user = (schema: string) =>
  `${schema}.nspname not in ('pg_catalog', 'information_schema') and ${schema}.nspname !~ '^pg_(toast|temp)'`;
const relation = "format('%I.%I', n.nspname, c.relname)";
const signature = "format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))";
const mine = (grantee: string) => `case when ${grantee} = 0 then true else pg_has_role(${grantee}, 'USAGE') end`;
const routines = 'pg_proc p join pg_namespace n on n.oid = p.pronamespace';
const relations = 'pg_class c join pg_namespace n on n.oid = c.relnamespace';
// A trigger function cannot be called.
const runnable = `has_function_privilege(p.oid, 'EXECUTE') and has_schema_privilege(n.oid, 'USAGE')
 and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)`;

/**
 * What an extension brought, in C, that only computes: the operators of its types need it, and everybody's do. Who can
 * declare such a function is a superuser.
 */
export const onlyComputes = `(p.provolatile = 'i' and p.prolang in (select oid from pg_language where lanname in ('c', 'internal'))
 and exists (select from pg_depend e where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype = 'e'))`;

/** Built-in functions that everybody may run and that have an effect. */
export const harmfulBuiltIns =
  '^(lo_|loread$|lowrite$|pg_notify$|pg_cancel_backend$|pg_terminate_backend$|pg_logical_emit_message$|pg_file_|pg_read_|pg_ls_)';

/** What the role is. */
const role: readonly SelfCheckQuery[] = [
  {
    problem: 'role attribute',
    sql: `select a.what from pg_roles r cross join lateral (values (r.rolsuper, 'SUPERUSER'), (r.rolcreaterole, 'CREATEROLE'),
 (r.rolcreatedb, 'CREATEDB'), (r.rolreplication, 'REPLICATION'), (r.rolbypassrls, 'BYPASSRLS')) a(has, what)
where r.rolname = current_user and a.has`,
  },
  {
    // SET ROLE reaches what is not inherited. rds_iam gives a way to log in and nothing else.
    problem: 'member of',
    sql: `select quote_ident(r.rolname) as what from pg_roles r
where r.oid <> ${me} and r.rolname <> 'rds_iam' and pg_has_role(current_user, r.oid, 'MEMBER')`,
  },
  {
    // Whoever owns a thing may alter it, drop it and give it away: every kind is in pg_shdepend.
    problem: 'owns',
    sql: `select i.type || ' ' || i.identity as what from pg_shdepend d cross join lateral pg_identify_object(d.classid, d.objid, d.objsubid) i
where d.refclassid = 'pg_authid'::regclass and d.refobjid = ${me} and d.deptype = 'o'
 and d.dbid in (0, (select oid from pg_database where datname = current_database()))
union select 'objects in database ' || quote_ident(b.datname) from pg_shdepend d join pg_database b on b.oid = d.dbid
where d.refclassid = 'pg_authid'::regclass and d.refobjid = ${me} and d.deptype = 'o' and b.datname <> current_database()`,
  },
];

const writing = (version: number): string =>
  `array['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'${version >= 170_000 ? ", 'MAINTAIN'" : ''}]`;

/** What it may change. UPDATE on pg_settings, which everybody has, is SET by another name. */
const changes = (version: number): readonly SelfCheckQuery[] => [
  {
    problem: 'can write',
    sql: `select ${relation} || ' (' || string_agg(v, ', ' order by o) || ')' as what
from ${relations} cross join unnest(${writing(version)}) with ordinality p(v, o)
where c.relkind in ('r', 'p', 'v', 'm', 'f') and (has_table_privilege(c.oid, v)
 or case when v in ('INSERT', 'UPDATE', 'REFERENCES') then has_any_column_privilege(c.oid, v) end)
group by n.nspname, c.relname`,
  },
  {
    // CASE, because AND does not fix the order: the function raises for what is no sequence.
    problem: 'can advance',
    sql: `select ${relation} as what from ${relations}
where case when c.relkind = 'S' then has_sequence_privilege(c.oid, 'USAGE, UPDATE') end`,
  },
  {
    problem: 'can create in',
    sql: `select 'schema ' || quote_ident(n.nspname) as what from pg_namespace n where has_schema_privilege(n.oid, 'CREATE')
union all select 'tablespace ' || quote_ident(t.spcname) from pg_tablespace t where has_tablespace_privilege(t.oid, 'CREATE')`,
  },
  {
    problem: 'on database',
    sql: `select p as what from unnest(array['CREATE', 'TEMP']) p where has_database_privilege(current_database(), p)`,
  },
];

/** What it may run, and where that reaches. */
const runs: readonly SelfCheckQuery[] = [
  {
    problem: 'can run',
    sql: `select ${signature} as what from ${routines} where ${runnable} and not p.prosecdef and ${user('n')} and not ${onlyComputes}`,
  },
  {
    problem: 'can run as its owner',
    sql: `select ${signature} || ' as ' || quote_ident(pg_get_userbyid(p.proowner)) as what
from ${routines} where ${runnable} and p.prosecdef and ${user('n')}`,
  },
  {
    // The harmful ones that PUBLIC has, and whatever PUBLIC has not.
    problem: 'can run built-in',
    sql: `select ${signature} as what from ${routines} where n.nspname = 'pg_catalog' and ${runnable}
 and (p.proname ~ '${harmfulBuiltIns}' or not has_function_privilege('public', p.oid, 'EXECUTE'))`,
  },
  {
    problem: 'can use server',
    sql: `select quote_ident(s.srvname) as what from pg_foreign_server s where has_server_privilege(s.oid, 'USAGE')
union all select 'any of wrapper ' || quote_ident(w.fdwname) from pg_foreign_data_wrapper w where has_foreign_data_wrapper_privilege(w.oid, 'USAGE')`,
  },
  {
    // Reads elsewhere, as whoever the user mapping says: the grants there decide, not the ones here.
    problem: 'can read foreign table',
    sql: `select ${relation} as what from ${relations} where c.relkind = 'f' and has_any_column_privilege(c.oid, 'SELECT')`,
  },
  {
    problem: 'can reach large object',
    sql: `select l.oid || ' (' || string_agg(distinct a.privilege_type, ', ') || ')' as what
from pg_largeobject_metadata l cross join lateral aclexplode(l.lomacl) a
where l.lomacl is not null and l.lomowner <> ${me} and ${mine('a.grantee')} group by l.oid`,
  },
  {
    // Passwords, secrets of subscriptions and mappings, statistics that hold values.
    problem: 'can read system table',
    sql: `select ${relation} as what from ${relations} where n.nspname = 'pg_catalog' and c.relkind in ('r', 'v')
 and not has_table_privilege('public', c.oid, 'SELECT') and exists (select from pg_attribute a
  where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and has_column_privilege(c.oid, a.attnum, 'SELECT')
   and not has_column_privilege('public', c.oid, a.attnum, 'SELECT'))`,
  },
];

const kinds = `case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'routines'
 when 'n' then 'schemas' when 'L' then 'large objects' else 'types' end`;

/** Whose new routines PUBLIC may run, in a schema that the role can use: never revoked by what is said IN SCHEMA. */
export const makersOfOpenRoutines = (role: string): string => `select r.rolname
from (select n.oid as schema, c.relowner as owner from ${relations} where ${user('n')}
 union select n.oid, p.proowner from ${routines} where ${user('n')}
 union select n.oid, n.nspowner from pg_namespace n where ${user('n')}) o
join pg_roles r on r.oid = case when pg_get_userbyid(o.owner) = 'pg_database_owner'
 then (select datdba from pg_database where datname = current_database()) else o.owner end
where has_schema_privilege(${role}, o.schema, 'USAGE') and r.rolname <> ${role} and not exists (select from pg_default_acl d
 where d.defaclrole = r.oid and d.defaclobjtype = 'f' and d.defaclnamespace = 0)`;

/** What it will have as soon as somebody makes a new thing. */
const later: readonly SelfCheckQuery[] = [
  {
    problem: 'will get',
    sql: `select a.privilege_type || ' on new ' || ${kinds} || ' of ' || quote_ident(pg_get_userbyid(d.defaclrole))
 || coalesce(' in ' || quote_ident(n.nspname), '') as what
from pg_default_acl d cross join lateral aclexplode(d.defaclacl) a left join pg_namespace n on n.oid = d.defaclnamespace
where a.grantee <> d.defaclrole and ${mine('a.grantee')} and d.defaclobjtype <> 'T'
 and not (d.defaclobjtype = 'r' and a.privilege_type = 'SELECT') and not (d.defaclobjtype = 'n' and a.privilege_type = 'USAGE')
union select 'EXECUTE on new routines of ' || quote_ident(m.name) from (${makersOfOpenRoutines('current_user')}) m(name)`,
  },
];

const settings: readonly SelfCheckQuery[] = [
  {
    // What a session begins with: reset_val, because the session that asks has set some of its own.
    problem: 'setting',
    sql: `select name || ' = ' || reset_val as what from pg_settings
where (name, reset_val) in (('lo_compat_privileges', 'on'), ('standard_conforming_strings', 'off'), ('row_security', 'off'),
 ('default_transaction_read_only', 'off'), ('statement_timeout', '0'), ('idle_in_transaction_session_timeout', '0'),
 ('allow_system_table_mods', 'on'))
 or (name = 'max_prepared_transactions' and reset_val <> '0') or (name = 'session_replication_role' and reset_val <> 'origin')`,
  },
];

/** Settings that are a superuser's, and that this login was given. */
const parameters: SelfCheckQuery = {
  problem: 'can set',
  sql: `select p.parname || ' (' || v || ')' as what from pg_parameter_acl p cross join unnest(array['SET', 'ALTER SYSTEM']) v
where has_parameter_privilege(p.parname, v)`,
};

const columnOf = (parts: WithheldColumn): string =>
  `(${parts.map((part) => (part === undefined ? 'null' : quoteLiteral(part))).join(', ')})`;

const valuesOf = (withheld: readonly WithheldColumn[]): string =>
  `select * from (values ${withheld.map(columnOf).join(', ')}) v(s, r, a)`;

// A parent shows its children's rows, so a name that is withheld in one is withheld in all of them. A view that names the
// column, or the whole relation, shows it; one that takes the whole row beside a column is not told apart by pg_depend.
/** @param withheld a query of schema, relation and column, null for any name; @returns the start of one, with `hidden` and `views` */
export const hidden = (withheld: string): string => `with recursive
withheld(schema, relation, attribute) as (${withheld}),
hidden(relid, attnum, name) as (
 select c.oid, a.attnum, a.attname from ${relations} join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
 join withheld w on coalesce(w.schema, n.nspname) = n.nspname and coalesce(w.relation, c.relname) = c.relname
  and coalesce(w.attribute, a.attname) = a.attname
 where c.relkind in ('r', 'p', 'v', 'm', 'f') and ${user('n')}
 union select a.attrelid, a.attnum, a.attname from hidden h join pg_inherits i on h.relid in (i.inhparent, i.inhrelid)
 join pg_attribute a on a.attrelid in (i.inhparent, i.inhrelid) and a.attname = h.name and a.attnum > 0),
used(relid, attnum) as (select relid, attnum from hidden),
views(relid) as (
 select r.ev_class from used u join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = u.relid
  and d.refobjsubid in (u.attnum, 0) and d.classid = 'pg_rewrite'::regclass join pg_rewrite r on r.oid = d.objid and r.ev_class <> u.relid
 union select r.ev_class from views v join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = v.relid
  and d.classid = 'pg_rewrite'::regclass join pg_rewrite r on r.oid = d.objid and r.ev_class <> v.relid)
`;

const withheldColumns = (withheld: string): readonly SelfCheckQuery[] => [
  {
    problem: 'can read withheld column',
    sql: `${hidden(withheld)}select ${relation} || '.' || quote_ident(h.name) as what from hidden h join pg_class c on c.oid = h.relid
join pg_namespace n on n.oid = c.relnamespace where has_column_privilege(h.relid, h.attnum, 'SELECT')`,
  },
  {
    problem: 'can read view of withheld column',
    sql: `${hidden(withheld)}select ${relation} as what from views v join pg_class c on c.oid = v.relid
join pg_namespace n on n.oid = c.relnamespace where has_any_column_privilege(c.oid, 'SELECT')`,
  },
];

/**
 * What to ask, as the login itself: PostgreSQL 12 to 18, no right beyond an ordinary role's. Names only, and of settings
 * the value. Each answers up to `mostOfOneProblem` rows of `what`, and in each row `total`, how many there are.
 */
export const selfCheckQueries = ({ version, withheld }: SelfCheckFacts): readonly SelfCheckQuery[] =>
  [
    ...role,
    ...changes(version),
    ...runs,
    ...later,
    ...(version >= 150_000 ? [parameters] : []),
    ...(withheld.length === 0 ? [] : withheldColumns(valuesOf(withheld))),
    ...settings,
  ].map(({ problem, sql }) => ({ problem, sql: bounded(sql) }));

const bounded = (sql: string): string => `select what, (count(*) over ())::text as total from (${sql}) found
where what is not null group by what order by what limit ${mostOfOneProblem}`;
