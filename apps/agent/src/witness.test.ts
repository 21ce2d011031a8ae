import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  formatVerifierKey,
  generateNoteKey,
  keyTypes,
  type NoteSigner,
  rotateKey,
  signCheckpoint,
} from '@sallyport/evidence';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WitnessStore } from './state/witness-store.js';
import { Witness } from './witness.js';

const origin = 'log.example.com';
let folder: string;
let log: NoteSigner;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-witness-'));
  log = generateNoteKey(origin, keyTypes.ed25519).signer;
});
afterEach(() => rmSync(folder, { recursive: true }));

const newWitness = (logKeys: string[] = []): Witness =>
  new Witness({ store: new WitnessStore(folder), logKeys, now: () => new Date('2026-03-01T00:00:00Z') });
const checkpoint = (size: number, fill: number, signer = log): string =>
  signCheckpoint({ origin: signer.key.name, size, root: new Uint8Array(32).fill(fill) }, signer);
const request = (note: string, rotations: string[] = []) => ({ id: 1, checkpoint: note, proof: [], rotations });
const stored = (): { heads: Record<string, { size: number }> } =>
  JSON.parse(readFileSync(join(folder, 'witness.json'), 'utf8')) as never;

test('what it vouches for is on disk when the cosignature exists, and survives a restart with the same key', () => {
  const witness = newWitness();
  witness.pin(formatVerifierKey(log.key));

  const cosignature = witness.cosign(request(checkpoint(1, 7)));

  expect(cosignature).toContain(witness.key.split('+')[0]);
  expect(stored().heads[origin]?.size).toBe(1);
  const restarted = newWitness();
  expect(restarted.key).toBe(witness.key);
  expect(restarted.checkpoints).toEqual([`${origin}\n1\n${Buffer.alloc(32, 7).toString('base64')}\n`]);
});

test('another history of the same size, or a smaller one, is refused and leaves the state as it was', () => {
  const witness = newWitness();
  witness.pin(formatVerifierKey(log.key));
  witness.cosign(request(checkpoint(2, 7)));

  for (const note of [checkpoint(2, 8), checkpoint(1, 7)]) {
    expect(() => witness.cosign(request(note))).toThrow(expect.objectContaining({ code: 'EVIDENCE_INCONSISTENT' }));
  }
  expect(stored().heads[origin]?.size).toBe(2);
});

test('a log that is not pinned is not vouched for, whoever asks', () => {
  const witness = newWitness();
  const stranger = generateNoteKey(origin, keyTypes.ed25519).signer;
  expect(() => witness.cosign(request(checkpoint(1, 7)))).toThrow(
    expect.objectContaining({ code: 'EVIDENCE_INCONSISTENT' }),
  );

  witness.pin(formatVerifierKey(log.key));

  expect(() => witness.cosign(request(checkpoint(1, 7, stranger)))).toThrow(
    expect.objectContaining({ code: 'EVIDENCE_INCONSISTENT' }),
  );
});

test('a log whose key was rotated by itself is followed; a change that the old key did not sign is not', () => {
  const witness = newWitness();
  witness.pin(formatVerifierKey(log.key));
  const next = generateNoteKey(origin, keyTypes.ed25519).signer;
  const forged = { ...rotateKey(log, next), oldSignature: Buffer.alloc(64).toString('base64') };

  expect(() => witness.cosign(request(checkpoint(1, 7, next), [JSON.stringify(forged)]))).toThrow();
  expect(witness.cosign(request(checkpoint(1, 7, next), [JSON.stringify(rotateKey(log, next))]))).toBeTruthy();
  expect(() => witness.cosign(request(checkpoint(1, 7)))).toThrow(
    expect.objectContaining({ code: 'EVIDENCE_INCONSISTENT' }),
  );
});

test('a chain of changes is followed from the key that the configuration names, again and again', () => {
  const [second, third] = [1, 2].map(() => generateNoteKey(origin, keyTypes.ed25519).signer);
  const changes = [rotateKey(log, second!), rotateKey(second!, third!)].map((change) => JSON.stringify(change));
  const witness = newWitness([formatVerifierKey(log.key)]);

  expect(witness.cosign(request(checkpoint(1, 7, second), changes.slice(0, 1)))).toBeTruthy();
  for (const again of [1, 2])
    expect(witness.cosign(request(checkpoint(1, 7, third), changes)), `${again}`).toBeTruthy();
  expect(() => witness.cosign(request(checkpoint(1, 7, second), changes))).toThrow(
    expect.objectContaining({ code: 'EVIDENCE_INCONSISTENT' }),
  );
});

test('after an explicit restore a log under a new name is vouched for once its key is configured', () => {
  const restored = generateNoteKey('restored.example.com', keyTypes.ed25519).signer;

  expect(() => newWitness().cosign(request(checkpoint(1, 7, restored)))).toThrow(
    expect.objectContaining({ code: 'EVIDENCE_INCONSISTENT' }),
  );
  expect(newWitness([formatVerifierKey(restored.key)]).cosign(request(checkpoint(1, 7, restored)))).toBeTruthy();
});

test('a damaged state stops the witness rather than let it begin anew', () => {
  writeFileSync(join(folder, 'witness.json'), '{"heads":');

  expect(() => newWitness()).toThrow(expect.objectContaining({ code: 'EVIDENCE_INCONSISTENT' }));
});
