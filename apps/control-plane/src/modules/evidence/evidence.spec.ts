import { randomUUID } from 'node:crypto';
import type { AgentId, PolicyId, ReviewId, SessionId } from '@sallyport/core';
import {
  cosign,
  formatVerifierKey,
  generateNoteKey,
  type KeyRotated,
  keyTypes,
  openRotation,
  type Pins,
  parseVerifierKey,
  type Report,
  verifyBundle,
  type WitnessState,
} from '@sallyport/evidence';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  activatePolicy,
  allow,
  closing,
  context,
  deny,
  type Installation,
  installation,
  operation,
  person,
  type Replica,
  sessionOn,
} from '../../testing/evidence-replica.js';
import { ProjectionRebuild } from '../sessions/projection-rebuild.js';
import { Checkpoints } from './checkpoints.js';
import { Erasure } from './erasure.js';
import { EvidenceExport } from './evidence-export.js';
import { EvidenceWriter } from './evidence-writer.js';
import type { ExportRequest } from './export-selection.js';
import { KeyRotation } from './key-rotation.js';
import { Leader } from './leader.js';
import { LogHealth } from './log-health.js';
import { LogIdentity } from './log-identity.js';
import { VerificationKeysReader } from './verification-keys.js';
import { Witnessing, type WitnessQuestion } from './witnessing.js';

const auditor = person('grace', ['auditor']);
const admin = person('root', ['admin']);
const system = { id: 'system', class: 'system', name: 'sallyport' } as const;

const bundle = async (replica: Replica, request: ExportRequest = {}): Promise<string[]> => {
  const lines: string[] = [];
  for await (const line of await replica.get(EvidenceExport).open(request, auditor)) lines.push(line);
  return lines;
};
async function* each(lines: readonly string[]) {
  yield* lines;
}
const verified = async (replica: Replica, lines: readonly string[], more: Partial<Pins> = {}): Promise<Report> => {
  const keys = await replica.get(VerificationKeysReader).read();
  return verifyBundle(each(lines), { logKeys: keys.log_keys.map(({ key }) => key), ...more });
};

/** One operation of each kind, with a recorded answer and a reviewed DELETE. */
const busySession = async (replica: Replica): Promise<SessionId> => {
  const session = await sessionOn(replica);
  const read = session.admitted(operation('select name from patients'), allow, context);
  await read.durable;
  await session.response(read.id, Buffer.from('masked rows'), new Date());
  await read.outcome({ status: 'done', rows: 3, maskedFields: 3, maskedBy: ['names'] });
  await session.admitted(operation('drop table patients'), deny, context).durable;
  await session.ended(closing);
  return session.id;
};

const tables = ['sessions', 'operations'] as const;
const projected = async (house: Installation): Promise<unknown> =>
  Promise.all(tables.map((table) => house.database.query(`select * from ${table} order by id`)));

