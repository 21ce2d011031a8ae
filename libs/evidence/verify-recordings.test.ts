// Who vouches for a recording: what an auditor is told when the agent's signature is missing, forged or another's.
import { generateKeyPairSync } from 'node:crypto';
import type { OperationId } from '@sallyport/core';
import { expect, test } from 'vitest';
import { digestOf, toBase64 } from './bytes.js';
import {
  decodeFooter,
  encodeFooter,
  footerSigner,
  footerSignerOf,
  type SignedFooter,
  signAlone,
  signAsAgent,
} from './footer.js';
import type { Report } from './report.js';
import { agents, forgedLogKey, logKey, pins, SampleLog } from './sample-log.js';
import { SampleSession } from './sample-session.js';
import { verifyBundle } from './verify-bundle.js';

async function* from(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}

/** A session with one recorded operation, whose footer was changed on its way to the record. */
async function reportOf(
  change: (signed: SignedFooter) => SignedFooter,
  about: (log: SampleLog) => object = () => ({}),
): Promise<{ report: Report; operation: OperationId; session: string }> {
  const log = new SampleLog(11);
  log.begin();
  const session = new SampleSession(log);
  const { operation } = session.operation('select * from patients');
  session.allow({ ...session.operation('select 1'), operation, number: 1 });
  const recording = change(log.record(session.id, operation, 0));
  const body = { operation, status: 'done', maskedFields: 0, recording, ...about(log) } as const;
  log.append('operation.completed', body, { session: session.id, operation });
  await log.checkpoint();
  return { report: await verifyBundle(from(await log.bundle()), pins), operation, session: session.id };
}

const codes = ({ findings }: Report): string[] => findings.map(({ code }) => code);
const stranger = footerSigner(generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey);

test('a recording that agent and control plane signed is proven as both’s', async () => {
  const { report } = await reportOf((signed) => signed);
  expect(report.findings).toEqual([]);
  expect(report.proven.join('\n')).toContain('1 recorded responses were signed by the agent');
  expect(report.notProven.join('\n')).not.toContain('signed none of them');
});

test('a recording without the agent’s signature is no alarm, and is named', async () => {
  const { report, operation, session } = await reportOf(({ footer }) => signAlone(footer, footerSignerOf(logKey)));
  expect(report.findings).toEqual([]);
  expect(report.notProven.join('\n')).toMatch(/1 recordings are what the agent sent: it signed none of them/);
  expect(report.notProven.join('\n')).toContain(`${session}/${operation}`);
  expect(report.proven.join('\n')).not.toContain('signed by the agent');
});

test.each<[string, string, (signed: SignedFooter) => SignedFooter]>([
  [
    'an agent’s signature of another recording',
    'recording.bad-signature',
    (signed) => ({ ...signed, agent: { ...signed.agent!, signature: signed.controlPlane!.signature } }),
  ],
  [
    'a signature by a key that no agent has',
    'recording.unknown-signer',
    (signed) => ({ ...signed, ...signAsAgent(signed.footer, stranger) }),
  ],
  [
    'the control plane’s signature in the agent’s place',
    'recording.unknown-signer',
    (signed) => ({ ...signed, ...signAsAgent(signed.footer, footerSignerOf(logKey)) }),
  ],
  [
    'a countersignature by another key than the log’s',
    'recording.unsigned',
    (signed) => ({ ...signed, ...signAlone(signed.footer, footerSignerOf(forgedLogKey)) }),
  ],
  ['no countersignature', 'recording.unsigned', ({ footer, agent }) => ({ footer, ...(agent && { agent }) })],
])('%s is found as %s', async (_name, code, change) => {
  expect(codes((await reportOf(change)).report)).toContain(code);
});

test('another agent of the pool may have served the session, when the entry says which', async () => {
  expect(
    codes(
      (
        await reportOf(
          (signed) => signed,
          () => ({ agent: agents[1] }),
        )
      ).report,
    ),
  ).toContain('recording.other-agent');
  expect(
    codes(
      (
        await reportOf(
          (signed) => signed,
          () => ({ agent: agents[0] }),
        )
      ).report,
    ),
  ).toEqual([]);
});

test('an agent’s new key counts from its renewal on', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const renewed = footerSigner(privateKey);
  const info = publicKey.export({ format: 'der', type: 'spki' });
  expect(renewed.key).toBe(digestOf(info));
  const sign = (signed: SignedFooter) => ({ ...signed, ...signAsAgent(signed.footer, renewed) });
  const renew = (log: SampleLog) => {
    log.append('agent.renewed', { agent: agents[0]!, publicKey: toBase64(info), certificateSerial: '09' });
    return {};
  };
  expect(codes((await reportOf(sign)).report)).toEqual(['recording.unknown-signer']);
  expect(codes((await reportOf(sign, renew)).report)).toEqual([]);
});

test('a footer travels as text, and anything else is refused', () => {
  const log = new SampleLog(1);
  const { footer, agent } = log.record('session-1' as never, 'operation-1' as OperationId, 1);
  const text = encodeFooter({ footer, agent: agent! });
  expect(decodeFooter(text)).toEqual({ footer, agent });
  for (const bad of [
    '',
    '{}',
    'null',
    ` ${text}`,
    text.replace('"chunks":', '"chunks":-'),
    text.replace(/"lastHash":"../, '"lastHash":"'),
    encodeFooter({ footer }),
    encodeFooter({ footer, agent: { ...agent!, signature: 'A'.repeat(5000) } }),
  ]) {
    expect(() => decodeFooter(bad), bad).toThrow(expect.objectContaining({ code: 'EVIDENCE_INCONSISTENT' }));
  }
});
