/** The parts of the hardening script that are about the role itself. Constant text: what differs stands in settings of the transaction. */

/** Settings that the role gets of its own, and those by which it could be looser than the server. */
const managed = `array['default_transaction_read_only', 'statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout',
    'search_path', 'row_security', 'lo_compat_privileges', 'standard_conforming_strings', 'allow_system_table_mods',
    'session_replication_role']`;

const here = '(select oid from pg_database where datname = current_database())';

/** What the server does not let this login do is left, and said: the self-check goes on to name it. */
export const attempt = `create or replace function pg_temp.attempt(statement text) returns boolean language plpgsql as $harden$
begin
  execute statement;
  return true;
exception when insufficient_privilege then
  raise warning 'left as it is, because this login may not: %', statement;
  return false;
end $harden$;`;

export const refusals = `do $harden$
declare
  named constant text := current_setting('sallyport.role');
  missing text;
begin
  if current_database() <> current_setting('sallyport.database') then
    raise exception 'this is the database %, and the script is for %', current_database(), current_setting('sallyport.database');
  end if;
  if named in (current_user, session_user) then
    raise exception 'the login of a connection cannot harden itself: name another by --role, or log in as another';
  end if;
  if exists (select from pg_roles where rolname = named and rolsuper) then
    raise exception '% is a superuser: name another login by --role', named;
  end if;
  if exists (select from pg_shdepend d join pg_roles r on r.oid = d.refobjid where r.rolname = named
      and d.refclassid = 'pg_authid'::regclass and d.deptype = 'o' and d.dbid in (0, ${here})) then
    raise exception '% owns objects here, and so may do with them what it likes: name another login by --role, or reassign them', named;
  end if;
  select string_agg(s, ', ') into missing from jsonb_array_elements_text(current_setting('sallyport.schemas')::jsonb) s
    where to_regnamespace(quote_ident(s)) is null;
  if missing is not null then
    raise exception 'there is no schema %', missing;
  end if;
end $harden$;`;

export const role = `do $harden$
declare
  named constant text := current_setting('sallyport.role');
  writes constant boolean := current_setting('sallyport.read_write')::boolean;
  path text;
  statement text;
begin
  if not exists (select from pg_roles where rolname = named) then
    execute format('create role %I login noinherit connection limit 100', named);
  end if;
  for statement in
    select format('alter role %I %s', named, a.word) from pg_roles r cross join lateral (values
      (r.rolcreaterole, 'nocreaterole'), (r.rolcreatedb, 'nocreatedb'), (r.rolreplication, 'noreplication'),
      (r.rolbypassrls, 'nobypassrls'), (r.rolinherit, 'noinherit'), (not r.rolcanlogin, 'login'),
      (r.rolconnlimit = -1, 'connection limit 100')) a(has, word) where r.rolname = named and a.has
    union all
    select format('alter role %I %s reset %I', named, coalesce('in database ' || quote_ident(d.datname), ''), split_part(c, '=', 1))
    from pg_db_role_setting s join pg_roles r on r.oid = s.setrole left join pg_database d on d.oid = s.setdatabase
    cross join unnest(s.setconfig) c
    where r.rolname = named and s.setdatabase in (0, ${here}) and lower(split_part(c, '=', 1)) = any (${managed})
  loop
    execute statement;
  end loop;
  -- pg_temp last: where it is not named, it comes first.
  select string_agg(quote_ident(n), ', ' order by o) into path from (
    select 'pg_catalog' as n, 0 as o
    union all select s, o from jsonb_array_elements_text(current_setting('sallyport.schemas')::jsonb) with ordinality e(s, o)
    union all select nspname, 1 from pg_namespace where nspname = 'public' and current_setting('sallyport.schemas') = '[]'
    union all select 'pg_temp', 1000000) p;
  execute format('alter role %I set search_path = %s', named, path);
  execute format('alter role %I set default_transaction_read_only = %s', named, case when writes then 'off' else 'on' end);
  execute format('alter role %I set statement_timeout = ''30s''', named);
  execute format('alter role %I set lock_timeout = ''2s''', named);
  execute format('alter role %I set idle_in_transaction_session_timeout = ''60s''', named);
end $harden$;`;

/** Whatever it was given before, so that what follows is all that it has. */
export const takenBack = `do $harden$
declare
  named constant text := current_setting('sallyport.role');
  me constant oid := (select oid from pg_roles where rolname = named);
  statement text;
begin
  for statement in
    select format('revoke %I from %I', b.rolname, named) || coalesce(' granted by ' || quote_ident(g.rolname), '')
    from pg_auth_members m join pg_roles b on b.oid = m.roleid left join pg_roles g on g.oid = m.grantor
    where m.member = me and b.rolname <> 'rds_iam'
    union all
    select format('revoke all on %s %s from %I', case
        when i.type in ('view', 'materialized view', 'foreign table') then 'table'
        when i.type in ('function', 'procedure', 'aggregate') then 'routine'
        when i.type = 'server' then 'foreign server' when i.type = 'foreign-data wrapper' then 'foreign data wrapper'
        when i.type = 'domain' then 'type' when i.type = 'parameter ACL' then 'parameter' else i.type end,
      case when d.classid = 'pg_proc'::regclass then d.objid::regprocedure::text else i.identity end, named)
    from (select distinct classid, objid from pg_shdepend
      where refclassid = 'pg_authid'::regclass and refobjid = me and deptype = 'a' and dbid in (0, ${here})) d
    cross join lateral pg_identify_object(d.classid, d.objid, 0) i
    where d.classid <> 'pg_default_acl'::regclass and (d.classid <> 'pg_database'::regclass or d.objid = ${here})
  loop
    perform pg_temp.attempt(statement);
  end loop;
end $harden$;`;
