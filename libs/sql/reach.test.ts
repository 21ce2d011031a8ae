import { beforeAll, expect, test } from 'vitest';
import { describe } from './describe.js';
import { loadParser } from './parser.js';
import { originOf, reachOf } from './reach.js';
import { calm, masks, shop } from './test-catalogue.js';

beforeAll(loadParser);

const reach = (sql: string) => reachOf(describe(sql, calm, shop), shop, masks);
const [ssn, email, card] = ['app.customers.ssn', 'app.customers.email', 'app.customers.card'];

test.each([
  ['SELECT ssn FROM customers', [ssn]],
  ['SELECT "ssn" AS order_ref FROM app.customers c', [ssn]],
  ['SELECT * FROM customers', [card, email, ssn]],
  ['SELECT c.* FROM customers c', [card, email, ssn]],
  ['SELECT x FROM customers AS c(x1, x2, x3, x)', [ssn]],
  ['SELECT c FROM customers c', [card, email, ssn]],
  ['SELECT c::text FROM customers c', [card, email, ssn]],
  ['SELECT ROW(c.*) FROM customers c', [card, email, ssn]],
  [`SELECT to_jsonb(c)->>'ssn' FROM customers c`, [card, email, ssn]],
  ['SELECT e.value FROM customers c, jsonb_each_text(to_jsonb(c)) e', [card, email, ssn]],
  ['SELECT ssn(c) FROM customers c', [card, email, ssn]],
  ['SELECT (c).ssn FROM customers c', [ssn]],
  ['SELECT s.x FROM (SELECT ssn AS x FROM customers) s', [ssn]],
  ['WITH z(a, b, c, d) AS (SELECT * FROM customers) SELECT d FROM z', [card, email, ssn]],
  [
    'WITH RECURSIVE r(i, s) AS (SELECT id, name FROM customers UNION ALL SELECT r.i + 1, c.ssn FROM r JOIN customers c ON c.id = r.i) SELECT s FROM r',
    [ssn],
  ],
  ['SELECT id FROM orders WHERE id = (SELECT length(ssn) FROM customers LIMIT 1)', [ssn]],
  ['SELECT title FROM products UNION ALL SELECT ssn FROM customers', [ssn]],
  ['SELECT id FROM customers ORDER BY ssn', [ssn]],
  ['SELECT count(*) FROM customers GROUP BY ssn', [ssn]],
  ['SELECT id FROM customers LIMIT (SELECT length(ssn) FROM customers LIMIT 1)', [ssn]],
  ['SELECT a.id FROM customers a JOIN customers b USING (ssn)', [ssn]],
  [`SELECT a.id FROM customers a NATURAL JOIN (SELECT '1' AS ssn) b`, [ssn]],
  [`SELECT id FROM customers NATURAL JOIN generate_series(1, 2) g`, [card, email, ssn]],
  ['SELECT p.id FROM products p JOIN customers c ON p.title = c.ssn', [ssn]],
  [`SELECT 1 FROM products p WHERE EXISTS (SELECT 1 FROM customers WHERE ssn = p.title)`, [ssn]],
  ['SELECT (SELECT t.v FROM (SELECT ssn AS v) t) FROM customers', [ssn]],
  ['SELECT (SELECT x FROM orders a, (SELECT ssn AS x) s) FROM customers', [ssn]],
  ['SELECT first_value(name) OVER w FROM customers WINDOW w AS (PARTITION BY ssn)', [ssn]],
  [`SELECT (SELECT s.x FROM (SELECT '1' AS ssn) a, (SELECT ssn AS x) s) FROM customers`, [ssn]],
  ['SELECT reference_no FROM v_contacts', [ssn]],
  ['SELECT id FROM v_contacts', [ssn]],
  ['SELECT label FROM v_top', [ssn]],
  ['SELECT j FROM v_rows', [card, email, ssn]],
  ['SELECT ref FROM m_contacts', [ssn]],
  ['SELECT ssn_length FROM customers', [ssn]],
  ['SELECT who FROM events', ['app.events.who']],
  ['SELECT who FROM events_2024', ['app.events.who']],
  ['SELECT secret FROM child', ['app.base.secret']],
  ['COPY customers (id, ssn) TO STDOUT', [ssn]],
  ['COPY customers TO STDOUT', [card, email, ssn]],
  ['COPY (SELECT upper(email) FROM customers) TO STDOUT', [email]],
  ['EXPLAIN SELECT id FROM customers WHERE ssn > $1', [ssn]],
  ['PREPARE p AS SELECT ssn FROM customers', [ssn]],
  ['DECLARE c CURSOR FOR SELECT ssn FROM customers', [ssn]],
  ['CREATE TABLE t AS SELECT ssn FROM customers', [ssn]],
  ['INSERT INTO orders (status) SELECT ssn FROM customers', [ssn]],
  ['UPDATE products SET title = (SELECT ssn FROM customers LIMIT 1) WHERE id = 1', [ssn]],
  ['DELETE FROM orders USING customers c WHERE c.id = orders.id RETURNING c.ssn', [ssn]],
  ['MERGE INTO orders o USING customers c ON o.status = c.ssn WHEN MATCHED THEN DELETE', [ssn]],
])('%s reaches', (sql, rules) => {
  const found = reach(sql);
  expect(found.reaches).toBe(true);
  expect(found.rules).toEqual(rules);
});

