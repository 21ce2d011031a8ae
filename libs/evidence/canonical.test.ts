import { expect, test } from 'vitest';
import { canonicalJson, canonicalJsonOfDefined, parseCanonical } from './canonical.js';

const double = (hex: string): number => Buffer.from(hex, 'hex').readDoubleBE();

test('the example of RFC 8785, 3.2.2 comes out as the RFC prints it', () => {
  const value = {
    numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
    string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/',
    literals: [null, true, false],
  };
  expect(canonicalJson(value)).toBe(
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  );
});

test('members are sorted by UTF-16 code units, as in RFC 8785, 3.2.3', () => {
  const value = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 };
  expect(Object.keys(JSON.parse(canonicalJson(value)) as object).sort()).toEqual(Object.keys(value).sort());
  expect(canonicalJson(value)).toBe('{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}');
});

test.each([
  ['0000000000000000', '0'],
  ['8000000000000000', '0'],
  ['0000000000000001', '5e-324'],
  ['8000000000000001', '-5e-324'],
  ['7fefffffffffffff', '1.7976931348623157e+308'],
  ['4340000000000000', '9007199254740992'],
  ['c340000000000000', '-9007199254740992'],
  ['4430000000000000', '295147905179352830000'],
  ['44b52d02c7e14af5', '9.999999999999997e+22'],
  ['44b52d02c7e14af6', '1e+23'],
  ['444b1ae4d6e2ef4e', '999999999999999700000'],
  ['444b1ae4d6e2ef50', '1e+21'],
  ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
  ['3eb0c6f7a0b5ed8d', '0.000001'],
  ['41b3de4355555553', '333333333.3333332'],
  ['41b3de4355555556', '333333333.3333334'],
  ['41b3de4355555557', '333333333.33333343'],
])('the double %s of RFC 8785, appendix B is written as %s', (hex, text) => {
  expect(canonicalJson(double(hex))).toBe(text);
});

test('control characters have the escapes of RFC 8785, 3.2.2.2 and everything else stays as it is', () => {
  expect(canonicalJson('\b\t\n\f\r\u0000\u001f\u007f\u2028</')).toBe('"\\b\\t\\n\\f\\r\\u0000\\u001f\u007f\u2028</"');
});

test.each([
  ['undefined', undefined],
  ['an undefined member', { a: undefined }],
  ['an array without values', Array.from({ length: 2 })],
  ['NaN', Number.NaN],
  ['an infinity', [Number.POSITIVE_INFINITY]],
  ['a bigint', { n: 1n }],
  ['a lone high surrogate', '\ud800'],
  ['a lone low surrogate in a key', { 'a\udc00': 1 }],
  ['a date', new Date(0)],
  ['bytes', new Uint8Array(2)],
  ['a map', new Map()],
  ['a function', () => 1],
])('%s is refused, because JSON cannot hold it', (_name, value) => {
  expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
});

test('a cycle and a bottomless value end in a refusal', () => {
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  expect(() => canonicalJson(cycle)).toThrow(/cycle/);
  expect(() => canonicalJsonOfDefined(cycle)).toThrow(/cycle/);
});

test.each(['{"b":1,"a":2}', '{"a": 1}', '{"a":1,"a":1}', '1.0', '"\\u0041"', '[1] ', '{', '1e2', '-0', ''])(
  'a second spelling, %j, is not taken for the canonical one',
  (text) => {
    expect(() => parseCanonical(text)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
  },
);

test('a member named __proto__ is data like any other', () => {
  const text = '{"__proto__":{"a":1},"b":2}';
  expect(canonicalJsonOfDefined(parseCanonical(text))).toBe(text);
});
