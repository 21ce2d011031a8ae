import { expect, test } from 'vitest';
import { NotIdentified } from './refuse.js';
import { parseStrictJson } from './strict-json.js';

const parse = (text: string): unknown => parseStrictJson(Buffer.from(text));

test.each([
  '{}',
  ' [ ] ',
  '"a\\"b\\\\"',
  '"\\\\"',
  '"\\u00e9\\ud83d\\ude00 ä 😀"',
  '[0,-1,1.5,-2.5e-3,1E10,9007199254740991]',
  '{"a":[true,false,null,{"b":{"":""}}],"c":"\\/\\b\\f\\n\\r\\t"}',
  '{"hasOwnProperty":1,"constructor":{"prototype":2},"toString":3}',
])('%s means what it means to everybody', (text) => {
  expect(parse(text)).toEqual(JSON.parse(text));
});

test('a key named __proto__ is a key like any other', () => {
  const value = parse('{"__proto__":{"admin":true}}') as Record<string, unknown>;
  expect(Object.keys(value)).toEqual(['__proto__']);
  expect(value['admin']).toBeUndefined();
  expect(() => parse('{"__proto__":1,"__proto__":2}')).toThrow(NotIdentified);
});

test('integers that a double cannot hold stay text', () => {
  expect(parse('[9007199254740993,-12345678901234567890,1e999]')).toEqual([
    '9007199254740993',
    '-12345678901234567890',
    '1e999',
  ]);
});

test.each([
  '',
  '{',
  '}',
  '{"a"}',
  '{"a":}',
  '{"a":1,}',
  '[1,]',
  '[1 2]',
  '{a:1}',
  "{'a':1}",
  '{"a":1}}',
  '01',
  '1.',
  '.5',
  '+1',
  '0x1',
  'NaN',
  'Infinity',
  'nul',
  'truex',
  '"a',
  '"\\x"',
  '"\\u12"',
  '"a\nb"',
  '"\\"',
  '/* */1',
  '\u00a01',
])('%j is not JSON', (text) => {
  expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
  expect(() => parse(text)).toThrow(NotIdentified);
});
