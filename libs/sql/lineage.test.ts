import { beforeAll, expect, describe as group, test } from 'vitest';
import { describe } from './describe.js';
import type { ColumnSource, Lineage } from './lineage-tracer.js';
import { loadParser } from './parser.js';
import { calm, shop } from './test-catalogue.js';

beforeAll(loadParser);

const traced = (text: string): Lineage => describe(text, calm, shop).statements.at(-1)!.lineage;
const shortly = ({ relation, column }: ColumnSource): string => `${relation}.${column}`;
/** Each output as `bare customers.ssn`, `from customers.ssn …`, `clean`, with `?` where it is opaque. */
const outputsOf = (text: string): readonly string[] | undefined =>
  traced(text).outputs?.map(({ sources, bare, opaque }) => {
    const masked = sources.filter(({ relation, column }) => relation === 'customers' && column === 'ssn');
    const shown = bare !== undefined && masked.length > 0 ? 'bare' : masked.length > 0 ? 'from' : 'clean';
    return opaque ? `${shown}?` : shown;
  });
const probedIn = (text: string): boolean => traced(text).probed.some((one) => shortly(one) === 'customers.ssn');

/** id name email ssn card balance notes ssn_length, of which the last is computed from ssn. */
const wholeCustomer = ['clean', 'clean', 'clean', 'bare', 'clean', 'clean', 'clean', 'from'];

