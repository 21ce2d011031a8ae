export interface CatalogueQuery {
  readonly name: string;
  readonly sql: string;
}

/** Rows as text, whatever client read them: column name → text, null for SQL NULL. */
export type CatalogueRows = Readonly<Record<string, readonly Readonly<Record<string, string | null>>[]>>;

// Every name is qualified and every output is text: the answers do not depend on search_path or on the client.
const listed = `c.relkind in ('r','p','v','m','f','S') and n.nspname !~ '^pg_(toast|temp)'`;
const user = `n.nspname not in ('pg_catalog','information_schema')`;

/**
 * What the agent asks on its own login; PostgreSQL 12 to 18, no right beyond an ordinary role's. The definitions of
 * views are read to find what they call, and are not kept: no row, no function body and no literal leaves the network.
 */
export const catalogueQueries: readonly CatalogueQuery[] = [
  {
    name: 'server',
    sql: `select pg_catalog.current_database()::text as database,
 pg_catalog.current_setting('server_version_num') as version, current_user::text as role,
 pg_catalog.array_to_json(pg_catalog.current_schemas(false))::text as path`,
  },
  {
    name: 'relations',
    sql: `select c.oid::text as oid, n.nspname::text as schema, c.relname::text as name, c.relkind::text as kind,
 exists (select from pg_catalog.pg_rewrite r where r.ev_class = c.oid and r.rulename <> '_RETURN')::text as rules
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where ${listed}`,
  },
  {
    name: 'columns',
    sql: `select a.attrelid::text as relation, a.attnum::text as attnum, a.attname::text as name, a.atttypid::text as type,
 (a.attgenerated <> '')::text as generated
from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace where a.attnum > 0 and not a.attisdropped and ${listed}`,
  },
  {
    name: 'generated',
    sql: `select d.adrelid::text as relation, d.adnum::text as attnum, u.refobjsubid::text as source
from pg_catalog.pg_attrdef d join pg_catalog.pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
join pg_catalog.pg_depend u on u.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass and u.objid = d.oid
 and u.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and u.refobjid = d.adrelid
where a.attgenerated <> '' and u.refobjsubid <> 0 and u.refobjsubid <> d.adnum`,
  },
  {
    name: 'inheritance',
    sql: `select i.inhrelid::text as child, i.inhparent::text as parent from pg_catalog.pg_inherits i`,
  },
  {
    name: 'view-relations',
    sql: `select distinct r.ev_class::text as view, d.refobjid::text as relation, d.refobjsubid::text as attnum
from pg_catalog.pg_rewrite r join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
 and d.objid = r.oid and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
where r.rulename = '_RETURN' and d.refobjid <> r.ev_class`,
  },
  {
    name: 'view-functions',
    sql: `select distinct r.ev_class::text as view, coalesce(o.oprcode::pg_catalog.oid, d.refobjid)::text as function
from pg_catalog.pg_rewrite r join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = r.oid
left join pg_catalog.pg_operator o on d.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass and o.oid = d.refobjid
where r.rulename = '_RETURN' and d.refobjid >= 16384
 and (d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass or o.oid is not null)`,
  },
  {
    name: 'view-definitions',
    sql: `select c.oid::text as view, pg_catalog.pg_get_viewdef(c.oid) as definition
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('v','m') and ${user} and n.nspname !~ '^pg_(toast|temp)'`,
  },
  {
    // An aggregate is labelled internal and immutable, whatever its transition function does.
    name: 'functions',
    sql: `select p.oid::text as oid, n.nspname::text as schema, p.proname::text as name, p.provolatile::text as volatility,
 case when p.prokind = 'a' then 'aggregate' when l.lanname = 'internal' and p.prosrc ~ '^(multi)?range_constructor[0-9]$' then 'constructor'
  else l.lanname::text end as language, p.prosecdef::text as definer, p.proargtypes::text as args, e.extname::text as extension
from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_language l on l.oid = p.prolang
left join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.objid = p.oid and d.deptype = 'e'
left join pg_catalog.pg_extension e on e.oid = d.refobjid
where n.nspname <> 'information_schema' and (n.nspname <> 'pg_catalog' or p.oid >= 16384)`,
  },
  {
    name: 'types',
    sql: `select t.oid::text as oid, n.nspname::text as schema, t.typname::text as name, t.typbasetype::text as base,
 (exists (select from pg_catalog.pg_constraint k join pg_catalog.pg_depend d
   on d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass and d.objid = k.oid
   where k.contypid = t.oid and d.refobjid >= 16384
   and d.refclassid in ('pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_operator'::pg_catalog.regclass))
 or exists (select from pg_catalog.pg_proc p join pg_catalog.pg_language l on l.oid = p.prolang
   where l.lanname not in ('c','internal') and (p.oid = t.typinput or p.oid in (select k.castfunc from pg_catalog.pg_cast k
     where k.castsource = t.oid or k.casttarget = t.oid)))
 or exists (select from pg_catalog.pg_attribute a join pg_catalog.pg_type s on s.oid = a.atttypid
   where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and s.typtype = 'd' and s.oid >= 16384))::text as code
from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
left join pg_catalog.pg_class c on c.oid = t.typrelid
where ${user} and t.typcategory <> 'A' and (t.typtype <> 'c' or c.relkind = 'c')`,
  },
  {
    // Code that runs when a relation is written, or read under row security, by what hangs on it.
    name: 'relation-code',
    // Starts from what depends on code, of which there is little, and looks the rest up by its id: any other order reads the
    // whole catalogue for each of its rows.
    sql: `with d as materialized (select d.classid as class, d.objid as id, coalesce(p.oprcode::pg_catalog.oid, d.refobjid)::text as function
 from pg_catalog.pg_depend d
 left join pg_catalog.pg_operator p on d.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass and p.oid = d.refobjid
 where d.refobjid >= 16384 and (d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass or p.oid is not null))
select t.tgrelid::text as relation, 'write' as at, t.tgfoid::text as function
from pg_catalog.pg_trigger t where not t.tgisinternal
union select a.adrelid::text, 'write', d.function
from d join pg_catalog.pg_attrdef a on a.oid = d.id where d.class = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
union select c.conrelid::text, 'write', d.function
from d join pg_catalog.pg_constraint c on c.oid = d.id where d.class = 'pg_catalog.pg_constraint'::pg_catalog.regclass and c.conrelid <> 0
union select a.attrelid::text, 'write', d.function
from d join pg_catalog.pg_constraint c on c.oid = d.id join pg_catalog.pg_type t on c.contypid in (t.oid, t.typbasetype)
join pg_catalog.pg_attribute a on a.atttypid = t.oid
where d.class = 'pg_catalog.pg_constraint'::pg_catalog.regclass and c.contypid <> 0
union select y.polrelid::text, 'read', d.function
from d join pg_catalog.pg_policy y on y.oid = d.id where d.class = 'pg_catalog.pg_policy'::pg_catalog.regclass
union select s.stxrelid::text, 'write', d.function
from d join pg_catalog.pg_statistic_ext s on s.oid = d.id where d.class = 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass
union select i.indrelid::text, 'write', d.function
from d join pg_catalog.pg_index i on i.indexrelid = d.id where d.class = 'pg_catalog.pg_class'::pg_catalog.regclass`,
  },
  {
    name: 'references',
    sql: `select c.confrelid::text as relation, c.conrelid::text as by,
 bool_or(c.confupdtype in ('c','n','d') or c.confdeltype in ('c','n','d'))::text as cascades
from pg_catalog.pg_constraint c where c.contype = 'f' group by c.confrelid, c.conrelid`,
  },
  {
    name: 'hidden-code',
    sql: `select case when k.castcontext = 'e' then 'explicit-cast' else 'implicit-cast' end as kind, k.castfunc::text as function
from pg_catalog.pg_cast k where k.oid >= 16384 and k.castfunc <> 0
union select 'event-trigger', t.evtfoid::text from pg_catalog.pg_event_trigger t where t.evtenabled <> 'D'`,
  },
  {
    name: 'operators',
    sql: `select n.nspname::text as schema, o.oprname::text as name, o.oprcode::pg_catalog.oid::text as function
from pg_catalog.pg_operator o join pg_catalog.pg_namespace n on n.oid = o.oprnamespace where o.oid >= 16384`,
  },
];
