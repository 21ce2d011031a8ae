import { expect, test } from 'vitest';
import { deriveKeyPair } from './key-pair.js';

const key = Buffer.alloc(32, 7);

test('a ticket has the same key pair each time, and this one', () => {
  // Changing how pairs are derived would end every session that is open.
  expect(deriveKeyPair(key, 'ticket-1')).toEqual({
    accessKeyId: 'ASIAN26Y2DB7DGCDEN2I',
    secretAccessKey: '1jlOTkTroKrsbUn7TabJ5h+DeaLHN4dgVcTtHANn',
  });
});

test('pairs look like those of AWS', () => {
  for (let count = 0; count < 100; count += 1) {
    const { accessKeyId, secretAccessKey } = deriveKeyPair(key, `ticket-${count}`);
    expect(accessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
    expect(secretAccessKey).toMatch(/^[A-Za-z0-9+/]{40}$/);
  }
});

test('another ticket or another key gives another pair, both parts of it', () => {
  const pairs = [deriveKeyPair(key, 'a'), deriveKeyPair(key, 'b'), deriveKeyPair(Buffer.alloc(32, 8), 'a')];
  expect(new Set(pairs.map(({ accessKeyId }) => accessKeyId)).size).toBe(3);
  expect(new Set(pairs.map(({ secretAccessKey }) => secretAccessKey)).size).toBe(3);
});

test('the id is not the begin of the secret', () => {
  const { accessKeyId, secretAccessKey } = deriveKeyPair(key, 'ticket-1');
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...accessKeyId.slice(4)]
    .map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0'))
    .join('');
  const secretBits = [...Buffer.from(secretAccessKey, 'base64')]
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('');
  expect(secretBits.startsWith(bits)).toBe(false);
});

test('a short key and an empty ticket are refused', () => {
  expect(() => deriveKeyPair(Buffer.alloc(31), 'a')).toThrow('32 bytes');
  expect(() => deriveKeyPair(key, '')).toThrow('no ticket');
});