group('an output column', () => {
  test.each([
    ['select ssn from customers', ['bare']],
    ['select ssn as order_ref, id from customers', ['bare', 'clean']],
    ['select c.x from (select ssn as x from customers) c', ['bare']],
    ['select x from customers as c(x1, x2, x3, x)', ['bare']],
    ['with z(a, b, c, d) as (select id, name, email, ssn from customers) select d, a from z', ['bare', 'clean']],
    ['select c.ssn from customers c join orders o on o.customer_id = c.id', ['bare']],
    ["select 'x' || ssn, id from customers", ['from', 'clean']],
    ["select concat_ws('|', id, ssn) from customers", ['from']],
    ['select substr(ssn, 1, 3), upper(name) from customers', ['from', 'clean']],
    ["select encode(ssn::bytea, 'hex') from customers", ['from']],
    ["select replace(ssn, '-', '')::bigint + 1 from customers", ['from']],
    ['select c from customers c', ['from']],
    ['select c::text, c.id from customers c', ['from', 'clean']],
    ['select row(c.*)::text from customers c', ['from']],
    ["select to_jsonb(c) ->> 'ssn' from customers c", ['from']],
    ['select row_to_json(c) from customers c', ['from']],
    ['select (c).ssn, (c).id from customers c', ['bare', 'clean']],
    ['select ssn(c) from customers c', ['from?']],
    ['select max(ssn), count(*) from customers', ['from', 'clean']],
    ['select array_agg(name order by ssn) from customers', ['from']],
    ['select count(*) filter (where ssn is null) from customers', ['from']],
    ["select case when ssn like '5%' then 1 else 0 end from customers", ['from']],
    ['select coalesce(ssn, name), nullif(name, ssn) from customers', ['from', 'from']],
    ['select (select ssn from customers where id = 1), 1', ['from', 'clean']],
    ["select (select 1 from customers where ssn like '5%')", ['from']],
    ["select exists (select 1 from customers where ssn like '5%')", ['from']],
    ["select 'a' in (select ssn from customers)", ['from']],
    ['select array(select ssn from customers)', ['from']],
    ['select id::text from orders union all select ssn from customers', ['from']],
    ['select ssn from customers union all select ssn from customers', ['bare']],
    ['select ssn from customers union select status from orders', ['from']],
    ['select l.x from customers c, lateral (select c.ssn as x) l', ['bare']],
    ['select u from customers, unnest(array[ssn]) u', ['from?']],
    ['select x from customers, unnest(array[ssn]) as u(x)', ['from?']],
    ['select i, substr(ssn, i, 1) from customers, generate_series(1, 11) i', ['clean?', 'from?']],
    [
      "with recursive r(n, s) as (select 1, ssn from customers union all select n + 1, s || 'x' from r where n < 3) select n, s from r",
      ['clean', 'from'],
    ],
    [
      'with recursive r(a, b) as (select 1, name from customers union all select a, b from r) select b from r',
      ['clean'],
    ],
    ['select row_number() over (order by ssn), lag(ssn) over (order by id) from customers', ['from', 'from']],
    ['select rank() over w from customers window w as (order by id)', ['clean']],
    ["select json_build_object('a', ssn), jsonb_agg(name) from customers", ['from', 'clean']],
    ["select json_object('a': ssn) from customers", ['from']],
    ['select xmlelement(name a, ssn) from customers', ['from']],
    ["select t.a from customers, json_table(to_jsonb(ssn), '$' columns (a text path '$')) t", ['from?']],
    ['select distinct on (id) ssn, id from customers', ['bare', 'clean']],
    ['select * from customers', wholeCustomer],
    ['select c.* from customers c', wholeCustomer],
    [
      'select * from (select ssn, id from customers) x join orders using (id)',
      ['clean', 'bare', 'clean', 'clean', 'clean'],
    ],
    ['values (1, (select ssn from customers limit 1))', ['clean', 'from']],
    ['table customers', wholeCustomer],
    ['update customers set name = name returning ssn, id', ['bare', 'clean']],
    ['update customers set ssn = reverse(ssn) returning ssn', ['from?']],
    ["update customers set ssn = ssn, card = 'x' returning ssn, card", ['bare', 'clean']],
    ['update orders set status = c.ssn from customers c returning status', ['from']],
    ['insert into orders (status) select ssn from customers returning status, id', ['from', 'clean']],
    ['delete from customers returning *', wholeCustomer],
    ['explain select ssn from customers', ['from']],
    ['copy (select reverse(ssn), id from customers) to stdout', ['from', 'clean']],
    ['copy customers (id, ssn) to stdout', ['clean', 'bare']],
    ["select query_to_xml('select ssn from customers', true, true, '')", ['clean?']],
    ['select f_stable()', ['clean?']],
    ['select nowhere.x from nowhere', ['clean?']],
    ['select name collate "C", ssn collate "C" from customers', ['clean', 'bare']],
    ['select ssn::text from customers', ['from']],
    ["select $1::text, 'a' || 'b', now()", ['clean', 'clean', 'clean']],
    ['with w as (delete from orders returning id) select id from w', ['clean']],
    ['select greatest(ssn, name) from customers', ['from']],
    ['select array[ssn, name] from customers', ['from']],
    ['select (array[ssn])[1] from customers', ['from']],
    ['select * from only customers', wholeCustomer],
    ['select row_number() over w, count(*) over (w) from customers window w as (order by ssn)', ['from', 'from']],
    ["select (select app.customers.ssn || '' from orders as customers limit 1) from customers", ['from']],
    ["select (select app.customers.ssn || '' from customers as customers(a, ssn) limit 1) from customers", ['from']],
    [
      "select x || '' from (select * from unnest('{1}'::int[], '{a}'::text[]) u, (select ssn, id from customers) k) q(a, b, x, i)",
      ['from?'],
    ],
    ["select v.c || '' from customers k, lateral (values (k.*, k.id)) v(a, b, c)", ['from?']],
    [
      "with m as (update customers set name = name from xmltable('/a' passing '<a/>' columns x int) x returning *) select m.ssn || '' from m",
      ['from?'],
    ],
    [
      "with m as (merge into orders o using customers c on c.id = o.id when matched then delete returning *) select m.ssn || '' from m",
      ['from?'],
    ],
  ])('%s', (text, expected) => {
    const found = outputsOf(text);
    expect(found?.length).toBe(expected.length);
    // A `?` here says that it may be opaque, not that it must.
    expect(
      found?.map((one, index) => (expected[index]?.endsWith('?') && !one.endsWith('?') ? `${one}?` : one)),
    ).toEqual(expected);
  });

  test('made of constants alone says so, and a column never does', () => {
    expect(traced("select 'a', $1::text, upper('x')").outputs?.map((one) => one.constant)).toEqual([true, true, true]);
    expect(
      traced("select id, id + 1, f_stable(), current_setting('a'), (select 'x')").outputs?.some((one) => one.constant),
    ).toBe(false);
  });
});

