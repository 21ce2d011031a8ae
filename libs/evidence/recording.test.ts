import { generateKeyPairSync } from 'node:crypto';
import type { OperationId, SessionId } from '@sallyport/core';
import { expect, test } from 'vitest';
import { digestOf, sha256, toHex, utf8 } from './bytes.js';
import { countersign, footerSigner, footerSignerOf, signAlone, signAsAgent, verifyFooter } from './footer.js';
import { generateNoteKey, keyTypes, spkiOf } from './note-keys.js';
import {
  chunkHeaderBytes,
  decodeChunk,
  encodeChunk,
  maxPayloadBytes,
  payloadsOf,
  RecordingChain,
} from './recording.js';

const session = 'session-1' as SessionId;
const operation = 'operation-1' as OperationId;
const at = new Date(1_763_715_600_000);

test('a chunk has the bytes that the format says', () => {
  const bytes = encodeChunk({ seq: 1, at, direction: 'toClient', payload: utf8('hi') });
  expect(toHex(bytes)).toBe('000000010000019aa5a44e8002000000026869');
  expect(decodeChunk(bytes)).toEqual({ seq: 1, at, direction: 'toClient', payload: Buffer.from('hi') });
});

test('the chain starts with the recording’s name and takes each chunk in', () => {
  const chain = new RecordingChain({ session, operation });
  const chunks = [chain.record('toTarget', utf8('select 1'), at), chain.record('toClient', utf8('1'), at)];
  const start = sha256(utf8('sallyport/recording/v1\n{"operation":"operation-1","session":"session-1"}'));
  const end = sha256(sha256(start, chunks[0]!), chunks[1]!);
  expect(chain.footer()).toEqual({
    v: 1,
    session,
    operation,
    chunks: 2,
    bytes: { toTarget: 8, toClient: 1 },
    lastHash: toHex(end),
  });
  expect(new RecordingChain({ session }).footer().lastHash).not.toBe(
    new RecordingChain({ session, operation }).footer().lastHash,
  );
});

test('a chunk that is not the next one, or malformed, is refused', () => {
  const chain = new RecordingChain({ session });
  const chunk = encodeChunk({ seq: 1, at, direction: 'toClient', payload: utf8('hi') });
  expect(() => chain.add(chunk)).toThrow(expect.objectContaining({ code: 'EVIDENCE_INCONSISTENT' }));
  for (const bad of [
    chunk.subarray(0, 10),
    chunk.subarray(0, -1),
    Buffer.concat([chunk, chunk]),
    Uint8Array.from(chunk, (byte, index) => (index === 12 ? 3 : byte)),
  ]) {
    expect(() => decodeChunk(bad)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
  }
  expect(chain.footer().chunks).toBe(0);
});

test('a chunk stays within 64 KiB, and longer payloads are cut', () => {
  const long = new Uint8Array(2 * maxPayloadBytes + 5);
  expect([...payloadsOf(long)].map(({ length }) => length)).toEqual([maxPayloadBytes, maxPayloadBytes, 5]);
  expect(encodeChunk({ seq: 0, at, direction: 'toClient', payload: long.subarray(0, maxPayloadBytes) })).toHaveLength(
    65_536,
  );
  expect(() => encodeChunk({ seq: 0, at, direction: 'toClient', payload: long })).toThrow(
    expect.objectContaining({ code: 'TOO_LARGE' }),
  );
  expect(chunkHeaderBytes).toBe(17);
});

const agents = {
  ed25519: generateKeyPairSync('ed25519'),
  'p-256': generateKeyPairSync('ec', { namedCurve: 'prime256v1' }),
};
const log = generateNoteKey('gateway.example/log', keyTypes.ed25519).signer;

test.each(['ed25519', 'p-256'] as const)(
  'a footer is signed by an agent’s %s key and countersigned by the control plane',
  (kind) => {
    const { privateKey, publicKey } = agents[kind];
    const info = publicKey.export({ format: 'der', type: 'spki' });
    const chain = new RecordingChain({ session });
    chain.record('toClient', utf8('hi'), at);
    const signed = countersign(
      signAsAgent(chain.footer(), footerSigner(privateKey)),
      chain.footer(),
      footerSignerOf(log),
    );
    expect(signed.agent?.key).toBe(digestOf(info));
    expect(verifyFooter('agent', signed, info)).toBe(true);
    expect(verifyFooter('control-plane', signed, spkiOf(log.key))).toBe(true);
    // One end's word is not the other's, and not about another recording.
    expect(verifyFooter('control-plane', { ...signed, controlPlane: signed.agent! }, info)).toBe(false);
    expect(verifyFooter('agent', { ...signed, footer: { ...signed.footer, chunks: 2 } }, info)).toBe(false);
    expect(verifyFooter('agent', signed, spkiOf(log.key))).toBe(false);
    expect(verifyFooter('agent', signAlone(chain.footer(), footerSignerOf(log)), info)).toBe(false);
  },
);

test('the control plane does not countersign what it did not see', () => {
  const [theirs, own] = [new RecordingChain({ session }), new RecordingChain({ session })];
  theirs.record('toClient', utf8('hi'), at);
  own.record('toClient', utf8('ho'), at);
  const signed = signAsAgent(theirs.footer(), footerSigner(agents.ed25519.privateKey));
  expect(() => countersign(signed, own.footer(), footerSignerOf(log))).toThrow(
    expect.objectContaining({ code: 'EVIDENCE_INCONSISTENT' }),
  );
});

test('a key of another kind signs no recording', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp384r1' });
  expect(() => footerSigner(privateKey)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }));
});
