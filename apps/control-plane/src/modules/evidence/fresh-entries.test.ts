import type { Envelope } from '@sallyport/evidence';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { EntryRow } from './entry-rows.js';
import { FreshEntries } from './fresh-entries.js';

const body = { text: 'select 1' };
const envelopeOf = (number: number): Envelope => ({
  v: 1,
  log: 'log',
  event: 'operation.allowed',
  at: `2026-01-01T00:00:00.${String(number % 1000).padStart(3, '0')}Z`,
});

function rowOf(number: number, bytes = 100): EntryRow {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(number);
  const envelope = envelopeOf(number);
  return {
    event: envelope.event,
    session: null,
    operation: null,
    review: null,
    at: new Date(envelope.at),
    envelope: JSON.stringify(envelope),
    nonce,
    bodyDigest: Buffer.alloc(32, number),
    body: Buffer.alloc(bytes),
    keyId: 'log',
  };
}
const storedOf = ({ nonce, envelope, bodyDigest }: EntryRow) => ({ nonce, envelope, body_digest: bodyDigest });

let entries: FreshEntries;
const keep = (row: EntryRow): void => entries.keep(row, JSON.parse(row.envelope) as Envelope, body);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  entries = new FreshEntries();
  entries.wanted();
});
afterEach(() => void vi.useRealTimers());

test('what was sealed here is found by its nonce, once', () => {
  keep(rowOf(1));
  expect(entries.take(storedOf(rowOf(1)))).toMatchObject({ envelope: envelopeOf(1), body });
  expect(entries.take(storedOf(rowOf(1)))).toBeUndefined();
  expect(entries.take(storedOf(rowOf(2)))).toBeUndefined();
});

test('an entry that is stored with another envelope or another digest is taken from the database', () => {
  keep(rowOf(1));
  keep(rowOf(2));
  expect(entries.take({ ...storedOf(rowOf(1)), envelope: rowOf(2).envelope })).toBeUndefined();
  expect(entries.take({ ...storedOf(rowOf(2)), body_digest: Buffer.alloc(32) })).toBeUndefined();
});

test('nothing is kept by a replica that does not lead, or does no longer', () => {
  const follower = new FreshEntries();
  follower.keep(rowOf(1), envelopeOf(1), body);
  expect(follower.take(storedOf(rowOf(1)))).toBeUndefined();

  keep(rowOf(1));
  vi.advanceTimersByTime(6_000);
  keep(rowOf(2));
  for (const number of [1, 2]) expect(entries.take(storedOf(rowOf(number)))).toBeUndefined();
});

test('of too many entries, or too many bytes, the oldest are forgotten', () => {
  for (let number = 0; number <= 10_000; number += 1) keep(rowOf(number));
  expect(entries.take(storedOf(rowOf(0)))).toBeUndefined();
  expect(entries.take(storedOf(rowOf(1)))).toBeDefined();

  const large = 20 * 1024 * 1024;
  keep(rowOf(20_000, large));
  keep(rowOf(20_001, large));
  expect(entries.take(storedOf(rowOf(20_000)))).toBeUndefined();
  expect(entries.take(storedOf(rowOf(20_001)))).toBeDefined();
});
