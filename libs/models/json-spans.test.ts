import { describe, expect, test } from 'vitest';
import { edit, jsonString, parseJson, parseRequest, stringLeaves, stringOf, textOf } from './index.js';
import { seeded } from './testing/random.js';

const bytes = (text: string) => Buffer.from(text);
const mistakes = (text: string | Uint8Array) => () => parseJson(Buffer.from(text));
const refused = expect.objectContaining({ code: 'INVALID_INPUT' });

describe('strict JSON', () => {
  test.each([
    ['{"role":"user","role":"admin"}', 'a name twice'],
    ['{"role":1,"\\u0072ole":2}', 'a name twice, once escaped'],
    ['{"a":{"b":1,"b":1}}', 'a name twice, deep inside'],
    ['{"x":NaN}', 'NaN'],
    ['{"x":Infinity}', 'infinity'],
    ['{/*c*/"y":1}', 'a comment'],
    ['{"y":1,}', 'a comma at the end'],
    ['[1,]', 'a comma at the end of an array'],
    ['[1 2]', 'no comma'],
    ['{"a" 1}', 'no colon'],
    ["{'a':1}", 'single quotes'],
    ['{a:1}', 'a bare name'],
    ['{"a":01}', 'a leading zero'],
    ['{"a":+1}', 'a plus sign'],
    ['{"a":.5}', 'no digit before the point'],
    ['{"a":1.}', 'no digit after the point'],
    ['{"a":-}', 'a sign alone'],
    ['{"a":"\n"}', 'a line end in a string'],
    ['{"a":"\\x41"}', 'an unknown escape'],
    ['{"a":"\\u00g1"}', 'an escape that is not hexadecimal'],
    ['{"a":"\\u00', 'an escape that is cut'],
    ['{"a":"', 'a string that is cut'],
    ['{"a":1', 'an object that is cut'],
    ['{"a":1}{"a":2}', 'two documents'],
    ['\ufeff{}', 'a byte order mark'],
    ['', 'nothing'],
    ['tru', 'half a word'],
    ['trueish', 'more than a word'],
    ['['.repeat(129) + ']'.repeat(129), 'too many brackets'],
  ])('refuses %s: %s', (text) => {
    expect(mistakes(text)).toThrow(refused);
  });

  test('refuses what is not UTF-8', () => {
    expect(mistakes(Buffer.from([0x22, 0xc3, 0x28, 0x22]))).toThrow(refused);
  });

  test('says what it was asked to say where the mistake is the answer’s', () => {
    expect(() => parseJson(bytes('{'), { code: 'RESPONSE_NOT_UNDERSTOOD', what: 'the answer' })).toThrow(
      expect.objectContaining({
        code: 'RESPONSE_NOT_UNDERSTOOD',
        message: expect.stringMatching(/^the answer is not/),
      }),
    );
  });

  test('never says what stands in the body', () => {
    expect(() => parseJson(bytes('{"hunter2":1,"hunter2":2}'))).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    );
  });

  test('finds every string value with where it stands and what leads to it', () => {
    const text = ' { "a" : [ "x", {"b\\n":"\\u00e9\\ud83d\\ude00"} , -1.5e3 ,true,null] , "c":"" } ';
    const document = bytes(text);
    const leaves = [...stringLeaves(parseJson(document))].map(({ node, path }) => ({
      path,
      text: textOf(document, node),
      raw: text.slice(node.start, node.end),
    }));
    expect(leaves).toEqual([
      { path: ['a', 0], text: 'x', raw: '"x"' },
      { path: ['a', 1, 'b\n'], text: 'é😀', raw: '"\\u00e9\\ud83d\\ude00"' },
      { path: ['c'], text: '', raw: '""' },
    ]);
  });

  test('agrees with JSON.parse about whatever it takes', () => {
    const random = seeded(5);
    const alphabet = [
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '"b"',
      '1',
      '-',
      '0',
      '.5',
      'e3',
      'true',
      'null',
      ' ',
      '\\',
      '\\u0061',
      '\n',
    ];
    let taken = 0;
    for (let run = 0; run < 4000; run += 1) {
      const text = Array.from({ length: 1 + random(7) }, () => alphabet[random(alphabet.length)]).join('');
      let strict: unknown;
      try {
        strict = parseJson(bytes(text));
      } catch (error) {
        if ((error as { code?: string }).code !== 'INVALID_INPUT') throw error;
        continue;
      }
      taken += 1;
      if (strict === undefined || JSON.parse(text) === undefined) expect.fail(text);
    }
    expect(taken).toBeGreaterThan(40);
  });

  test('edits what it is told to and leaves every other byte', () => {
    const document = bytes('{"a":"one",  "b":"two"}');
    const leaf = [...stringLeaves(parseJson(document))][1]!.node;
    const edited = edit(document, [{ start: leaf.start, end: leaf.end, bytes: jsonString('"\ud800') }]);
    expect(Buffer.from(edited).toString()).toBe('{"a":"one",  "b":"\\"\\ud800"}');
    expect(edit(document, [])).toBe(document);
    const twice = { start: 2, end: 4, bytes: bytes('') };
    expect(() => edit(document, [twice, twice])).toThrow(RangeError);
  });

  test('reads the text of a node, and of nothing else', () => {
    const document = bytes('["x",1]');
    const node = parseJson(document);
    expect(stringOf(document, node)).toBeUndefined();
  });
});

test('the body of a request is read once in a turn of the event loop, and each body by itself', async () => {
  const body = Buffer.from('{"a":"b"}');
  const tree = parseRequest(body);
  expect(parseRequest(body)).toBe(tree);
  expect(parseRequest(Buffer.from(body))).not.toBe(tree);
  expect(() => parseRequest(Buffer.from('{"a":1,"a":2}'))).toThrow('the request has a name twice');
});
