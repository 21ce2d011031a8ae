import { isDeepStrictEqual } from 'node:util';
import { GatewayError } from '@sallyport/core';
import { seededNumbers } from '@sallyport/testkit/seeded';
import { expect, test } from 'vitest';
import { decodeResponseHead, encodeResponseHead, headLimit } from './response-head.js';

test('a head is read back as it was written', () => {
  const head = {
    status: 206,
    headers: [
      ['content-type', 'application/json'],
      ['x-amz-meta-note', 'caf\u00e9  latin'],
      ['set-cookie', 'a'],
      ['set-cookie', 'b'],
      ['x-empty', ''],
    ] as const,
  };
  expect(decodeResponseHead(encodeResponseHead(head))).toEqual(head);
});

test.each([
  [{ status: 101, headers: [] }],
  [{ status: 600, headers: [] }],
  [{ status: 200, headers: [['X-Upper', 'a']] as const }],
  [{ status: 200, headers: [['a b', 'c']] as const }],
  [{ status: 200, headers: [['a', 'b\r\nc: d']] as const }],
  [{ status: 200, headers: [['a', 'b\u0100']] as const }],
  [{ status: 200, headers: [['a', 'x'.repeat(headLimit)]] as const }],
])('a head that would not be read back the same is not written: %j', (head) => {
  expect(() => encodeResponseHead(head)).toThrow(expect.objectContaining({ code: 'RESPONSE_NOT_UNDERSTOOD' }));
});

test('a hundred thousand seeded inputs give a head or one error, never anything else', () => {
  const next = seededNumbers(7);
  const alphabet = 'HTTP/1. 2045\r\n: abz-\0\xff';
  let read = 0;
  const changed: unknown[] = [];
  for (let round = 0; round < 100_000; round += 1) {
    const start = next() < 0.7 ? 'HTTP/1.1 200\r\n' : '';
    const end = next() < 0.7 ? '\r\n\r\n' : '';
    let middle = '';
    for (let left = Math.floor(next() * 12); left > 0; left -= 1)
      middle += alphabet[Math.floor(next() * alphabet.length)];
    try {
      const head = decodeResponseHead(Buffer.from(start + middle + end, 'latin1'));
      if (!isDeepStrictEqual(decodeResponseHead(encodeResponseHead(head)), head)) changed.push(head);
      read += 1;
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code !== 'RESPONSE_NOT_UNDERSTOOD') throw error;
    }
  }
  expect(changed).toEqual([]);
  expect(read).toBeGreaterThan(100);
});
