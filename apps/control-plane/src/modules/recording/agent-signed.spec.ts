import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentId, OperationId, SessionId } from '@sallyport/core';
import {
  decodeFooter,
  encodeFooter,
  footerSigner,
  type Pins,
  payloadsOf,
  RecordingChain,
  type Report,
  type SignedFooter,
  signAsAgent,
  verifyBundle,
} from '@sallyport/evidence';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  activatePolicy,
  allow,
  closing,
  context,
  type Installation,
  installation,
  operation,
  person,
  startedBy,
} from '../../testing/evidence-replica.js';
import { EvidenceExport } from '../evidence/evidence-export.js';
import { EvidenceWriter } from '../evidence/evidence-writer.js';
import { VerificationKeysReader } from '../evidence/verification-keys.js';
import { Recorder, type SessionRecorder } from './recorder.js';
import { lostEnding, SessionCloser } from './session-closer.js';

let house: Installation;
beforeAll(async () => {
  house = await installation();
  await activatePolicy(house.first);
});
afterAll(() => house[Symbol.asyncDispose]());

/** An agent that is enrolled, on record and in the tables, with the key that it signs by. */
async function enrolled() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  const id = randomUUID() as AgentId;
  const name = `agent-${id.slice(0, 8)}`;
  await house.database.query(
    "insert into agents (id, name, version, witness_key, enrolled_at, last_seen_at) values ($1, $2, '0.1.0', '', now(), now())",
    [id, name],
  );
  await house.database.query(
    "insert into agent_certificates (serial, agent_id, not_after, issued_at, public_key, key_digest) values ($1, $2, now() + interval '1 day', now(), $3, $4)",
    [id.replaceAll('-', ''), id, spki, createHash('sha256').update(spki).digest('hex')],
  );
  await house.first.get(EvidenceWriter).append(house.first.get(DataSource), {
    event: 'agent.enrolled',
    body: { agent: id, name, version: '0.1.0', publicKey: spki.toString('base64'), certificateSerial: '01' },
  });
  const signer = footerSigner(privateKey);
  return {
    id,
    signer,
    /** What the agent keeps of one operation. */
    recording: (session: SessionId, operationId: OperationId) => {
      const chain = new RecordingChain({ session, operation: operationId });
      return {
        add: (bytes: Uint8Array, at = new Date()) => {
          for (const payload of payloadsOf(bytes)) chain.record('toClient', payload, at);
          return at;
        },
        footer: () => encodeFooter(signAsAgent(chain.footer(), signer)),
      };
    },
  };
}
type Agent = Awaited<ReturnType<typeof enrolled>>;

async function begun(agent: AgentId | undefined) {
  const session = house.first.get(Recorder).session(randomUUID() as SessionId);
  await session.started(startedBy(person(), agent === undefined ? {} : { agent }));
  const read = session.admitted(operation('select name from patients'), allow, context);
  await read.durable;
  return { session, read };
}

async function exported({ id }: SessionRecorder) {
  const lines: string[] = [];
  for await (const line of await house.first.get(EvidenceExport).open({ session: id }, person('grace', ['auditor'])))
    lines.push(line);
  const completed = lines.filter((line) => line.includes('operation.completed')).map(documentOf);
  return { lines, completed, report: await verified(lines) };
}

const documentOf = (line: string): { status: string; recording?: SignedFooter; agent?: string } =>
  (JSON.parse((JSON.parse(line) as { document: string }).document) as { body: never }).body;

async function verified(lines: readonly string[], more: Partial<Pins> = {}): Promise<Report> {
  const { log_keys } = await house.first.get(VerificationKeysReader).read();
  async function* each() {
    yield* lines;
  }
  return verifyBundle(each(), { logKeys: log_keys.map(({ key }) => key), ...more });
}

const long = Buffer.alloc(150_000, 'x');

/** The outcome comes ahead of the last piece, as agents send it. */
async function answered(agent: Agent, { session, read }: Awaited<ReturnType<typeof begun>>) {
  const recording = agent.recording(session.id, read.id);
  await session.response(read.id, long, recording.add(long, new Date(1_763_715_600_000)));
  const last = Buffer.from('last');
  const at = recording.add(last, new Date(1_763_715_600_001));
  let settled = false;
  const outcome = read.outcome({ status: 'done', maskedFields: 0 }, recording.footer()).then(() => {
    settled = true;
  });
  await sleep(50);
  expect(settled).toBe(false); // it speaks of more than has come
  await session.response(read.id, last, at);
  await outcome;
}

