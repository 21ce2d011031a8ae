import { GatewayError } from '@sallyport/core';
import { expect, test } from 'vitest';
import { splitLines } from './bundle-records.js';
import { writeBundle } from './bundle-write.js';
import { signCheckpoint } from './checkpoint.js';
import { ada, logKey, origin, pins, SampleLog } from './sample-log.js';
import { SampleSession, sampleLog } from './sample-session.js';
import { verifyBundle } from './verify-bundle.js';

async function* from(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}

const small = { sessions: 3, steps: 4 };

test('two hundred clean logs and selections from them raise no alarm', async () => {
  for (let seed = 0; seed < 100; seed += 1) {
    const { log, sessions } = await sampleLog(seed, small);
    const whole = await verifyBundle(from(await log.bundle()), pins);
    expect(whole.findings, `log of seed ${seed}`).toEqual([]);
    const selected = await verifyBundle(from(await log.bundle('selection', [sessions[0]!.id])), pins);
    expect(selected.findings, `selection of seed ${seed}`).toEqual([]);
  }
});

test('a report says what is proven and, always, what is not', async () => {
  const { log } = await sampleLog(1, { steps: 20 });
  const report = await verifyBundle(from(await log.bundle()), pins);
  expect(report).toMatchObject({
    ok: true,
    kind: 'log',
    origin,
    size: log.tree.size,
    unwitnessed: [],
    openSessions: [],
  });
  expect(report.proven.join('\n')).toMatch(/entries 0 to \d+, without a gap/);
  expect(report.notProven.join('\n')).toMatch(/round the gateway[\s\S]*before hashing[\s\S]*keys that are destroyed/);
  expect(report.counts).toMatchObject({ entries: log.tree.size, sessions: 3 });
  expect(report.counts.erased).toBeGreaterThan(0);
});

test('keys that one entry tells the end of are destroyed, all of them, and no others', async () => {
  const { log, sessions } = await sampleLog(3, small);
  const [first, second, third] = sessions.map(({ id }) => id);
  log.erase(first!, second!);
  await log.checkpoint();
  const report = await verifyBundle(from(await log.bundle()), pins);
  expect(report).toMatchObject({ ok: true, findings: [] });
  expect(report.counts.erased).toBeGreaterThan(1);
  log.keys.delete(third!);
  const lost = await verifyBundle(from(await log.bundle()), pins);
  expect(lost.findings.map(({ code }) => code)).toEqual(['body.withheld']);
});

test('a session that is still open is named, and is no finding', async () => {
  const { log, sessions } = await sampleLog(3, small);
  const report = await verifyBundle(from(await log.bundle()), pins);
  expect(report).toMatchObject({ ok: true, openSessions: [sessions[0]!.id] });
  expect(report.notProven).toContain('how 1 sessions ended: they were open at the last entry');
});

test('entries that no quorum cosigned are shown as a range', async () => {
  const { log } = await sampleLog(4, small);
  const size = log.tree.size;
  log.append('agent.connected', { agent: 'agent-1' as never, name: 'agent 1' });
  await log.checkpoint(1);
  const report = await verifyBundle(from(await log.bundle()), pins);
  expect(report).toMatchObject({ ok: true, unwitnessed: [{ from: size, to: size + 1 }] });
});

test('without pinned witnesses and checkpoints the report says what that leaves open', async () => {
  const { log } = await sampleLog(4, small);
  const report = await verifyBundle(from(await log.bundle()), { logKeys: pins.logKeys });
  expect(report.ok).toBe(true);
  expect(report.notProven.join('\n')).toMatch(/no checkpoint from elsewhere[\s\S]*no witness key was pinned/);
});

test('a selection is joined to an older checkpoint by a consistency proof, and says so when there is none', async () => {
  const { log, sessions } = await sampleLog(6, { steps: 15 });
  const held = { ...pins, checkpoints: [log.notes[0]!] };
  const size = Number(log.notes[0]!.split('\n')[1]);
  const source = log.source('selection', [sessions[1]!.id]);
  const lines: string[] = [];
  for await (const line of writeBundle({ ...source, consistencyFrom: [size] })) lines.push(line);
  const joined = await verifyBundle(from(lines), held);
  expect(joined.findings).toEqual([]);
  expect(joined.notProven.join('\n')).not.toContain('continues the pinned checkpoint');
  const bare = await verifyBundle(from(await log.bundle('selection', [sessions[1]!.id])), held);
  expect(bare.findings).toEqual([]);
  expect(bare.notProven.join('\n')).toContain(`continues the pinned checkpoint of size ${size}`);
});

test('an old bundle agrees with a later checkpoint when a consistency proof joins them', async () => {
  const { log } = await sampleLog(6, small);
  const early = await log.bundle();
  const size = log.tree.size;
  log.append('agent.connected', { agent: 'agent-1' as never, name: 'agent 1' });
  await log.checkpoint();
  const held = { ...pins, checkpoints: [log.notes.at(-1)!] };
  expect((await verifyBundle(from(early), held)).findings.map(({ code }) => code)).toEqual(['log.truncated']);
  const { consistencyProof } = await import('./merkle-proof.js');
  const proof = (await consistencyProof(size, log.tree.size, log.read)).map((hash) =>
    Buffer.from(hash).toString('base64'),
  );
  const joined = early.toSpliced(
    early.findIndex((line) => line.includes('"type":"recording"') || line.includes('"type":"end"')),
    0,
    `${JSON.stringify({ from: size, proof, to: log.tree.size, type: 'consistency' })}`,
  );
  expect((await verifyBundle(from(joined), held)).findings).toEqual([]);
});

