/** The part of the hardening script that takes from PUBLIC what the role would have by it, and says how others get it back. */
import { harmfulBuiltIns, makersOfOpenRoutines, onlyComputes, user } from './self-check-queries.js';

const acl = (column: string, kind: string, owner: string) =>
  `aclexplode(coalesce(${column}, acldefault('${kind}', ${owner})))`;

/** Each row: `revoke <rights> on <kind> <name> from public`. A trigger function cannot be called, so it stays. */
const held = `select 'database' as kind, quote_ident(b.datname) as name, string_agg(a.privilege_type, ', ') as rights
    from pg_database b cross join lateral ${acl('b.datacl', 'd', 'b.datdba')} a
    where b.datname = current_database() and a.grantee = 0 and a.privilege_type <> 'CONNECT' group by b.datname
    union all
    select 'schema', quote_ident(n.nspname), 'CREATE' from pg_namespace n cross join lateral aclexplode(n.nspacl) a
    where a.grantee = 0 and a.privilege_type = 'CREATE'
    union all
    select 'tablespace', quote_ident(t.spcname), 'CREATE' from pg_tablespace t cross join lateral aclexplode(t.spcacl) a where a.grantee = 0
    union all
    select case c.relkind when 'S' then 'sequence' else 'table' end, format('%I.%I', n.nspname, c.relname),
      string_agg(a.privilege_type, ', ' order by a.privilege_type)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace cross join lateral aclexplode(c.relacl) a
    where a.grantee = 0 and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and (${user('n')} or a.privilege_type <> 'SELECT')
    group by c.relkind, n.nspname, c.relname
    union all
    select 'table', format('%I.%I', n.nspname, c.relname), string_agg(format('%s (%I)', a.privilege_type, t.attname), ', ')
    from pg_attribute t join pg_class c on c.oid = t.attrelid join pg_namespace n on n.oid = c.relnamespace
    cross join lateral aclexplode(t.attacl) a
    where a.grantee = 0 and not t.attisdropped and (${user('n')} or a.privilege_type <> 'SELECT') group by n.nspname, c.relname
    union all
    select 'routine', p.oid::regprocedure::text, 'EXECUTE' from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where exists (select from ${acl('p.proacl', 'f', 'p.proowner')} a where a.grantee = 0)
      and (${user('n')} and has_schema_privilege(named, n.oid, 'USAGE')
        and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype) and (p.prosecdef or not ${onlyComputes})
        or n.nspname = 'pg_catalog' and p.proname ~ '${harmfulBuiltIns}')
    union all
    select 'foreign server', quote_ident(s.srvname), 'USAGE' from pg_foreign_server s cross join lateral aclexplode(s.srvacl) a where a.grantee = 0
    union all
    select 'foreign data wrapper', quote_ident(w.fdwname), 'USAGE'
    from pg_foreign_data_wrapper w cross join lateral aclexplode(w.fdwacl) a where a.grantee = 0
    union all
    select 'large object', l.oid::text, string_agg(a.privilege_type, ', ')
    from pg_largeobject_metadata l cross join lateral aclexplode(l.lomacl) a where a.grantee = 0 group by l.oid`;

/** For things that are yet to be made. Never IN SCHEMA for what every schema has by default: that revokes nothing. */
const later = `select format('alter default privileges for role %I %s revoke all on %s from %s', pg_get_userbyid(d.defaclrole),
      case when n.nspname is not null then format('in schema %I', n.nspname) else '' end,
      case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'routines' when 'n' then 'schemas' else 'large objects' end,
      case a.grantee when 0 then 'public' else quote_ident(named) end)
    from pg_default_acl d left join pg_namespace n on n.oid = d.defaclnamespace cross join lateral aclexplode(d.defaclacl) a
    where d.defaclobjtype <> 'T' and a.grantee in (0, (select oid from pg_roles where rolname = named))
    union
    select format('alter default privileges for role %I revoke execute on routines from public', m.name) from (${makersOfOpenRoutines('named')}) m(name)`;

export const publicRights = `do $harden$
declare
  named constant text := current_setting('sallyport.role');
  others constant text := (select string_agg(quote_ident(rolname), ', ' order by rolname) from pg_roles
    where rolcanlogin and not rolsuper and rolname <> named);
  found record;
  statement text;
begin
  for found in ${held}
  loop
    if pg_temp.attempt(format('revoke %s on %s %s from public', found.rights, found.kind, found.name)) and others is not null then
      raise notice 'PUBLIC lost something; to give it back: grant % on % % to %;', found.rights, found.kind, found.name, others;
    end if;
  end loop;
  if to_regclass('pg_catalog.pg_parameter_acl') is not null then
    for statement in execute 'select format(''revoke all on parameter %s from public'', p.parname)
      from pg_parameter_acl p cross join lateral aclexplode(p.paracl) a where a.grantee = 0'
    loop
      perform pg_temp.attempt(statement);
    end loop;
  end if;
  for statement in ${later}
  loop
    perform pg_temp.attempt(statement);
  end loop;
end $harden$;`;