group('a probe', () => {
  test.each([
    "select id from customers where ssn like '5%'",
    "select id from customers where ssn = '5'",
    'select id from customers order by ssn',
    'select id, ssn from customers order by 2',
    'select id, ssn as s from customers order by s',
    'select ssn from customers order by 1 fetch first 3 rows with ties',
    'select count(*) from customers group by ssn',
    'select ssn, count(*) from customers group by 1',
    "select count(*) from customers having max(ssn) > '5'",
    'select distinct ssn from customers',
    'select distinct on (ssn) id from customers',
    'select a.id from customers a join customers b on a.ssn = b.ssn',
    "select id from customers join (values ('5')) v(ssn) using (ssn)",
    "select 1 from customers natural join (values ('5')) v(ssn)",
    'select row_number() over (order by ssn) from customers',
    'select sum(id) over (partition by ssn) from customers',
    'select rank() over w from customers window w as (order by ssn)',
    'select id from customers limit (select ascii(substr(ssn, 1, 1)) from customers where id = 1)',
    'select id from customers offset (select length(ssn) from customers where id = 1)',
    "select 1 / (case when ssn like '5%' then 0 else 1 end) from customers",
    'select ssn::int from customers',
    'select count(ssn) from customers',
    'select count(distinct ssn) from customers',
    "select id from customers where exists (select 1 from customers c where c.ssn = '5')",
    'select id from products where id in (select length(ssn) from customers)',
    "select regexp_split_to_table(ssn, '') from customers",
    'select i from customers, generate_series(1, length(ssn)) i',
    "select ssn from customers union select '5'",
    "select ssn from customers intersect all select '5'",
    "update customers set name = 'x' where ssn = '5'",
    "delete from orders using customers c where c.ssn = '5'",
    'merge into orders o using customers c on c.ssn = o.status when matched then delete',
    "select * from products order by (case when (select ssn like '5%' from customers where id = 1) then id else -id end)",
    "explain select * from customers where ssn > '5'",
    'explain select ssn from customers',
    "select string_agg(d::text, '' order by p) from customers, generate_series(1, 11) p, generate_series(0, 9) d where id = 1 and substr(ssn, p, 1) = d::text",
    'select p.id from products p join customers c on p.id = ascii(substr(c.ssn, 1, 1)) - 47',
    'select count(*) from customers group by grouping sets ((ssn), ())',
    'select count(*), ssn from customers group by grouping sets (rollup (2), ())',
    'select ssn, 1 from customers group by (1, 2)',
    'select (o).*, ssn from orders o, customers order by 7',
    'select (o).* from orders o union all select id, ssn, id, id from customers order by 2',
    "select case when ssn like '5%' then 1 / id end from customers",
    "select coalesce(nullif(ssn, '5'), (1 / id)::text) from customers",
    "select ssn = '5' or 1 / id = 1 from customers",
    "select date_trunc(replace(ssn, '5', 'hour'), now()) from customers",
    "select substr('abc', 1, length(ssn)) from customers",
    "select 'abc' like ssn from customers",
    'select json_object(ssn : 1) from customers',
    'select xmlparse(content ssn) from customers',
    'with recursive a as (select 1 as one from b where b.s = $1), b as (select ssn as s from customers) select one from a',
    "with recursive t(s) as (select ssn from customers union all select s from t) search depth first by s set ord select 1 from t where s like '5%'",
    'with recursive t(s) as (select ssn from customers union all select s from t) cycle s set found using path select 1 from t',
    "select count(*) from (select (c).* from customers c) a join (values ('5')) b(ssn) using (ssn)",
    "select count(*) from (select (c).* from customers c) a natural join (values ('5')) b(ssn)",
    "select count(*) from (select (o).* from orders o union all select id, ssn, id, id from customers) q(a, b) where q.b = '5'",
    "select count(*) from v_top where label = '5'",
    'with recursive r(n) as (select 1 union all select n + 1 from r, customers where ssn > n::text) select n from r',
    "select id from customers c where c.* = row(1, 'a', 'b', 'c')",
  ])('is found: %s', (text) => {
    expect(probedIn(text)).toBe(true);
  });

  test.each([
    'select ssn from customers',
    'select id, ssn from customers where id = 5 order by id limit 3',
    'select upper(ssn), substr(ssn, 1, 3) from customers',
    "select 'x' || ssn from customers",
    "select case when ssn like '5%' then 1 else 0 end from customers",
    'select c from customers c',
    'select ssn from customers union all select name from customers',
    'select max(ssn) from customers',
    'select count(*) from customers',
    'select * from customers',
    "select name from customers where name like 'A%' group by name having count(*) > 1",
  ])('is none: %s', (text) => {
    expect(probedIn(text)).toBe(false);
  });

  test('by equality with a constant alone is a look-up', () => {
    const lookUps = (text: string) => traced(text).lookedUp.map(shortly);
    expect(lookUps("select id from customers where ssn = '5' and name = $1")).toEqual([
      'customers.name',
      'customers.ssn',
    ]);
    expect(lookUps("select id from customers where ssn = '5' or id = 1")).toEqual([]);
    expect(lookUps("select id from customers where ssn = '5' order by ssn")).toEqual([]);
    expect(lookUps('select id from customers where ssn = name')).toEqual([]);
  });

  test('with more than one value is more than a look-up', () => {
    for (const text of [
      "select id from customers, (values ('5'), ('6')) g(v) where ssn = g.v",
      'select id from customers, generate_series(1, 9) g where ssn = g::text and ssn = g',
      "select id from customers, unnest('{5,6}'::text[]) g where ssn = g",
      "select (select count(*) from customers where ssn = (select g.v)) from (values ('5'), ('6')) g(v)",
      "select 1 from customers where ssn = '5' union all select 2 from customers where ssn = '6'",
      "select 1 from customers a, customers b where a.ssn = '5' and b.ssn = '6'",
    ]) {
      expect(traced(text).lookedUp.map(shortly), text).not.toContain('customers.ssn');
      expect(probedIn(text), text).toBe(true);
    }
  });
});

