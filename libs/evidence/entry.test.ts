import type { OperationId, SessionId } from '@sallyport/core';
import { expect, test } from 'vitest';
import { digestOf, fromUtf8, utf8 } from './bytes.js';
import { canonicalJson } from './canonical.js';
import { clipText } from './clip.js';
import { decodeEntry, type Entry, encodeEntry, keyIdOf } from './entry.js';
import { seededRandom } from './sample-random.js';
import {
  bodyOf,
  maxBodyBytes,
  newBodyKey,
  openBody,
  openDocument,
  sealBody,
  sealEntry,
  unwrapKey,
  wrapKey,
} from './seal.js';

const random = seededRandom(1);
const key = newBodyKey(random);
const session = '018f-session' as SessionId;

const sealed = () =>
  sealEntry({
    log: 'gateway.example/log',
    event: 'operation.completed',
    at: new Date('2026-11-21T09:00:00.5Z'),
    session,
    operation: 'op-1' as OperationId,
    body: { operation: 'op-1' as OperationId, status: 'done', rows: 3, maskedFields: 1, code: undefined },
    key,
    random,
  });

test('a leaf is canonical JSON of exactly this form', () => {
  const entry: Entry = {
    seq: 7,
    envelope: { v: 1, log: 'gateway.example/log', event: 'session.ended', at: '2026-11-21T09:00:00.500Z', session },
    nonce: 'AAECAwQFBgcICQoL',
    bodyDigest: digestOf('body'),
  };
  expect(fromUtf8(encodeEntry(entry))).toBe(
    `{"body":"${digestOf('body')}","envelope":{"at":"2026-11-21T09:00:00.500Z","event":"session.ended","log":"gateway.example/log","session":"018f-session","v":1},"nonce":"AAECAwQFBgcICQoL","seq":7}`,
  );
  expect(decodeEntry(encodeEntry(entry))).toEqual(entry);
});

test('an entry that is sealed opens again, without the members that were undefined', () => {
  const entry = sealed();
  expect(entry.envelope).toEqual({
    v: 1,
    log: 'gateway.example/log',
    event: 'operation.completed',
    at: '2026-11-21T09:00:00.500Z',
    session,
    operation: 'op-1',
  });
  expect(openBody<'operation.completed'>(entry, key)).toEqual({
    operation: 'op-1',
    status: 'done',
    rows: 3,
    maskedFields: 1,
  });
});

test('nothing of a body can be read or guessed from what is stored beside its key', () => {
  const [first, second] = [sealed(), sealed()];
  expect(Buffer.from(first.sealed).toString('latin1')).not.toContain('done');
  // Equal bodies have different digests: the salt goes with the key.
  expect(first.bodyDigest).not.toBe(second.bodyDigest);
  const document = openDocument(first, key);
  expect(first.bodyDigest).toBe(digestOf(document));
  expect(first.bodyDigest).not.toBe(digestOf(canonicalJson(bodyOf(document))));
});

test.each([
  ['another key', () => [sealed(), newBodyKey(random)] as const],
  [
    'another envelope',
    () => [{ ...sealed(), envelope: { ...sealed().envelope, event: 'operation.denied' } }, key] as const,
  ],
  ['another nonce', () => [{ ...sealed(), nonce: sealed().nonce }, key] as const],
  ['another digest', () => [{ ...sealed(), bodyDigest: digestOf('x') }, key] as const],
  ['another body', () => [{ ...sealed(), sealed: sealed().sealed }, key] as const],
  ['a body cut short', () => [{ ...sealed(), sealed: sealed().sealed.subarray(0, 10) }, key] as const],
])('a body does not open under %s', (_name, make) => {
  const [entry, wrong] = make();
  expect(() => openDocument(entry, wrong)).toThrow(expect.objectContaining({ code: 'EVIDENCE_INCONSISTENT' }));
});

test('a body that is too large is refused with a way out', () => {
  const { envelope } = sealed();
  expect(() => sealBody({ envelope, body: { text: 'x'.repeat(maxBodyBytes) }, key, random })).toThrow(
    expect.objectContaining({ code: 'TOO_LARGE', hint: expect.stringContaining('recording') as string }),
  );
});

test.each([
  ['an event that is no event', { event: 'Session Started' }],
  ['a time that is none', { at: '2026-13-41T09:00:00.500Z' }],
  ['a time without milliseconds', { at: '2026-11-21T09:00:00Z' }],
  ['another version', { v: 2 }],
  ['a member of its own', { name: 'Ada' }],
  ['an empty session', { session: '' }],
  ['no log', { log: undefined }],
  ['an endless log', { log: 'x'.repeat(70_000) }],
])('an envelope with %s makes no leaf', (_name, change) => {
  const { nonce, bodyDigest, envelope } = sealed();
  expect(() => encodeEntry({ seq: 0, nonce, bodyDigest, envelope: { ...envelope, ...change } as never })).toThrow(
    expect.objectContaining({ code: 'INVALID_INPUT' }),
  );
});

test.each([-1, 1.5, Number.NaN, 2 ** 53])('%s is no sequence number', (seq) => {
  expect(() => encodeEntry({ ...sealed(), seq })).toThrow(/sequence number/);
});

test('leaf bytes with anything more, less or other in them are refused', () => {
  const leaf = fromUtf8(encodeEntry({ ...sealed(), seq: 3 }));
  const value = JSON.parse(leaf) as Record<string, unknown>;
  const changed = [
    `${leaf} `,
    leaf.replace('"seq":3', '"seq":-3'),
    leaf.replace('"seq":3', '"seq":"3"'),
    canonicalJson({ ...value, extra: 1 }),
    canonicalJson({ ...value, nonce: 'AAAA' }),
    canonicalJson({ ...value, body: 'x' }),
    '[]',
    'null',
    '{}',
  ];
  for (const text of changed) expect(() => decodeEntry(utf8(text)), text).toThrow();
  expect(() => decodeEntry(Uint8Array.of(0xff, 0xfe))).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
});

test('the key of a body follows from its envelope', () => {
  const { envelope } = sealed();
  expect(keyIdOf(envelope)).toBe(session);
  expect(keyIdOf({ ...envelope, key: 'person:1' })).toBe('person:1');
  const { session: _, ...outside } = envelope;
  expect(keyIdOf(outside)).toBe('log');
});

test('a body key opens under its master key and its own name only', () => {
  const master = random(32);
  const wrapped = wrapKey(master, session, key, random);
  expect(wrapped).toHaveLength(61);
  expect(Buffer.from(unwrapKey(master, session, wrapped)).equals(Buffer.from(key))).toBe(true);
  for (const attempt of [
    () => unwrapKey(random(32), session, wrapped),
    () => unwrapKey(master, 'other', wrapped),
    () => unwrapKey(master, session, wrapped.subarray(1)),
  ]) {
    expect(attempt).toThrow(expect.objectContaining({ code: 'EVIDENCE_INCONSISTENT' }));
  }
});

test('a long text is cut between characters and says how long it was', () => {
  expect(clipText('kurz', 10)).toEqual({ text: 'kurz' });
  expect(clipText('aé€😀', 6)).toEqual({ text: 'aé€', bytes: 10 });
  expect(clipText('aé€😀', 9)).toEqual({ text: 'aé€', bytes: 10 });
  expect(canonicalJson(clipText('\ud800', 10).text)).toBe('"\ufffd"');
});
