import { expect, test } from 'vitest';
import { addSignatures, signCheckpoint } from './checkpoint.js';
import { consistencyProof } from './merkle-proof.js';
import { checkNote, parseNote } from './notes.js';
import { forgedLogKey, logKey, origin, SampleLog, witnessKeys } from './sample-log.js';
import { checkWitnessed, cosign, type WitnessState } from './witness.js';

const now = new Date('2026-11-21T09:00:00Z');
const base = { logKey: logKey.key, signer: witnessKeys[0]!, now };

function grown(size: number, seed = 1): SampleLog {
  const log = new SampleLog(seed);
  while (log.tree.size < size) log.append('agent.connected', { agent: 'a' as never, name: `${seed}` });
  return log;
}

const head = (log: SampleLog, signer = logKey): string =>
  signCheckpoint({ origin, size: log.tree.size, root: log.tree.root() }, signer);
const stateOf = (log: SampleLog): WitnessState => ({
  origin,
  size: log.tree.size,
  root: Buffer.from(log.tree.root()).toString('base64'),
});
const refused = expect.objectContaining({ code: 'EVIDENCE_INCONSISTENT' }) as Error;

test('a witness vouches for a log that grows, step by step', async () => {
  const log = grown(0);
  let state: WitnessState | undefined;
  for (const size of [0, 1, 2, 2, 7, 8, 30]) {
    while (log.tree.size < size) log.append('agent.connected', { agent: 'a' as never, name: '1' });
    const note = head(log);
    const proof = await consistencyProof(state?.size ?? 0, size, log.read);
    const answer = cosign({ ...base, state, note, proof });
    expect(answer.state).toEqual(stateOf(log));
    const { verified } = checkNote(parseNote(addSignatures(note, [answer.cosignature])), [witnessKeys[0]!.key]);
    expect(verified).toEqual([{ key: witnessKeys[0]!.key, at: now }]);
    state = answer.state;
  }
});

test('a log that shrank is refused', async () => {
  const [before, after] = [grown(9), grown(5)];
  expect(() => cosign({ ...base, state: stateOf(before), note: head(after), proof: [] })).toThrow(refused);
});

test('another log of the same size is refused', () => {
  expect(() => cosign({ ...base, state: stateOf(grown(5)), note: head(grown(5, 2)), proof: [] })).toThrow(refused);
});

test('a log that goes on from another history is refused, whatever proof comes along', async () => {
  const other = grown(12, 2);
  for (const proof of [[], await consistencyProof(5, 12, other.read), await consistencyProof(5, 12, grown(12).read)]) {
    expect(() => cosign({ ...base, state: stateOf(grown(5)), note: head(other), proof })).toThrow(refused);
  }
});

test('a proof where none is due is refused', async () => {
  const log = grown(12);
  const proof = await consistencyProof(5, 12, log.read);
  expect(() => cosign({ ...base, state: undefined, note: head(log), proof })).toThrow(refused);
  expect(() => cosign({ ...base, state: stateOf(log), note: head(log), proof })).toThrow(refused);
});

test('a checkpoint of another key, or with another log’s state, is refused', () => {
  const log = grown(3);
  expect(() => cosign({ ...base, state: undefined, note: head(log, forgedLogKey), proof: [] })).toThrow(refused);
  expect(() =>
    cosign({ ...base, state: { ...stateOf(log), origin: 'another/log' }, note: head(log), proof: [] }),
  ).toThrow(refused);
});

test('a control plane whose database was rolled back or replaced finds out from a witness', async () => {
  const [log, older, other] = [grown(12), grown(5), grown(12, 2)];
  const tree = (of: SampleLog) => ({ origin, size: of.tree.size, read: of.read });
  await expect(checkWitnessed(stateOf(older), tree(log))).resolves.toBeUndefined();
  await expect(checkWitnessed(stateOf(log), tree(log))).resolves.toBeUndefined();
  await expect(checkWitnessed(stateOf(log), tree(older))).rejects.toThrow(refused);
  await expect(checkWitnessed(stateOf(older), tree(other))).rejects.toThrow(refused);
  await expect(
    checkWitnessed({ ...stateOf(log), origin: 'log before the restore' }, tree(older)),
  ).resolves.toBeUndefined();
});
