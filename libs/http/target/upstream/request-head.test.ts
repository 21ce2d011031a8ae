import { expect, test } from 'vitest';
import { announcedLength, requestHead } from './request-head.js';

const get = { method: 'GET', path: '/a/../%2F?x=&y', headers: [['host', 'h:1']] } as const;

test('a request goes out as it was given', () => {
  const headers = [...get.headers, ['x-a', 'é b'], ['x-a', '']] as const;

  expect(requestHead({ ...get, headers })).toBe(
    'GET /a/../%2F?x=&y HTTP/1.1\r\nhost: h:1\r\nx-a: é b\r\nx-a: \r\nconnection: keep-alive\r\n\r\n',
  );
});

test.each([
  ['a path with a blank', { path: '/a b' }],
  ['a path with a line', { path: '/a\r\nx: y' }],
  ['no path', { path: '' }],
  ['a path of more than bytes', { path: '/\u0100' }],
  ['a method of two words', { method: 'GET /' }],
  ['a value with a line', { headers: [['x-a', 'b\r\nx-c: d']] }],
  ['a value with a zero', { headers: [['x-a', '\0']] }],
  ['a value of more than bytes', { headers: [['x-a', '\u0100']] }],
  ['a name with a colon', { headers: [['x-a:', 'b']] }],
  ['an encoding of the body', { headers: [['transfer-encoding', 'chunked']] }],
  ['another protocol', { headers: [['upgrade', 'h2c']] }],
] as const)('%s is not sent', (_what, parts) => {
  expect(() => requestHead({ ...get, ...parts })).toThrow(expect.objectContaining({ code: 'PROTOCOL_VIOLATION' }));
});

test('a length is said once, as a number', () => {
  expect(announcedLength([['content-length', '12']])).toBe(12);
  expect(announcedLength([])).toBeUndefined();
  for (const headers of [
    [['content-length', '1a']],
    [
      ['content-length', '1'],
      ['content-length', '1'],
    ],
  ] as const)
    expect(() => announcedLength(headers)).toThrow(expect.objectContaining({ code: 'PROTOCOL_VIOLATION' }));
});
