/** The part of the hardening script that gives the role what it is for, schema by schema. */
import { hidden, user } from './self-check-queries.js';

const withheld = `select e ->> 0, e ->> 1, e ->> 2 from jsonb_array_elements(current_setting('sallyport.withheld')::jsonb) e`;

// What an extension made is not the application's data.
const relations = `${hidden(withheld)}select c.oid, format('%I.%I', n.nspname, c.relname) as name, c.relkind as kind,
      exists (select from views v where v.relid = c.oid) as shows,
      exists (select from hidden h where h.relid = c.oid) as hides,
      (select string_agg(quote_ident(a.attname), ', ' order by a.attnum) from pg_attribute a where a.attrelid = c.oid
        and a.attnum > 0 and not a.attisdropped and (a.attrelid, a.attnum) not in (select relid, attnum from hidden)) as columns
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = any (schemas) and c.relkind in ('r', 'p', 'v', 'm', 'f') and not exists (select from pg_depend d
      where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e')
    order by 2`;

const sequences = `select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
    join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_class'::regclass and d.deptype = 'a'
    join pg_class t on t.oid = d.refobjid join pg_namespace tn on tn.oid = t.relnamespace
    where c.relkind = 'S' and tn.nspname = any (schemas)`;

export const grants = `do $harden$
declare
  named constant text := current_setting('sallyport.role');
  writes constant boolean := current_setting('sallyport.read_write')::boolean;
  listed constant jsonb := current_setting('sallyport.schemas')::jsonb;
  schemas constant text[] := array(select n.nspname::text from pg_namespace n where ${user('n')}
    and (listed = '[]' or listed ? n.nspname) and not exists (select from pg_depend d
      where d.classid = 'pg_namespace'::regclass and d.objid = n.oid and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'));
  found record;
  each text;
begin
  execute format('grant connect on database %I to %I', current_database(), named);
  foreach each in array schemas loop
    perform pg_temp.attempt(format('grant usage on schema %I to %I', each, named));
  end loop;
  for found in ${relations}
  loop
    if found.kind = 'f' then
      raise notice 'not granted, because it reads elsewhere as somebody else: %', found.name;
    elsif found.shows then
      raise notice 'not granted, because it shows a withheld column: %', found.name;
    elsif found.hides and found.columns is null then
      raise notice 'not granted, because every column is withheld: %', found.name;
    else
      each := case when found.hides then format(' (%s)', found.columns) else '' end;
      perform pg_temp.attempt(format('grant select%s on %s to %I', each, found.name, named));
      if writes and found.kind in ('r', 'p') then
        perform pg_temp.attempt(format('grant insert%1$s, update%1$s, delete on %2$s to %3$I', each, found.name, named));
      end if;
    end if;
  end loop;
  if writes then
    for each in ${sequences}
    loop
      perform pg_temp.attempt(format('grant usage on sequence %s to %I', each, named));
    end loop;
  end if;
end $harden$;`;
