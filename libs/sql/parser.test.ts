import { beforeAll, expect, test } from 'vitest';
import { describe } from './describe.js';
import { createDescriber } from './describer.js';
import { Draft } from './draft.js';
import { expressionHandlers } from './expressions.js';
import { factsOf } from './facts.js';
import { grammar } from './grammar.js';
import { noMaskedFacts } from './masked-facts.js';
import { loadParser } from './parser.js';
import { emptyScope } from './scope.js';
import { calm, shop } from './test-catalogue.js';
import { Walk } from './walk.js';

beforeAll(loadParser);

const walkOf = (draft: Draft): Walk =>
  new Walk(
    { session: calm, draft },
    { text: '', prepared: new Map(), cursors: new Map(), depth: 0 },
    expressionHandlers,
    () => undefined,
  );

test('a node kind that is not listed is unknown, wherever it stands', () => {
  const draft = new Draft();
  walkOf(draft).visit({ BoolExpr: { boolop: 'AND_EXPR', args: [{ QuantumExpr: { arg: {} } }] } }, emptyScope);
  expect(draft.done('')).toMatchObject({ risk: 'unknown', flags: ['syntax:QuantumExpr', 'unknown-syntax'] });
});

test('a field that is not listed is unknown', () => {
  const draft = new Draft();
  walkOf(draft).visit({ NullTest: { nulltesttype: 'IS_NULL', surprise: true } }, emptyScope);
  expect(draft.done('')).toMatchObject({ risk: 'unknown', flags: ['syntax:NullTest.surprise', 'unknown-syntax'] });
});

test('a statement kind that is not listed is unknown', () => {
  const draft = new Draft();
  walkOf(draft).statement('TeleportStmt', {});
  expect(draft.done('').risk).toBe('unknown');
});

test('the listed grammar holds no analysed node and no code statement', () => {
  for (const kind of ['DoStmt', 'CallStmt', 'Query', 'FuncExpr', 'RawStmt', 'PLAssignStmt'])
    expect(grammar.has(kind)).toBe(false);
  expect(grammar.size).toBe(142);
});

const deep = (depth: number, open: string, close: string): string =>
  `SELECT ${open.repeat(depth)}1${close.repeat(depth)}`;

test.each<readonly [string, string]>([
  ['a NUL byte', 'SELECT 1\0; DROP TABLE users'],
  ['a lone surrogate', `SELECT '\ud800'`],
  ['text above the cap', `SELECT '${'x'.repeat(300_000)}'`],
  ['many bytes in few characters', `SELECT '${'é'.repeat(150_000)}'`],
  ['parentheses 100,000 deep', deep(100_000, '(', ')')],
  ['a chain of 40,000 additions', `SELECT 1${'+1'.repeat(40_000)}`],
  ['arrays 20,000 deep', deep(20_000, 'ARRAY[', ']')],
  ['casts 20,000 deep', `SELECT 1${'::int'.repeat(20_000)}`],
  ['an unfinished quote', `SELECT 'abc`],
  ['an unfinished comment', 'SELECT 1 /* abc'],
])('%s ends as unknown, and the next statement is described', (_name, sql) => {
  expect(describe(sql, calm, shop)).toMatchObject({
    risk: 'unknown',
    opaque: true,
    hasWhere: false,
    error: expect.any(String) as string,
  });
  expect(describe('SELECT id FROM orders', calm, shop)).toMatchObject({ risk: 'read', relations: ['app.orders'] });
});

test('names that are properties of every object mean nothing special', () => {
  for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
    expect(describe(`SELECT ${name}() FROM "${name}" WHERE "${name}" = 1`, calm, shop).risk).toBe('unknown');
    expect(describe(`EXECUTE "${name}"`, calm, shop).risk).toBe('unknown');
  }
});

test('a name that holds a dot is not another table’s column', () => {
  expect(describe('SELECT * FROM "app.orders"', calm, shop)).toMatchObject({
    unresolved: ['"app.orders"'],
    risk: 'unknown',
  });
});

test('facts are what the Cedar schema types', () => {
  expect(factsOf(describe('DELETE FROM orders', calm, shop))).toEqual({
    risk: 'destructive',
    verbs: ['delete'],
    relations: ['app.orders'],
    written: ['app.orders'],
    columns: [],
    functions: [],
    has_where: false,
    statements: 1,
    flags: ['no-where'],
    unresolved: false,
    opaque: false,
    ...noMaskedFacts,
  });
});

test('COPY says how its bytes read', () => {
  expect(
    describe(`COPY orders (id, total) TO STDOUT (FORMAT csv, DELIMITER ';', HEADER, NULL 'x')`, calm, shop).copy,
  ).toEqual([
    {
      direction: 'out',
      format: 'csv',
      relation: { oid: 101, schema: 'app', name: 'orders' },
      columns: ['id', 'total'],
      header: true,
      delimiter: ';',
      null: 'x',
      quote: '"',
      escape: '"',
    },
  ]);
  const [copy] = describe('COPY customers TO STDOUT', calm, shop).copy ?? [];
  expect(copy).toMatchObject({ format: 'text', delimiter: '\t', null: '\\N', header: false });
  expect(copy?.columns).toEqual(['id', 'name', 'email', 'ssn', 'card', 'balance', 'notes']);
  expect(describe('COPY (SELECT 1) TO STDOUT', calm, shop).copy?.[0]).not.toHaveProperty('columns');
});

test('a describer remembers by text, catalogue and session, and forgets the oldest', () => {
  const describer = createDescriber({ maxEntries: 2 });
  const first = describer.describe('SELECT 1', calm, shop);
  expect(describer.describe('SELECT 1', { ...calm }, { ...shop })).toBe(first);
  expect(describer.describe('SELECT 1', { ...calm, searchPathCertain: false }, shop)).not.toBe(first);
  expect(describer.describe('SELECT 1', calm, undefined)).not.toBe(first);
  expect(describer.size).toBe(2);
  expect(describer.describe('SELECT 1', calm, shop)).not.toBe(first);
  expect(describer.describe('EXECUTE p', calm, shop).risk).toBe('unknown');
  expect(describer.describe('EXECUTE p', { ...calm, prepared: new Map([['p', 'SELECT 1']]) }, shop).risk).toBe('read');
});

test('the size cap can be set', () => {
  const describer = createDescriber({ maxEntries: 1, maxTextBytes: 20 });
  expect(describer.describe(`SELECT ${'1'.repeat(30)}`, calm, shop).error).toBe(
    'the statement is longer than 20 bytes',
  );
});
