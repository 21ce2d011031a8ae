import type { Digest } from '@sallyport/core';
import { expect, test } from 'vitest';
import { splitAddress } from './address.js';
import { jitteredDelay } from './backoff.js';
import { CatalogueAssembly, cutCatalogue, maxCatalogueBytes, pieceBytes } from './catalogue-transfer.js';
import { commonVersion } from './protocol-version.js';
import { RateLimit } from './rate-limit.js';

const digest = 'ab'.repeat(32) as Digest;
const snapshot = (size: number) => ({ digest, bytes: Buffer.alloc(size, 'c') });

test('the delay before a dial doubles up to thirty seconds, with full jitter', () => {
  expect([0, 1, 2, 5, 6, 60].map((attempt) => jitteredDelay(attempt, () => 0.999_999))).toEqual([
    499, 999, 1_999, 15_999, 29_999, 29_999,
  ]);
  expect(jitteredDelay(5, () => 0)).toBe(0);
});

test.each([
  [{ min: 1, max: 1 }, { min: 1, max: 3 }, 1],
  [{ min: 1, max: 4 }, { min: 2, max: 3 }, 3],
])('agent %o and control plane %o agree on %i', (agent, controlPlane, version) => {
  expect(commonVersion(agent, controlPlane)).toBe(version);
});

test.each([
  [{ min: 1, max: 1 }, 'update the agent'],
  [{ min: 4, max: 4 }, 'update the control plane'],
])('without a common version, %o is told what to update', (agent, hint) => {
  expect(() => commonVersion(agent, { min: 2, max: 3 })).toThrow(
    expect.objectContaining({ code: 'AGENT_INCOMPATIBLE', hint }),
  );
});

test('a catalogue is put together from its pieces, two at a time', () => {
  const assembly = new CatalogueAssembly();
  const a = [...cutCatalogue('orders', 'a', snapshot(pieceBytes * 2 + 1))];
  const b = [...cutCatalogue('orders', 'b', snapshot(0))];

  expect(a.map((piece) => piece.bytes.length)).toEqual([pieceBytes, pieceBytes, 1]);
  expect(assembly.add(a[0]!)).toBeUndefined();
  expect(assembly.add(b[0]!)).toEqual({ digest, bytes: Buffer.alloc(0) });
  expect(assembly.add(a[1]!)).toBeUndefined();
  expect(assembly.add(a[2]!)?.bytes.length).toBe(pieceBytes * 2 + 1);
});

test('a transfer that begins anew replaces the one before', () => {
  const assembly = new CatalogueAssembly();
  const [first] = [...cutCatalogue('orders', 'a', snapshot(pieceBytes + 1))];
  const again = [...cutCatalogue('orders', 'a', snapshot(pieceBytes + 2))];

  assembly.add(first!);
  assembly.add(again[0]!);
  expect(assembly.add(again[1]!)?.bytes.length).toBe(pieceBytes + 2);
});

const piece = { target: 'orders', database: 'a', digest, totalBytes: 10, offset: 0, bytes: Buffer.alloc(5) };
test.each([
  ['a piece without a beginning', [{ ...piece, offset: 5 }]],
  ['a gap', [piece, { ...piece, offset: 6, bytes: Buffer.alloc(4) }]],
  ['more than was announced', [piece, { ...piece, offset: 5, bytes: Buffer.alloc(6) }]],
  ['a catalogue beyond the bound', [{ ...piece, totalBytes: maxCatalogueBytes + 1 }]],
  ['pieces of nothing', [{ ...piece, bytes: Buffer.alloc(0) }]],
  ['another digest half way', [piece, { ...piece, offset: 5, digest: 'cd'.repeat(32) }]],
  ['no digest', [{ ...piece, digest: 'x' }]],
  ['too many at once', Array.from({ length: 9 }, (_, n) => ({ ...piece, database: String(n) }))],
])('%s is a violation of the protocol', (_what, pieces) => {
  const assembly = new CatalogueAssembly();

  expect(() => {
    for (const each of pieces) assembly.add(each);
  }).toThrow(expect.objectContaining({ code: 'PROTOCOL_VIOLATION' }));
});

test('a caller has his tries a window, and all callers together theirs', () => {
  let now = 1_000_000;
  const rate = new RateLimit({ perCaller: 2, overall: 4, windowMs: 60_000 }, () => now);

  expect(['a', 'a', 'a', 'b', 'c'].map((caller) => rate.take(caller))).toEqual([true, true, false, true, false]);
  now += 60_000;
  expect(rate.take('a')).toBe(true);
});

test.each([
  ['gateway.example.com:7401', { host: 'gateway.example.com', port: 7401 }],
  ['[::1]:7401', { host: '::1', port: 7401 }],
])('%s is an address', (text, address) => {
  expect(splitAddress(text)).toEqual(address);
});

test.each(['gateway', ':7401', 'http://gateway:7401', '::1:7401', 'gateway:99999'])('%s is none', (text) => {
  expect(() => splitAddress(text)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
});