test('sealed bodies are withheld, taken as sealed, or opened with their key', async () => {
  const { log, sessions } = await sampleLog(8, small);
  const id = sessions[2]!.id;
  const source = log.source();
  const entries = log.entries.map((entry, index) => {
    const disclosed = [...(source.entries as Iterable<{ document?: string }>)][index]!;
    return {
      entry,
      ...(entry.envelope.session === id
        ? { sealed: entry.sealed }
        : disclosed.document === undefined
          ? {}
          : { document: disclosed.document }),
    };
  });
  const recordings = log.recordings.filter(({ session }) => session !== id);
  const lines: string[] = [];
  for await (const line of writeBundle({ ...source, entries, recordings })) lines.push(line);
  expect((await verifyBundle(from(lines), pins)).findings.map(({ code }) => code)).toEqual(['body.withheld']);
  const sealed = await verifyBundle(from(lines), { ...pins, allowSealed: true });
  expect(sealed).toMatchObject({ ok: true });
  expect(sealed.notProven).toContain('what is sealed under 1 keys that were not given');
  const all = lines.toSpliced(
    -1,
    1,
    ...(await log.bundle()).filter((line) => line.includes('"type":"recording"') && line.includes(`"${id}"`)),
    lines.at(-1)!,
  );
  const counted = all.map((line) =>
    line.includes('"type":"end"') ? line.replace(/"chunks":\d+/, `"chunks":${log.recordings.length}`) : line,
  );
  expect((await verifyBundle(from(counted), { ...pins, bodyKeys: log.keys })).findings).toEqual([]);
  const wrong = new Map([[id, new Uint8Array(32)]]);
  expect((await verifyBundle(from(lines), { ...pins, bodyKeys: wrong })).findings.map(({ code }) => code)).toContain(
    'body.does-not-open',
  );
});

test('a scanner finds what should have been masked in a recording', async () => {
  const { log } = await sampleLog(2, small);
  const report = await verifyBundle(from(await log.bundle()), {
    ...pins,
    scan: (payload) => (payload.length > 0 ? ['payment-card'] : []),
  });
  expect(report.findings[0]).toMatchObject({ code: 'recording.unmasked' });
});

test('an auditor who pinned the new key only, or the old one only, follows the rotation', async () => {
  const { log } = await sampleLog(7, small);
  const lines = await log.bundle();
  const { nextLogKey } = await import('./sample-log.js');
  const { formatVerifierKey } = await import('./note-keys.js');
  for (const key of [logKey, nextLogKey]) {
    const report = await verifyBundle(from(lines), { ...pins, logKeys: [formatVerifierKey(key.key)] });
    expect(report.findings).toEqual([]);
  }
});

test('the old key signs nothing after its rotation', async () => {
  const { log } = await sampleLog(7, small);
  log.append('agent.connected', { agent: 'agent-1' as never, name: 'agent 1' });
  log.notes.push(signCheckpoint({ origin, size: log.tree.size, root: log.tree.root() }, logKey));
  expect((await verifyBundle(from(await log.bundle()), pins)).findings.map(({ code }) => code)).toContain(
    'key.out-of-time',
  );
});

test('a clock that was turned back, and an entry from after its witness saw it, are found', async () => {
  const log = new SampleLog(1);
  log.begin();
  const session = new SampleSession(log, ada);
  log.skip(3_600_000);
  log.append('agent.connected', { agent: 'agent-1' as never, name: 'agent 1' });
  log.skip(-3_600_000);
  session.end();
  await log.checkpoint();
  expect(new Set((await verifyBundle(from(await log.bundle()), pins)).findings.map(({ code }) => code))).toEqual(
    new Set(['time.decreased', 'time.ahead-of-witness']),
  );
});

test.each([
  ['no log key', { logKeys: [] }],
  ['a witness key as log key', { logKeys: pins.witnessKeys! }],
  ['a quorum that cannot be had', { ...pins, quorum: 3 }],
  ['a checkpoint that nobody pinned signed', { ...pins, checkpoints: ['x\n1\nAAAA\n\n— x AAAAAAAA\n'] }],
  ['a key that is none', { logKeys: ['gateway.example/log+00000000+AAAA'] }],
])('pins with %s are refused', async (_name, wrong) => {
  await expect(verifyBundle(from([]), wrong)).rejects.toBeInstanceOf(GatewayError);
});

test.each([
  ['nothing', []],
  ['an empty line', ['']],
  ['another file', ['{"hello":1}', '{}']],
  ['bytes', ['\u0000\uffff']],
  ['an array', ['[]']],
  ['null', ['null']],
])('%s instead of a bundle is a report, not a crash', async (_name, lines) => {
  const report = await verifyBundle(from(lines), pins);
  expect(report.ok).toBe(false);
  expect(report.notProven).toEqual(['anything at all: the bundle could not be read']);
});

test('lines that are cut anywhere come out whole, and an endless one is refused', async () => {
  const text = 'eins\nzwei €\n\ndrei';
  const bytes = new TextEncoder().encode(text);
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const lines: string[] = [];
    for await (const line of splitLines(chunks([bytes.subarray(0, cut), bytes.subarray(cut)]))) lines.push(line);
    expect(lines).toEqual(['eins', 'zwei €', '', 'drei']);
  }
  const endless = async () => {
    for await (const _ of splitLines(chunks(Array.from({ length: 6 }, () => 'x'.repeat(1024 * 1024)))));
  };
  await expect(endless()).rejects.toMatchObject({ code: 'TOO_LARGE' });
});

async function* chunks<T>(parts: readonly T[]): AsyncGenerator<T> {
  yield* parts;
}

test('an export whose entries do not reach its checkpoint is not finished', async () => {
  const { log } = await sampleLog(2, small);
  log.entries.pop();
  await expect(log.bundle()).rejects.toMatchObject({ code: 'EVIDENCE_INCONSISTENT' });
});
