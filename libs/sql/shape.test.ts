import { beforeAll, expect, describe as group, test } from 'vitest';
import { describe } from './describe.js';
import { createDescriber } from './describer.js';
import { loadParser } from './parser.js';
import { shapeOf } from './shape.js';
import { calm, shop } from './test-catalogue.js';

beforeAll(loadParser);

group('the shape of a plain SELECT', () => {
  test.each([
    ['select a from t where b = 5', 'select a from t where b = 0?', ['5']],
    ["select a from t where b='x' and c <> 'it''s'", "select a from t where b='?' and c <> '?'", ["'x'", "'it''s'"]],
    [
      'select "A" from t where b >= 12 and c < 3 limit 7',
      'select "A" from t where b >= 0? and c < 0? limit 7',
      ['12', '3'],
    ],
    ["SELECT ' = 5', a FROM t WHERE b=5", "SELECT ' = 5', a FROM t WHERE b=0?", ['5']],
  ])('takes the compared values out: %s', (text, key, values) => {
    expect(shapeOf(text)).toEqual({ key, values });
  });

  test.each([
    'select 1',
    'select a from t order by 2',
    'select a from t where b in (1, 2)',
    "select f('a', 1)",
    'select a from t where b = -5',
    'select a from t where b = 5.5',
    'select a from t where b = 12345678901',
    "select a from t where b = E'x'",
    "select a from t where b = U&'x'",
    "select a from t where b = date '2020-01-01'",
    'select a from t where b => 5',
    'select a from t where b := 5',
    'select a from t where b =- 5',
  ])('leaves a constant that may decide something: %s', (text) => {
    expect(shapeOf(text)).toBeUndefined();
  });

  test.each([
    'update t set a = 5 where b = 6',
    "set statement_timeout = '0'",
    'select a into x from t where b = 5',
    'with w as (select 1) select 1 where 1 = 1',
    'select a from t where b = 5 -- c',
    'select a from t where b /* = */ = 5',
    'select $$ a = 5 $$ where b = 5',
    "select '\\' where b = 5",
    "select 'a where b = 5",
    'select "a where b = 5',
    `select a from t where b = 5 and c = '${'x'.repeat(5000)}'`,
    'select a from t where b = 5 for update',
  ])('is not told of anything else: %s', (text) => {
    expect(shapeOf(text)).toBeUndefined();
  });

  test('is another one where a value closes its quotes', () => {
    const quiet = "select a from t where b = 'x' and c = 1";
    const loud = "select a from t where b = 'x' and d = 'y; drop table t' and c = 1";
    expect(shapeOf(quiet)?.key).not.toBe(shapeOf(loud)?.key);
    expect(shapeOf(loud)?.values).toEqual(["'x'", "'y; drop table t'", '1']);
    expect(shapeOf("select ' = 'x' ', a from t where b = 1")?.values).toEqual(['1']);
  });

  test('decides the description: whatever is compared with, it is the same', () => {
    const templates = [
      'select name from app.customers where id = @',
      'select * from customers c join orders o on o.customer_id = c.id where c.ssn = @ and o.total > @',
      'select count(*) from customers where id <> @ group by name having count(*) >= @ order by 1',
      'select case when id = @ then 1 else 0 end, (select max(id) from orders where id < @) from customers',
      'select unknown_function(id) from customers where id = @',
      'select pg_sleep(1) from nowhere where a = @',
      "select set_config('a.b', 'c', 1 = @) from v_contacts",
      'select id from events where who = @ union select id from v_runs where x = @',
    ];
    const values = ['0', '1', '123456789', "''", "'x'", "'it''s; drop table customers'", "' = 5 '"];
    for (const template of templates)
      for (const value of values) {
        const text = template.replaceAll('@', value);
        const first = template.replaceAll('@', value.startsWith("'") ? "'first'" : '7');
        const plain = ({ statements: _, ...rest }: ReturnType<typeof describe>) => rest;
        expect(shapeOf(text)?.key).toBe(shapeOf(first)?.key);
        expect(plain(describe(text, calm, shop))).toEqual(plain(describe(first, calm, shop)));
      }
  });

  test('is what a describer remembers a text by', () => {
    const describer = createDescriber({ maxEntries: 10 });
    const ids = Array.from({ length: 50 }, (_, id) =>
      describer.describe(`select id from customers where id = ${id}`, calm, shop),
    );
    expect(new Set(ids).size).toBe(1);
    expect(describer.size).toBe(1);
  });
});