test.each([
  'SELECT id, name FROM customers',
  'SELECT count(*) FROM customers',
  'SELECT 1 FROM customers',
  'SELECT name FROM customers c WHERE c.id = 1 ORDER BY name',
  'SELECT name FROM v_names',
  'SELECT at FROM events',
  'SELECT extra FROM child',
  'SELECT * FROM orders JOIN products USING (id)',
  'SELECT s.id FROM (SELECT id, name FROM customers) s',
  'SELECT id FROM orders o WHERE EXISTS (SELECT 1 FROM customers c WHERE c.id = o.customer_id)',
  'COPY customers (id, name) TO STDOUT',
  'SELECT ssn FROM (SELECT 1 AS ssn) s',
  'SELECT relname FROM pg_class',
  'INSERT INTO orders VALUES (1) RETURNING id',
])('%s reaches nothing', (sql) => {
  expect(reach(sql)).toMatchObject({ reaches: false, rules: [] });
});

test('a write reaches every masked column of what it writes, for a failing row is shown whole', () => {
  expect(reach('UPDATE customers SET name = name WHERE id = 1').rules).toEqual([card, email, ssn]);
});

test.each([
  'SELECT f_stable()',
  'SELECT * FROM v_runs',
  'SELECT * FROM nothing',
  'DO $$ BEGIN END $$',
  'EXECUTE nothing',
  'SELECT most_common_vals FROM pg_stats',
  'SELECT query FROM pg_stat_activity',
  'SELECT data FROM pg_largeobject',
  'SELECT secret FROM remote',
  'not sql',
])('%s may reach anything', (sql) => {
  expect(reach(sql).reaches).toBe(true);
});

test('without a catalogue everything reaches', () => {
  expect(reachOf(describe('SELECT 1', calm, undefined), undefined, masks)).toMatchObject({ reaches: true, rules: [] });
});

test('an origin is masked by its own rule, a parent’s or a partition’s, and those of the columns it is computed from', () => {
  expect(originOf(shop, 100, 4, masks)).toEqual({
    isBaseColumn: true,
    schema: 'app',
    table: 'customers',
    column: 'ssn',
    rule: ssn,
  });
  expect(originOf(shop, 100, 2, masks)).toEqual({
    isBaseColumn: true,
    schema: 'app',
    table: 'customers',
    column: 'name',
  });
  expect(originOf(shop, 100, 8, masks).rule).toBe(ssn);
  expect(originOf(shop, 105, 3, masks).rule).toBe('app.events.who');
  expect(originOf(shop, 117, 2, () => undefined).rule).toBeUndefined();
  const partitionOnly = (_schema: string, table: string) => (table === 'events_2024' ? 'partition' : undefined);
  expect(originOf(shop, 104, 3, partitionOnly).rule).toBe('partition');
});

test('a view’s column, a whole row and an unknown relation are no base columns', () => {
  expect(originOf(shop, 106, 2, masks).isBaseColumn).toBe(false);
  expect(originOf(shop, 100, 0, masks).isBaseColumn).toBe(false);
  expect(originOf(shop, 4711, 1, masks).isBaseColumn).toBe(false);
  expect(originOf(shop, 100, 99, masks).isBaseColumn).toBe(false);
});
