import { expect, test } from 'vitest';
import { quoteLiteral, quoteName, quoteQualified } from './quote.js';

test.each([
  ['orders', 'orders'],
  ['_x1', '_x1'],
  ['Orders', '"Orders"'],
  ['1st', '"1st"'],
  ['order', '"order"'],
  ['public', '"public"'],
  ['a.b', '"a.b"'],
  ['a"; drop table x; --', '"a""; drop table x; --"'],
  ['größe', '"größe"'],
  ['a\nb', 'U&"a\\000ab"'],
  ['a\\\nb"c', 'U&"a\\\\\\000ab""c"'],
  ['a\u202eb', 'U&"a\\202eb"'],
  ['a\u{e0100}b', 'U&"a\\+0e0100b"'],
  ['', '""'],
])('the name %j is written %s', (name, written) => {
  expect(quoteName(name)).toBe(written);
});

test.each([
  ['it’s', "'it’s'"],
  ["it's", "'it''s'"],
  ['a\\b', "'a\\b'"],
  ["a'\n--", "U&'a''\\000a--'"],
])('the literal %j is written %s', (text, written) => {
  expect(quoteLiteral(text)).toBe(written);
});

test('whatever a name holds, it is written on one line', () => {
  for (let code = 1; code < 0x3000; code += 1)
    expect(quoteName(`a${String.fromCodePoint(code)}`)).toMatch(/^[^\r\n\u0085\u2028\u2029]*$/u);
});

test('a schema may be called public', () => {
  expect(quoteQualified('public', 'user')).toBe('public."user"');
});
