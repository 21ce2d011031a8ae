import { beforeAll, expect, test } from 'vitest';
import { loadParser } from './parser.js';
import { redactLiterals } from './redact.js';

beforeAll(loadParser);

const canary = 'canary';
const hide = (literal: string): string | undefined => (literal.includes(canary) ? '«hidden»' : undefined);

test.each([
  [`SELECT '${canary}', 'plain'`, `SELECT «hidden», 'plain'`],
  [`SELECT $tag$ ${canary} $tag$ FROM t`, 'SELECT «hidden» FROM t'],
  [`SELECT E'${canary}\\n', U&'${canary}', N'${canary}'`, 'SELECT «hidden», «hidden», N«hidden»'],
  [`SELECT 1 /* the key is ${canary} */, 2 -- ${canary}`, 'SELECT 1 «hidden», 2 «hidden»'],
  [`SELECT 'é😀' AS "ü", '${canary}' FROM "täble"`, `SELECT 'é😀' AS "ü", «hidden» FROM "täble"`],
  [`ALTER ROLE x PASSWORD '${canary}'`, 'ALTER ROLE x PASSWORD «hidden»'],
  [`SELECT "${canary}"`, 'SELECT «hidden»'],
  ['SELECT 1', 'SELECT 1'],
  ['', ''],
])('%s', (text, redacted) => {
  expect(redactLiterals(text, hide)).toBe(redacted);
});

test.each([`SELECT '${canary}`, `SELECT /* ${canary}`, `SELECT '${canary}'\0`, `SELECT $$ ${canary}`])(
  'a text that does not scan is judged whole: %j',
  (text) => {
    expect(redactLiterals(text, hide)).toBe('«hidden»');
  },
);

test('numbers are literals too', () => {
  expect(
    redactLiterals('SELECT 4111111111111111', (literal) => (literal === '4111111111111111' ? 'card' : undefined)),
  ).toBe('SELECT card');
});

test('what lies across literals is judged in the whole', () => {
  expect(redactLiterals(`SELECT can ary`, (text) => (text === 'SELECT can ary' ? '' : undefined))).toBe('');
});