test('a response that the agent signed is countersigned, and a selection proves both signatures', async () => {
  const agent = await enrolled();
  const begin = await begun(agent.id);
  await answered(agent, begin);
  await begin.session.ended(closing);
  const { report, completed, lines } = await exported(begin.session);
  expect(report.findings).toEqual([]);
  expect(report.counts).toMatchObject({ recordings: 1, agentSigned: 1 });
  expect(completed[0]!.recording).toMatchObject({
    footer: { chunks: 4, bytes: { toClient: 150_004 } },
    agent: { key: agent.signer.key },
    controlPlane: {},
  });
  expect(completed[0]).not.toHaveProperty('agent');
  expect(lines.join('')).toContain('"agent.enrolled"'.slice(1, -1));

  const at = lines.findIndex((line) => line.includes('"type":"recording"'));
  const record = JSON.parse(lines[at]!) as { chunk: string };
  const chunk = Buffer.from(record.chunk, 'base64');
  chunk[chunk.length - 1]! ^= 1;
  const flipped = lines.with(at, lines[at]!.replace(record.chunk, chunk.toString('base64')));
  expect((await verified(flipped)).findings).toMatchObject([{ code: 'recording.changed' }]);
});

test('an agent that did not start the session is named with its recording', async () => {
  const [first, second] = [await enrolled(), await enrolled()];
  const begin = await begun(first.id);
  await answered(second, begin);
  await begin.session.ended(closing);
  const { report, completed } = await exported(begin.session);
  expect(report.findings).toEqual([]);
  expect(completed[0]).toMatchObject({ agent: second.id });
});

test('a footer of other bytes is not countersigned: the session must end, and what was recorded is signed alone', async () => {
  const agent = await enrolled();
  const { session, read } = await begun(agent.id);
  const recording = agent.recording(session.id, read.id);
  const at = recording.add(Buffer.from('what the agent sent'));
  await session.response(read.id, Buffer.from('what arrived here'), at);
  await expect(read.outcome({ status: 'done', maskedFields: 0 }, recording.footer())).rejects.toMatchObject({
    code: 'EVIDENCE_INCONSISTENT',
  });
  await session.ended(closing);
  const { report, completed } = await exported(session);
  expect(report.findings).toEqual([]);
  expect(report.notProven.join('\n')).toContain(`${session.id}/${read.id}`);
  expect(completed).toMatchObject([{ status: 'done', recording: { footer: { chunks: 1 } } }]);
  expect(completed[0]!.recording).not.toHaveProperty('agent');
});

test.each<[string, (agent: Agent, session: SessionId, read: OperationId) => Promise<string> | string]>([
  ['a key that no agent was given', (_agent, session, read) => strangerFooter(session, read)],
  [
    'a signature of something else',
    (agent, session, read) => {
      const [own, other] = [read, randomUUID() as OperationId].map((id) =>
        decodeFooter(agent.recording(session, id).footer()),
      );
      return encodeFooter({ footer: own!.footer, agent: other!.agent });
    },
  ],
  ['no footer at all', () => '{"footer":1}'],
])('%s is no signature', async (_name, forge) => {
  const agent = await enrolled();
  const { session, read } = await begun(agent.id);
  const claim = await forge(agent, session.id, read.id);
  await expect(read.outcome({ status: 'done', maskedFields: 0 }, claim)).rejects.toMatchObject({
    code: 'EVIDENCE_INCONSISTENT',
  });
  await session.ended(closing);
  expect((await exported(session)).report.findings).toEqual([]);
});

const strangerFooter = (session: SessionId, read: OperationId): string => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return encodeFooter(signAsAgent(new RecordingChain({ session, operation: read }).footer(), footerSigner(privateKey)));
};

test('a response to an operation that is over is refused', async () => {
  const agent = await enrolled();
  const begin = await begun(agent.id);
  await answered(agent, begin);
  await expect(begin.session.response(begin.read.id, long, new Date())).rejects.toMatchObject({
    code: 'EVIDENCE_INCONSISTENT',
  });
  await begin.session.ended(closing);
  expect((await exported(begin.session)).report.findings).toEqual([]);
});

test('a session that breaks in the middle of a response keeps what came, signed by the control plane alone', async () => {
  const agent = await enrolled();
  const { session, read } = await begun(agent.id);
  const recording = agent.recording(session.id, read.id);
  await session.response(read.id, long, recording.add(long));
  recording.add(long); // on its way when the agent is lost
  const outcome = read.outcome({ status: 'done', rows: 7, maskedFields: 0 }, recording.footer());
  await session.ended(closing);
  await outcome;
  const { report, completed } = await exported(session);
  expect(report.findings).toEqual([]);
  expect(completed).toMatchObject([{ status: 'done', rows: 7, recording: { footer: { chunks: 3 } } }]);
  expect(report.notProven.join('\n')).toMatch(/it signed none of them/);
});

test('what a replica that died had recorded is signed by whoever ends its sessions', async () => {
  const { session, read } = await begun(undefined);
  await session.response(read.id, long, new Date());
  const database = house.first.get(DataSource);
  await database.transaction((tx) => house.first.get(SessionCloser).close(tx, session.id, lostEnding));
  const { report, completed } = await exported(session);
  expect(report.findings).toEqual([]);
  expect(completed).toMatchObject([{ status: 'unknown', recording: { footer: { chunks: 3 }, controlPlane: {} } }]);
  expect(report.counts).toMatchObject({ recordings: 1, chunks: 3 });
});