describe('the log', () => {
  let house: Installation;
  beforeAll(async () => {
    house = await installation();
    await activatePolicy(house.first);
  });
  afterAll(() => house[Symbol.asyncDispose]());

  test('has the whole of it in an export that verifies offline with pinned keys', async () => {
    await busySession(house.first);
    const report = await verified(house.first, await bundle(house.first));
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({
      ok: true,
      kind: 'log',
      counts: { sessions: 1, operations: 2, recordings: 1, policies: 1 },
    });
  });

  test('a changed, removed or swapped line of the export is found', async () => {
    await busySession(house.first);
    const lines = await bundle(house.first);
    const entries = lines.flatMap((line, index) => (line.includes('"type":"entry"') ? [index] : []));
    const at = entries[3]!;
    const changed = lines.with(at, lines[at]!.replace('operation.', 'operatiom.').replace('session.', 'sessiom.'));
    const removed = lines.toSpliced(at, 1);
    const swapped = lines.with(at, lines[at + 1]!).with(at + 1, lines[at]!);
    for (const mutant of [changed, removed, swapped, lines.slice(0, -1)])
      expect((await verified(house.first, mutant)).ok).toBe(false);
  });

  test('one session is exported with inclusion proofs and with what its decisions rest on', async () => {
    const session = await busySession(house.first);
    await busySession(house.first);
    const lines = await bundle(house.first, { session });
    const report = await verified(house.first, lines);
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({ ok: true, kind: 'selection', counts: { sessions: 1, recordings: 1, policies: 1 } });
  });

  test('a time range is exported as the sessions that began in it', async () => {
    const from = new Date();
    await busySession(house.first);
    const report = await verified(house.first, await bundle(house.first, { from, to: new Date(Date.now() + 60_000) }));
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({ ok: true, counts: { sessions: 1 } });
  });

  test('an export is itself on record, and one of a session that does not exist is refused', async () => {
    const count = async () =>
      Number(
        (
          await house.database.query<{ count: string }>(
            "select count(*) from evidence_entries where event = 'evidence.exported'",
          )
        )[0]!.count,
      );
    const before = await count();
    await bundle(house.first);
    expect(await count()).toBe(before + 1);
    await expect(bundle(house.first, { session: randomUUID() as SessionId })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  test('entries that commit out of the order of their ids all get a place, without a gap', async () => {
    const database = house.first.get(DataSource);
    const writer = house.first.get(EvidenceWriter);
    const event = (reason: string) => ({
      event: 'grants.ended' as const,
      body: { person: person().id, by: system, reason },
    });
    const slow = database.createQueryRunner();
    const lost = database.createQueryRunner();
    await Promise.all([slow.startTransaction(), lost.startTransaction()]);
    await writer.append(slow.manager, event('slow'));
    await writer.append(lost.manager, event('rolled back'));
    await writer.append(database, event('fast'));
    await house.settled();
    const [fast] = await house.database.query<{ seq: string }>('select max(seq) as seq from evidence_sequence');
    await lost.rollbackTransaction();
    await new Promise((resolve) => setTimeout(resolve, 600)); // ticks in which a watermark by id alone would pass the slow one
    await slow.commitTransaction();
    await Promise.all([slow.release(), lost.release()]);
    await house.settled();
    const missing = await house.database.query(
      'select e.id from evidence_entries e left join evidence_sequence s on s.entry_id = e.id where s.seq is null',
    );
    expect(missing).toEqual([]);
    const [range] = await house.database.query<{ least: string; most: string; count: string }>(
      'select min(seq) as least, max(seq) as most, count(*) from evidence_sequence',
    );
    expect(Number(range!.most) - Number(range!.least) + 1).toBe(Number(range!.count));
    expect(Number(range!.most)).toBeGreaterThan(Number(fast!.seq));
  });

  test('an earlier checkpoint proves that nothing was taken back since', async () => {
    const earlier = await house.first.get(Checkpoints).fresh();
    await busySession(house.first);
    const report = await verified(house.first, await bundle(house.first), { checkpoints: [earlier.note] });
    expect(report.ok).toBe(true);
  });

  test('tables made anew out of the log equal those that grew with it', async () => {
    await busySession(house.first);
    await house.settled();
    const grown = await projected(house);
    await house.first.get(ProjectionRebuild).rebuild();
    expect(await projected(house)).toEqual(grown);
  });

  test('erasure: bodies become unreadable everywhere, and every proof stays valid', async () => {
    const session = await busySession(house.first);
    await house.settled();
    await house.first.get(Erasure).destroy(session, admin, 'asked for by the person');
    await expect(house.first.get(Erasure).destroy(session, admin, 'again')).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    const lines = await bundle(house.first);
    const report = await verified(house.first, lines);
    expect(report.findings).toEqual([]);
    expect(report.counts.erased).toBeGreaterThan(0);
    expect(lines.filter((line) => line.includes(session)).join('')).not.toContain('select name from patients');
    expect((await verified(house.first, await bundle(house.first, { session }))).findings).toEqual([]);
    const rows = await house.database.query(
      'select person_id, connection_name, erased_at is not null as erased from sessions where id = $1',
      [session],
    );
    expect(rows).toEqual([{ person_id: null, connection_name: null, erased: true }]);
    const grown = await projected(house);
    await house.first.get(ProjectionRebuild).rebuild();
    expect(await projected(house)).toEqual(grown);
  });

  test('an open session cannot be erased', async () => {
    const session = await sessionOn(house.first);
    await expect(house.first.get(Erasure).destroy(session.id, admin, 'too early')).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    await session.ended(closing);
  });

  test('a reviewed operation rests on its review in one transaction, and verifies', async () => {
    const session = await sessionOn(house.first);
    const review = randomUUID() as ReviewId;
    const requirement = { groups: ['sre'], approvals: 1, timeoutMs: 60_000, onTimeout: 'deny' as const };
    const asked = session.admitted(
      operation('delete from patients', { risk: 'destructive', pure: false }),
      { outcome: 'review', policies: ['review-writes' as PolicyId], policyVersion: 1, requirement },
      context,
    );
    await asked.durable;
    await house.first.get(DataSource).transaction((tx) =>
      session.settled(tx, asked.id, {
        outcome: 'allow',
        policies: ['review-writes' as PolicyId],
        policyVersion: 1,
        review,
      }),
    );
    await asked.outcome({ status: 'done', rows: 1, maskedFields: 0 });
    await session.ended(closing);
    await house.settled();
    const rows = await house.database.query('select decision, status, review_id from operations where id = $1', [
      asked.id,
    ]);
    expect(rows).toEqual([{ decision: 'allowed', status: 'done', review_id: review }]);
    await expect(
      house.first
        .get(DataSource)
        .transaction((tx) => session.settled(tx, asked.id, { outcome: 'allow', policies: [], policyVersion: 1 })),
    ).rejects.toMatchObject({ code: 'CONFLICT' });
  });
});

describe('several replicas', () => {
  test('sequence one log without gaps while both write, and the other takes over when the leader is killed', async () => {
    await using house = await installation();
    await activatePolicy(house.first);
    const second = await house.replica();
    expect([house.first, second].filter((replica) => replica.get(Leader).isLeading)).toHaveLength(1);
    await Promise.all(
      [house.first, second].flatMap((replica) => Array.from({ length: 5 }, () => busySession(replica))),
    );

    const killed = await house.database.query(
      "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted and pid in (select pid from pg_locks where locktype = 'advisory') and objid = $1",
      [Number(7_402_911_005_201n & 0xffffffffn)],
    );
    expect(killed).toHaveLength(1);
    await Promise.all(
      [house.first, second].flatMap((replica) => Array.from({ length: 5 }, () => busySession(replica))),
    );

    await house.settled();
    const [range] = await house.database.query<{ most: string; count: string; entries: string }>(
      'select max(seq) as most, count(*), (select count(*) from evidence_entries) as entries from evidence_sequence',
    );
    expect(Number(range!.most) + 1).toBe(Number(range!.count));
    expect(range!.count).toBe(range!.entries);
    expect((await verified(second, await bundle(second))).findings).toEqual([]);
  });

  test('a replica that dies has its sessions ended on record as lost, and what was in flight as unknown', async () => {
    await using house = await installation();
    await activatePolicy(house.first);
    const second = await house.replica();
    const session = await sessionOn(second);
    const running = session.admitted(operation('update patients set name = null'), allow, context);
    await running.durable;
    await second.close();
    for (
      let tries = 0;
      tries < 100 &&
      (await house.database.query('select id from evidence_entries where session = $1', [session.id])).length < 4;
      tries += 1
    ) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const events = await house.database.query(
      'select event, operation from evidence_entries where session = $1 order by id',
      [session.id],
    );
    expect(events).toEqual([
      { event: 'session.started', operation: null },
      { event: 'operation.allowed', operation: running.id },
      { event: 'operation.completed', operation: running.id },
      { event: 'session.ended', operation: null },
    ]);
    expect((await verified(house.first, await bundle(house.first))).findings).toEqual([]);
  });
});

describe('witnesses', () => {
  const agent = randomUUID() as AgentId;

  /** An agent's witness, as libs/evidence makes it. */
  const witnessOf = async (replica: Replica) => {
    const { signer } = generateNoteKey('agent.test/witness', keyTypes.cosignature);
    const keys = await replica.get(VerificationKeysReader).read();
    let logKey = parseVerifierKey(keys.log_keys[0]!.key);
    let state: WitnessState | undefined;
    const host = {
      witnesses: () => [{ agent, key: formatVerifierKey(signer.key) }],
      cosign: async (_: AgentId, { checkpoint: note, proof, rotations }: WitnessQuestion) => {
        for (const rotation of rotations) {
          const change = openRotation(JSON.parse(rotation) as KeyRotated);
          if (change.old.id === logKey.id) logKey = change.new;
        }
        const answer = cosign({ state, note, proof, logKey, signer, now: new Date() });
        state = answer.state;
        return answer.cosignature;
      },
    };
    return { host, key: formatVerifierKey(signer.key), state: () => state };
  };

  const cosigned = async (replica: Replica) => {
    await replica.get(Checkpoints).fresh();
    await replica.get(Witnessing).settled();
    replica.get(Witnessing).start();
    await replica.get(Witnessing).settled();
  };

  test('a connected agent cosigns, again and again, and the export shows a quorum', async () => {
    await using house = await installation();
    await activatePolicy(house.first);
    const witness = await witnessOf(house.first);
    house.first.get(Witnessing).useHost(witness.host);
    await house.first.get(Witnessing).hello(agent, undefined);
    await busySession(house.first);
    await cosigned(house.first);
    await busySession(house.first);
    await cosigned(house.first);
    const keys = await house.first.get(VerificationKeysReader).read();
    expect(keys).toMatchObject({ quorum: 1, witness_keys: [{ key: witness.key, agent_id: agent }] });
    const report = await verified(house.first, await bundle(house.first), { witnessKeys: [witness.key], quorum: 1 });
    expect(report.findings).toEqual([]);
    expect(report.counts.cosignatures).toBeGreaterThan(1);
  });

  test('the log gets another key: witnesses and auditors of the old one follow, and nobody else’s key is believed', async () => {
    await using house = await installation();
    const second = await house.replica();
    await activatePolicy(house.first);
    const pinned = (await house.first.get(VerificationKeysReader).read()).log_keys.map(({ key }) => key);
    const witness = await witnessOf(house.first);
    house.first.get(Witnessing).useHost(witness.host);
    await house.first.get(Witnessing).hello(agent, undefined);
    const before = await busySession(house.first);
    await cosigned(house.first);

    const rotated = await second.get(KeyRotation).rotate(admin, 'the yearly change');
    expect([rotated.old]).toEqual(pinned);
    await expect
      .poll(async () => (await house.first.get(VerificationKeysReader).read()).log_keys[0]!.key, { timeout: 5000 })
      .toBe(rotated.new);
    const after = await busySession(house.first);
    await cosigned(house.first);
    const again = await house.first.get(KeyRotation).rotate(admin, 'and once more');
    expect(again.old).toBe(rotated.new);
    await busySession(second);
    await cosigned(house.first);

    // The old key signs what the rotation is not a leaf of, whenever that is signed.
    const identity = house.first.get(LogIdentity);
    const database = house.first.get(DataSource);
    expect((await identity.keysAt(database, 1)).verifierKey).toBe(rotated.old);
    expect((await identity.keysAt(database, 10_000)).verifierKey).toBe(again.new);

    // A selection has one checkpoint, which may be too young for a cosignature.
    const vouched = { witnessKeys: [witness.key], quorum: 1 };
    const requests: [ExportRequest, Partial<Pins>][] = [
      [{}, vouched],
      [{ session: before }, {}],
      [{ session: after }, {}],
    ];
    for (const [request, held] of requests) {
      const lines = await bundle(house.first, request);
      for (const logKeys of [pinned, [rotated.new], [again.new]])
        expect((await verified(house.first, lines, { ...held, logKeys })).findings).toEqual([]);
    }
    expect(witness.state()!.size).toBeGreaterThan(20);
    const forged = formatVerifierKey(generateNoteKey(rotated.origin, keyTypes.ed25519).signer.key);
    expect((await verified(house.first, await bundle(house.first), { logKeys: [forged] })).ok).toBe(false);
    const signers = await house.database.query<{ note: string }>('select note from evidence_checkpoints order by size');
    expect(new Set(signers.map(({ note }) => note.split(' ').at(-1)!.slice(0, 5))).size).toBe(3);
  });

  test('a cosignature by another key than the agent enrolled with is not taken', async () => {
    await using house = await installation();
    const witness = await witnessOf(house.first);
    const other = generateNoteKey('agent.test/witness', keyTypes.cosignature);
    house.first
      .get(Witnessing)
      .useHost({ ...witness.host, witnesses: () => [{ agent, key: formatVerifierKey(other.signer.key) }] });
    await cosigned(house.first);
    expect(await house.database.query('select * from evidence_cosignatures')).toEqual([]);
  });

  test('a database that was rolled back is found by what an agent saw, and no replica admits sessions until it is accepted on record', async () => {
    await using house = await installation();
    const second = await house.replica();
    const health = [house.first, second].map((replica) => replica.get(LogHealth));
    for (const one of health) one.assertSound();
    const keys = await house.first.get(VerificationKeysReader).read();
    const seen: WitnessState = {
      origin: keys.log_keys[0]!.origin,
      size: 5000,
      root: Buffer.alloc(32, 7).toString('base64'),
    };

    await expect(house.first.get(Witnessing).hello(agent, seen)).rejects.toMatchObject({
      code: 'EVIDENCE_INCONSISTENT',
    });
    expect(() => health[0]!.assertSound()).toThrow(expect.objectContaining({ code: 'EVIDENCE_INCONSISTENT' }));
    await expect.poll(() => health[1]!.state().sound, { timeout: 5000 }).toBe(false);

    const { origin } = await health[0]!.accept(admin, 'restored from the backup of last night');
    expect(origin).not.toBe(seen.origin);
    await expect.poll(() => health.map((one) => one.state().sound), { timeout: 5000 }).toEqual([true, true]);
    await expect(health[0]!.accept(admin, 'again')).rejects.toMatchObject({ code: 'CONFLICT' });

    await activatePolicy(second);
    await busySession(second);
    const report = await verified(second, await bundle(second));
    expect(report).toMatchObject({ ok: true, origin });
    await second.get(Witnessing).hello(agent, seen); // a claim about the log that was closed
  });

  test('another history of the same size is found too', async () => {
    await using house = await installation();
    await house.settled();
    const { origin } = (await house.first.get(VerificationKeysReader).read()).log_keys[0]!;
    await expect(
      house.first.get(Witnessing).hello(agent, { origin, size: 1, root: Buffer.alloc(32).toString('base64') }),
    ).rejects.toMatchObject({ code: 'EVIDENCE_INCONSISTENT' });
  });
});
