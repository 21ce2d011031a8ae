/** What people and their scripts do in psql. Each begins in an empty schema of its own, `d`, that is on the search_path. */
export interface PsqlScript {
  readonly sql: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const all = (sql: string): PsqlScript => ({ sql });

export const psqlScripts: Readonly<Record<string, PsqlScript>> = {
  'values of every kind': all(`
    select true, 1::int2, 2::int4, 3::int8, 1.5::float4, 'NaN'::float8, 12345.678900::numeric, 'Infinity'::numeric;
    select 'x'::"char", 'ab'::char(4), 'varying'::varchar(9), 'täxt ☃ 𝄞'::text, E'a\\tb\\nc', 'n'::name, ''::text, null;
    select '\\xdeadbeef'::bytea, decode('00ff', 'hex'), b'1010', x'ff'::bit(8), '101'::varbit;
    select date '2024-02-29', time '12:34:56.789', timetz '12:00+02', timestamp '2024-01-01', timestamptz '2024-01-01 00:00+00', interval '1 mon 2 days 03:04:05';
    select '{"a": [1, null, "x"]}'::json, '{"b": 1, "a": {}}'::jsonb, '$.a[*]'::jsonpath, '<a>1</a>'::text;
    select 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid, inet '10.0.0.1/8', cidr '10.0.0.0/8', macaddr '08:00:2b:01:02:03', macaddr8 '08:00:2b:ff:fe:01:02:03';
    select point(1, 2), line '{1,2,3}', lseg '[(0,0),(1,1)]', box '(1,1),(0,0)', path '((0,0),(1,1))', polygon '((0,0),(1,1))', circle '<(0,0),1>';
    select int4range(1, 5), nummultirange(numrange(1, 2), numrange(3, 4)), daterange(null, '2024-01-01'), tstzrange('2024-01-01+00', 'infinity');
    select array[1, 2, null], array[['a', 'b'], ['c,"d"', null]], '[0:1]={1,2}'::int[], row(1, 'a', null), '{}'::text[];
    create type mood as enum ('sad', 'ok'); create domain small as int check (value < 10); create type pair as (a int, b text);
    select 'ok'::mood, 7::small, row(1, 'x')::pair, array['sad', 'ok']::mood[];
    select 'a b'::tsvector, 'a & b'::tsquery, 'pg_class'::regclass, 'int4'::regtype, 'now'::regproc, '1/2'::pg_lsn, '(1,2)'::tid, '5'::xid, money '1.50', oid '26';
    set bytea_output = escape; select '\\xdeadbeef00'::bytea; set datestyle = 'German'; select date '2024-02-29'; set intervalstyle = iso_8601; select interval '1 day';
    set extra_float_digits = 0; select 0.1::float8 + 0.2; set timezone = 'Asia/Tokyo'; select timestamptz '2024-01-01 00:00+00';
    table pg_am; values (1, 'a'), (2, 'b');
    select * from generate_series(1, 3) g, lateral (select g * 2) x(y) \\gx`),
  'errors of many classes, with all that they say': all(`
    create table parent (id int primary key, email text unique, age int check (age > 0) not null);
    create table child (id int primary key, parent int constraint child_of references parent, during int4range, exclude using gist (during with &&));
    insert into parent values (1, 'a@b.example', 5);
    insert into parent values (1, 'x', 5); insert into parent values (2, 'a@b.example', 5); insert into parent values (3, 'x', -1); insert into parent values (3, 'x', null);
    insert into child values (1, 99, null); insert into child values (1, 1, '[1,5)'); insert into child values (2, 1, '[3,9)'); delete from parent;
    selec 1; select 'unterminated; select 2;
    '; select nonsense from parent; select parent.nonsense from parent; select * from missing; select missing(1); select * from missing.t;
    select 1/0; select 'x'::int; select 1::text + 1; select '2024-13-01'::date; select 300::"char"::int2, 70000::int2; select sqrt(-1); select array[1] || 'x'::text;
    select 1 as a where a = 1; select count(*) from parent group by nonsense; select id, count(*) from parent; insert into parent (id) values (1, 2);
    select * from parent p join child c on p.idd = c.parent; update parent set emial = 'x'; drop table parent; create table parent (a int);
    set work_mem = 'lots'; set nonsense.x = 1; set nonsense = 1; show nonsense; alter system set nonsense = 1; select set_config('nonsense', '1', false);
    begin; select 1/0; select 1; savepoint s; commit; savepoint s; rollback to s; release s; commit; rollback; prepare transaction 'x';
    select pg_sleep(-1); select lo_get(4294967295); close nothing; fetch from nothing; deallocate nothing; execute nothing; listen "a b"; notify; lock table parent;
    create function f(int) returns int language sql as 'select nonsense'; create function g() returns int language plpgsql as $$ begin return 1/0; end $$; select g();
    create function h() returns void language plpgsql as $$ begin perform d.g(); exception when others then raise exception using message = sqlerrm, detail = sqlstate, hint = 'h', errcode = 'XX123'; end $$; select h();
    create view v as select id from parent; alter table parent drop column id; select * from v; select '{'::json; select '{"a":}'::jsonb; select 'x' ~ '('; select chr(0);
    set statement_timeout = 40; select pg_sleep(5); reset statement_timeout; set lock_timeout = 'x'; grant select on missing to public; set role nobody_there;
    select repeat('x', 1000) || nonsense; select $1; select 1 limit -1; with recursive r as (select 1 union all select * from r r2, r) select * from r;`),
  'notices, warnings and messages at every level': all(`
    do $$ begin raise debug 'd'; raise log 'l'; raise info 'i'; raise notice 'n % %', 1, 'two'; raise warning 'w' using hint = 'h', detail = 'd'; end $$;
    set client_min_messages = debug1; do $$ begin raise debug 'd'; end $$; set client_min_messages = error; do $$ begin raise warning 'w'; end $$; reset client_min_messages;
    create function tell(n int) returns setof int language plpgsql as $$ begin for i in 1..n loop raise notice 'row %', i; return next i; end loop; end $$;
    select * from tell(3); select tell(2); drop table if exists missing; commit; rollback; create table if not exists t (a int); create table if not exists t (a int);
    do $$ declare x int; begin x := 1/0; exception when division_by_zero then raise notice 'caught %', sqlerrm; end $$;
    create table u (a int) ; create index on u (a); vacuum u; analyze u; begin; begin; commit;`),
  'several statements in one text, an error in the middle': {
    sql: `create table t (a int); insert into t values (1); insert into t values (2) \\; select 1/0 \\; insert into t values (3);
      table t; select 1 \\; select 2 \\; select 3; begin \\; insert into t values (9) \\; commit \\; select nonsense; table t;
      insert into t values (4) \\; commit \\; select 1/0; table t; ; \\;`,
  },
  'transactions and savepoints': all(`
    create table t (a int);
    begin; insert into t values (1); savepoint a; insert into t values (2); rollback to a; insert into t values (3); release a; commit; table t;
    begin isolation level serializable read only; insert into t values (4); rollback; begin; savepoint a; select 1/0; rollback to a; select 'alive'; commit and chain; rollback;
    start transaction read only; show transaction_read_only; show transaction_isolation; end; begin; set local work_mem = '2MB'; show work_mem; commit; show work_mem;
    \\set ON_ERROR_ROLLBACK on
    begin; select 1/0; select 'psql made a savepoint'; commit;
    \\set AUTOCOMMIT off
    insert into t values (5); select 1/0; select 1; rollback; table t; commit;
    begin; set constraints all deferred; abort;`),
  'COPY in and out, from psql and from files of psql': all(`
    create table t (a int, b text);
    copy t from stdin;
1\tone
2\t\\N
3\ta\\tb\\\\c
\\.
    copy t (b, a) from stdin with (format csv, header, null 'NIL');
b,a
"quo""ted, with
a line",4
NIL,5
\\.
    copy t from stdin;
x\tnot a number
\\.
    table t order by a; copy t to stdout; copy (select * from t order by a desc) to stdout (format csv, header, force_quote *);
    \\copy t to 'rows.txt'
    \\copy (select a, b from t where a < 3) to 'rows.csv' csv header
    \\copy t to 'rows.bin' (format binary)
    truncate t;
    \\copy t from 'rows.bin' (format binary)
    \\copy t from 'rows.txt'
    select count(*), sum(a) from t;
    \\! cat rows.csv; cksum rows.bin
    \\copy missing from 'rows.txt'
    \\copy t from 'no such file'
    \\copy t from 'rows.txt' (format csv)
    copy (select 1/(2 - n) from generate_series(1, 3) n) to stdout;
    create table big as select n, md5(n::text) from generate_series(1, 20000) n;
    \\copy big to 'big.csv' csv
    truncate big;
    \\copy big from 'big.csv' csv
    select count(*), md5(string_agg(md5, '' order by n)) from big; copy t from program 'false'; copy t to '/nowhere/x';`),
  cursors: all(`
    begin; declare c scroll cursor with hold for select n from generate_series(1, 10) n; fetch 3 from c; fetch backward 2 from c; move last in c; fetch absolute 5 from c; fetch relative -1 from c; commit;
    fetch all from c; select name, is_holdable, statement from pg_cursors; close c; fetch c; close all;
    begin; declare d cursor for select 1/(3 - n) from generate_series(1, 5) n; fetch 2 from d; fetch 1 from d; rollback;
    \\set FETCH_COUNT 2
    select n from generate_series(1, 5) n; select 1/(4 - n) from generate_series(1, 5) n; select 1;
    create table t as select 1 as a; begin; declare e cursor for select * from t for update; fetch e; update t set a = 2 where current of e; commit; table t;`),
  'prepared statements and DISCARD': all(`
    prepare p (int, text) as select $1 + 1, upper($2); execute p (1, 'x'); execute p (1); execute p ('x', 1); prepare p as select 1; select name, statement, parameter_types from pg_prepared_statements;
    deallocate p; execute p (1, 'x'); prepare q as select 1; deallocate all; execute q; create temporary table tt (a int); set work_mem = '3MB'; listen l;
    discard all; table tt; show work_mem; discard plans; discard sequences; discard temp; create table r as execute q; explain (costs off) execute q;`),
  settings: {
    sql: `show statement_timeout; show geqo; set session statement_timeout = '5s'; set local statement_timeout = 1; show statement_timeout; reset all; show statement_timeout; show client_encoding; show server_version; show search_path;
      select current_user, session_user, current_database(), current_schema, inet_server_port() is null; set search_path = pg_catalog, d; show search_path; set standard_conforming_strings = on; set client_encoding = 'UTF8';`,
    env: { PGOPTIONS: '-c statement_timeout=12345 -c geqo=off --lock-timeout=99', PGAPPNAME: 'a name of its own' },
  },
  'a notification to oneself': all(`
    listen news; notify news; notify news, 'with a payload'; select pg_notify('news', 'by function'); begin; notify news, 'held'; select 'before'; commit;
    begin; notify news, 'never'; rollback; unlisten news; notify news, 'unheard'; select pg_notification_queue_usage(), pg_listening_channels();`),
  'large objects': all(`
    select lo_create(4242); select lo_put(4242, 0, 'abc'), lo_get(4242); select lo_from_bytea(4243, '\\xff00'); begin; select lo_open(4242, 393216), lowrite(0, 'xyz'), lo_lseek(0, 1, 0), loread(0, 9), lo_tell(0); commit;
    select lo_unlink(4242), lo_unlink(4243); select lo_unlink(4244);
    select count(*) from pg_largeobject_metadata;`),
  'what psql asks the catalogue': all(`
    create table t (id int generated always as identity primary key, b text default 'x' collate "C", c numeric(5,2) check (c > 0)); create index on t (b desc) where c > 1; comment on table t is 'about t';
    create view v as select id from t; create materialized view m as select 1 as a; create sequence s; create function f(a int, b text = 'x') returns int language sql as 'select a'; create type e as enum ('a');
    \\d
    \\d t
    \\d+ v
    \\dt
    \\dt d.*
    \\di+ t*
    \\dv
    \\dm
    \\ds
    \\df
    \\sf f
    \\sv v
    \\dT
    \\dn
    \\du app
    \\dp t
    \\dd t
    \\dx
    \\d missing
    \\df+ missing
    \\encoding
    \\l shop
    \\dconfig work_mem
    \\z missing
    \\h checkpoint`),
  'psql’s own ways to run things': all(`
    create table t (a int); select format('insert into t values (%s)', n) from generate_series(1, 3) n \\gexec
    table t \\gdesc
    select 1 as one, 'two' as two \\gset
    select :one, :'two', :"two" \\g
    select a from t \\crosstabview
    select a, a * 2 as b, 'x' as c from t \\crosstabview a b c
    \\if :one
      select 'chosen';
    \\else
      select 'not chosen';
    \\endif
    \\x auto
    table t; \\g (format=csv) 
    \\pset null '∅'
    select null; \\echo :ROW_COUNT :SQLSTATE :ERROR :LAST_ERROR_MESSAGE
    select 1/0; \\echo :ROW_COUNT :SQLSTATE :ERROR :LAST_ERROR_MESSAGE
    \\errverbose
    \\o out.txt
    select 'into a file';
    \\o
    \\! cat out.txt
    \\timing off
    \\i missing.sql
    \\unknown
    \\bind 1
    select 'x' \\; select 'y' \\g`),
  'big rows, long texts and nothing at all': all(`
    ; ;; select; select from generate_series(1, 2); select md5(repeat('x', 10000000)), length(repeat('é', 3000000));
    select repeat(chr(64 + n), 100000) from generate_series(1, 5) n; select n, repeat('r', n % 50) from generate_series(1, 5000) n;
    select string_agg('c' || n, ',') as columns from generate_series(1, 1600) n;
    select length('${'x'.repeat(260_000)}'), length('${'y'.repeat(300_000)}'); insert into missing values ('${'z'.repeat(300_000)}');
    select ${Array.from({ length: 600 }, (_, index) => index).join(', ')};`),
  'one transaction around a script that fails': {
    sql: 'create table t (a int); insert into t values (1); select 1/0; insert into t values (2);',
    args: ['-1'],
  },
  ON_ERROR_STOP: { sql: 'select 1; select 1/0; select 2;', args: ['-v', 'ON_ERROR_STOP=1'] },
};
