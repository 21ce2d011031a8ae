import { randomUUID } from 'node:crypto';
import type { AgentId } from '@sallyport/core';
import {
  cosign,
  formatVerifierKey,
  generateNoteKey,
  keyTypes,
  parseVerifierKey,
  verifyBundle,
  type WitnessState,
} from '@sallyport/evidence';
import { expect, test } from 'vitest';
import {
  activatePolicy,
  allow,
  closing,
  context,
  installation,
  operation,
  person,
  type Replica,
  sessionOn,
  startReplica,
} from '../../testing/evidence-replica.js';
import { Checkpoints } from './checkpoints.js';
import { EvidenceExport } from './evidence-export.js';
import { LogHealth } from './log-health.js';
import { VerificationKeysReader } from './verification-keys.js';
import { Witnessing } from './witnessing.js';

const agent = randomUUID() as AgentId;

const work = async (replica: Replica): Promise<string> => {
  const session = await sessionOn(replica);
  const read = session.admitted(operation('select name from patients'), allow, context);
  await read.durable;
  await read.outcome({ status: 'done', maskedFields: 0 });
  await session.ended(closing);
  await replica.get(Checkpoints).fresh();
  return session.id;
};

test('a database put back to an earlier state is found by the first agent that says hello', async () => {
  await using house = await installation();
  await work(house.first);
  await house.first.close();
  const backup = await house.database.createDatabase('backup', { template: house.database.database });

  const live = await house.replica();
  const { signer } = generateNoteKey('agent.test/witness', keyTypes.cosignature);
  const logKey = parseVerifierKey((await live.get(VerificationKeysReader).read()).log_keys[0]!.key);
  let state: WitnessState | undefined;
  live.get(Witnessing).useHost({
    witnesses: () => [{ agent, key: formatVerifierKey(signer.key) }],
    cosign: async (_, { checkpoint: note, proof }) => {
      const answer = cosign({ state, note, proof, logKey, signer, now: new Date() });
      state = answer.state;
      return answer.cosignature;
    },
  });
  await work(live);
  await expect.poll(() => state?.size ?? 0, { timeout: 10_000 }).toBeGreaterThan(5);
  await live.get(Witnessing).hello(agent, state);
  live.get(LogHealth).assertSound();

  const restored = await startReplica(backup, house.dataDir);
  try {
    restored.get(LogHealth).assertSound(); // alone it cannot know
    await expect(restored.get(Witnessing).hello(agent, state)).rejects.toMatchObject({ code: 'EVIDENCE_INCONSISTENT' });
    expect(() => restored.get(LogHealth).assertSound()).toThrow(
      expect.objectContaining({ code: 'EVIDENCE_INCONSISTENT' }),
    );
  } finally {
    await restored.close();
  }
});

test('an owner who cuts the end off the log stops its signing, and every session after that', async () => {
  await using house = await installation();
  await work(house.first);
  await house.first.close();
  await house.database.query(
    `alter table evidence_sequence disable trigger user;
     delete from evidence_sequence where seq >= (select max(seq) - 1 from evidence_sequence);
     alter table evidence_sequence enable always trigger evidence_sequence_insert_only;
     alter table evidence_entries disable trigger user;
     delete from evidence_entries e where not exists (select from evidence_sequence s where s.entry_id = e.id);
     alter table evidence_entries enable always trigger evidence_entries_insert_only`,
  );
  const next = await house.replica();
  await expect.poll(() => next.get(LogHealth).state().sound, { timeout: 10_000 }).toBe(false);
  expect(() => next.get(LogHealth).assertSound()).toThrow(expect.objectContaining({ code: 'EVIDENCE_INCONSISTENT' }));
});

test('an owner who changes a stored body is found by the export, and the log goes on', async () => {
  await using house = await installation();
  await activatePolicy(house.first);
  const session = await work(house.first);
  await house.database.query(
    `alter table evidence_entries disable trigger user;
     update evidence_entries set body = body || '\\x00' where event = 'operation.allowed';
     alter table evidence_entries enable always trigger evidence_entries_insert_only`,
  );
  await work(house.first);
  const lines: string[] = [];
  for await (const line of await house.first.get(EvidenceExport).open({}, person())) lines.push(line);
  const { log_keys } = await house.first.get(VerificationKeysReader).read();
  async function* each() {
    yield* lines;
  }
  const report = await verifyBundle(each(), { logKeys: log_keys.map(({ key }) => key) });
  expect(report.ok).toBe(false);
  expect(report.findings.map(({ code }) => code)).toContain('body.withheld');
  expect(lines.join('')).toContain(session);
  expect(house.first.logged()).toContain('evidence.tampered');
});

test('another master key opens nothing: the replica does not start', async () => {
  await using house = await installation();
  await work(house.first);
  await expect(startReplica(house.database.url, house.dataDir, 'f00d'.repeat(16))).rejects.toMatchObject({
    code: 'EVIDENCE_INCONSISTENT',
  });
});
