import { beforeAll, expect, test } from 'vitest';
import { describe } from './describe.js';
import { isPure } from './facts.js';
import { loadParser } from './parser.js';
import { sessionAfter } from './session-after.js';
import { calm, shop } from './test-catalogue.js';

beforeAll(loadParser);

const after = (...texts: readonly string[]) =>
  texts.reduce((session, text) => sessionAfter(session, describe(text, session, shop)), calm);

test('EXECUTE is what was prepared under that name', () => {
  const session = after('PREPARE p (int) AS DELETE FROM orders WHERE id = $1');
  expect(describe('EXECUTE p (1)', session, shop)).toMatchObject({
    risk: 'write',
    written: ['app.orders'],
    verbs: ['delete', 'execute'],
  });
});

test('EXECUTE of a statement prepared by the protocol is that statement', () => {
  const session = { ...calm, prepared: new Map([['s1', 'SELECT iban FROM hr.payroll']]) };
  expect(describe('EXECUTE s1', session, shop)).toMatchObject({ risk: 'read', columns: ['hr.payroll.iban'] });
});

test('the parameters of EXECUTE are expressions that run', () => {
  const session = after('PREPARE p (int) AS SELECT $1');
  expect(describe('EXECUTE p (app.f_purge())', session, shop).risk).toBe('unknown');
});

test('a name prepared again is the later statement, and a deallocated one is unknown', () => {
  const again = after('PREPARE p AS SELECT 1', 'DEALLOCATE p', 'PREPARE p AS TABLE hr.payroll');
  expect(describe('EXECUTE p', again, shop).relations).toEqual(['hr.payroll']);
  for (const gone of ['DEALLOCATE p', 'DEALLOCATE ALL', 'DISCARD ALL']) {
    expect(describe('EXECUTE p', after('PREPARE p AS SELECT 1', gone), shop).risk, gone).toBe('unknown');
  }
});

test('a statement prepared in a text of several keeps only its own part', () => {
  const session = after(`SELECT 'é'; PREPARE p AS SELECT 'ü' FROM orders; SELECT 2`);
  expect(session.prepared.get('p')).toBe(`PREPARE p AS SELECT 'ü' FROM orders`);
});

test('FETCH is the query of its cursor, in the same text or a later one', () => {
  const declared = 'DECLARE c CURSOR FOR SELECT iban FROM hr.payroll';
  expect(describe('FETCH ALL c', after(declared), shop)).toMatchObject({ risk: 'read', columns: ['hr.payroll.iban'] });
  expect(describe(`${declared}; FETCH ALL c; CLOSE c; FETCH c`, calm, shop).risk).toBe('unknown');
});

test('without a certain search path every schema counts', () => {
  const uncertain = after('SET search_path = hr');
  expect(describe('SELECT * FROM orders', calm, shop).relations).toEqual(['app.orders']);
  expect(describe('SELECT * FROM orders', uncertain, shop).relations).toEqual(['app.orders', 'hr.orders']);
  expect(describe('SET search_path = hr; SELECT * FROM orders', calm, shop).relations).toEqual([
    'app.orders',
    'hr.orders',
  ]);
  expect(describe('SELECT * FROM app.orders', uncertain, shop).relations).toEqual(['app.orders']);
});

test('a function of another schema counts only where the path may reach it', () => {
  expect(describe(`SELECT reverse('x')`, calm, shop).risk).toBe('read');
  expect(describe(`SELECT reverse('x')`, after('SET search_path = hr'), shop).risk).toBe('unknown');
  expect(describe(`SELECT pg_catalog.reverse('x')`, after('SET search_path = hr'), shop).risk).toBe('read');
});

test('code that was run leaves the search path uncertain', () => {
  expect(after('SELECT app.f_purge()').searchPathCertain).toBe(false);
  expect(after('DO $$ BEGIN END $$').searchPathCertain).toBe(false);
  expect(after('this does not parse').searchPathCertain).toBe(false);
  expect(after('SELECT 1', 'SELECT * FROM remote').searchPathCertain).toBe(true);
});

test('a temporary table hides the relation of its name', () => {
  const session = after('CREATE TEMP TABLE orders (iban text)');
  expect(session.temporary).toEqual(new Set(['orders']));
  const current = { ...session, catalogueStale: false };
  expect(describe('SELECT * FROM orders', current, shop)).toMatchObject({ risk: 'unknown', unresolved: ['orders'] });
  expect(describe('SELECT * FROM app.orders', current, shop).risk).toBe('read');
  expect(describe('SELECT * FROM products', current, shop).risk).toBe('read');
  expect(describe('SELECT * FROM products', { ...calm, temporary: 'any' }, shop).risk).toBe('unknown');
});

test('after a change of definitions nothing is certain until the catalogue is read again', () => {
  const session = after('CREATE VIEW v AS TABLE hr.payroll');
  expect(session.catalogueStale).toBe(true);
  expect(describe('SELECT * FROM orders', session, shop).risk).toBe('unknown');
  expect(describe('SELECT * FROM orders', { ...session, catalogueStale: false }, shop).risk).toBe('read');
});

test('without a catalogue whatever has a name is unknown', () => {
  expect(describe('SELECT 1', calm, undefined).risk).toBe('read');
  expect(describe('BEGIN', calm, undefined).risk).toBe('read');
  for (const sql of ['SELECT * FROM orders', 'SELECT * FROM app.orders', 'SELECT now()', 'SELECT * FROM pg_class']) {
    expect(describe(sql, calm, undefined).risk, sql).toBe('unknown');
  }
});

test('pg_catalog comes first unless the path places it', () => {
  const shadow = { ...shop.relations[0]!, oid: 999, schema: 'app', name: 'pg_class' };
  const shadowed = { ...shop, relations: [...shop.relations, shadow] };
  expect(describe('TABLE pg_class', calm, shadowed).relations).toEqual(['pg_catalog.pg_class']);
  const placed = { ...shadowed, searchPath: ['app', 'pg_catalog'] };
  expect(describe('TABLE pg_class', calm, placed).relations).toEqual(['app.pg_class']);
});

test.each([
  ['SELECT id FROM orders', true],
  ['EXPLAIN SELECT id FROM orders', true],
  ['SHOW server_version', true],
  ['SELECT random()', false],
  ['BEGIN', false],
  ["SET application_name = 'x'", false],
  ['PREPARE p AS SELECT 1', false],
  ['DECLARE c CURSOR FOR SELECT 1', false],
  ['LISTEN c', false],
  ['SELECT * FROM orders FOR SHARE', false],
  ['EXPLAIN ANALYZE SELECT id FROM orders', false],
  ['SELECT * FROM remote', false],
  ['SELECT app.f_stable()', false],
  ['nonsense', false],
])('%s is pure: %s', (sql, pure) => {
  expect(isPure(describe(sql, calm, shop))).toBe(pure);
});