test('what takes part in an expression is computed with, and what is only shown is not', () => {
  const computed = (text: string) => traced(text).computed.some((one) => shortly(one) === 'customers.ssn');
  for (const text of [
    "select ssn || '' from customers",
    'select upper(x) from (select ssn as x from customers) c',
    'select ssn::text from customers',
    'select coalesce(ssn, name) from customers',
    'select 1 from (select length(ssn) from customers) c',
    'select (select ssn from customers where id = 1)',
    'select array[ssn] from customers',
  ])
    expect(computed(text), text).toBe(true);
  for (const text of [
    'select ssn, upper(name) from customers',
    'select * from customers',
    'select (c).ssn from customers c',
  ])
    expect(computed(text), text).toBe(false);
});

test('a statement that was not traced to its end is not understood', () => {
  const ones = Array.from({ length: 60_000 }, () => '1').join(',');
  const queries = Array.from({ length: 201 }, (_, index) => `c${index} as (select 1)`).join(', ');
  for (const text of [
    `select count(*) from (select 1 where 1 in (${ones})) v, customers where ssn like '5%'`,
    `with ${queries}, q as (select 1 from customers where ssn like '5%') select count(*) from q`,
    'with recursive a as (select 1 as x from b), b as (select 1 as x from a) select x from a',
  ])
    expect(describe(text, calm, shop)).toMatchObject({ risk: 'unknown', flags: ['not-traced'] });
});

test('what is stored names where it comes from', () => {
  const stored = (text: string) =>
    traced(text).stored.map(({ into, from }) => [into && shortly(into), from.map(shortly)]);
  expect(stored('update orders set status = c.ssn from customers c')).toEqual([['orders.status', ['customers.ssn']]]);
  expect(stored('insert into orders (status) select ssn from customers')).toEqual([
    ['orders.status', ['customers.ssn']],
  ]);
  expect(stored('create table t as select ssn from customers')).toEqual([[undefined, ['customers.ssn']]]);
  expect(stored('select ssn into t from customers')).toEqual([[undefined, ['customers.ssn']]]);
  expect(stored("update customers set ssn = 'x', name = name")).toEqual([]);
});

test('thousands of common table expressions and deep nesting end quickly, and prove nothing', () => {
  const chain = Array.from(
    { length: 500 },
    (_, i) => `c${i} as (select * from ${i === 0 ? 'customers' : `c${i - 1}`})`,
  );
  expect(
    traced(`with ${chain.join(', ')} select * from c499`).outputs?.some(
      ({ opaque, sources }) => opaque || sources.length > 0,
    ),
  ).not.toBe(false);
  const nested = `${'('.repeat(300)}select ssn from customers${')'.repeat(300)}`;
  expect(outputsOf(nested)?.[0]).toMatch(/^(bare|from)/);
});
