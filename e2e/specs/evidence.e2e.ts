/** What an auditor can prove, offline and with keys pinned beforehand, of the built product: and what is found when somebody lies. */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Installation, until } from '../testing/installation.js';

const cli = fileURLToPath(new URL('../../apps/cli/dist/main.js', import.meta.url));
let sallyport: Installation;

beforeAll(async () => {
  sallyport = await Installation.start({
    policy: 'allow-all',
    recordResponses: true,
    targetSql:
      "create table visits (id int primary key, note text); insert into visits values (1, 'first'), (2, 'second')",
  });
  await sallyport.api('grace', 'GET', '/v1/whoami');
  expect((await evidence('keys', '--out', at('pinned.json'))).status).toBe(0); // before there is anything to prove
});
afterAll(() => sallyport?.stop());

const at = (file: string): string => path.join(sallyport.home, file);

interface Answer {
  readonly status: number;
  readonly out: string;
  readonly error: string;
}

async function evidence(...args: readonly string[]): Promise<Answer> {
  const env = {
    PATH: process.env['PATH']!,
    HOME: sallyport.home,
    SALLYPORT_URL: sallyport.url,
    SALLYPORT_TOKEN: await sallyport.accessToken('grace'),
  };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [cli, 'evidence', ...args],
      { env, timeout: 60_000, maxBuffer: 1 << 26 },
      (failure, out, error) => resolve({ status: failure === null ? 0 : Number(failure.code ?? 1), out, error }),
    );
  });
}

interface Report {
  readonly ok: boolean;
  readonly findings: { readonly code: string; readonly message: string }[];
  readonly proven: string[];
  readonly notProven: string[];
  readonly counts: Readonly<Record<string, number>>;
}

async function exported(name: string): Promise<{ lines: string[]; file: string }> {
  const file = at(name);
  expect(await evidence('export', '--out', file)).toMatchObject({ status: 0 });
  return { file, lines: readFileSync(file, 'utf8').trimEnd().split('\n') };
}

/** Without a control plane: nothing but the file and the pinned keys. */
async function verified(file: string, keys = 'pinned.json'): Promise<{ status: number; report: Report }> {
  const { status, out } = await evidence('verify', file, '--keys', at(keys), '--json');
  return { status, report: JSON.parse(out) as Report };
}

const proven = async (file: string, keys?: string): Promise<Report> => {
  const { status, report } = await verified(file, keys);
  expect(report.findings).toEqual([]);
  expect(status).toBe(0);
  return report;
};

/** Runs statements in a session of its own. @returns the session, ended on record */
async function session(...statements: readonly string[]): Promise<string> {
  const before = new Set((await sallyport.sessions()).map(({ id }) => id));
  const client = new pg.Client(await sallyport.client());
  await client.connect();
  for (const statement of statements) await client.query(statement).catch(() => undefined);
  await client.end();
  const ended = await until('the session has ended on record', async () =>
    (await sallyport.sessions()).find(({ id, ended_at }) => !before.has(id) && ended_at),
  );
  return ended.id;
}

test('recorded responses are proven, signed by the agent and by the control plane', async () => {
  await session(
    'select * from visits order by id',
    "select repeat('x', 400000) as long",
    'select 1 / (id - id) from visits',
    "insert into visits values (3, 'third')",
  );
  const { file } = await exported('bundle.jsonl');
  const report = await proven(file);
  expect(report.counts).toMatchObject({ recordings: 4, agentSigned: 4 });
  expect(report.proven.join('\n')).toContain('4 recorded responses were signed by the agent that sent them');
  expect(report.notProven.join('\n')).not.toContain('it signed none of them');
  expect((await evidence('verify', file, '--keys', at('pinned.json'))).out).toMatch(/^PROVEN/);
});

test('one changed byte of a recorded response is found', async () => {
  const { lines } = await exported('bundle.jsonl');
  const index = lines.findLastIndex((line) => line.includes('"type":"recording"'));
  const { chunk } = JSON.parse(lines[index]!) as { chunk: string };
  const bytes = Buffer.from(chunk, 'base64');
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(
    at('forged.jsonl'),
    `${lines.with(index, lines[index]!.replace(chunk, bytes.toString('base64'))).join('\n')}\n`,
  );
  const { status, report } = await verified(at('forged.jsonl'));
  expect(status).toBe(1);
  expect(report.findings).toMatchObject([{ code: 'recording.changed' }]);
});

test('an agent that is killed in the middle of a response leaves all that the client got, and the note that it did not sign', async () => {
  const client = new pg.Client(await sallyport.client());
  client.on('error', () => undefined);
  await client.connect();
  let got = 0;
  (client as unknown as { connection: { stream: NodeJS.ReadableStream } }).connection.stream.on(
    'data',
    (chunk: Buffer) => (got += chunk.length),
  );
  const running = client.query("select repeat('z', 20000) as z, pg_sleep(0.002) from generate_series(1, 20000)").then(
    () => 'whole',
    () => 'broken',
  );
  await until('a part of the response has come', () => got > 500_000);
  await sallyport.agent.stop('SIGKILL');
  expect(await running).toBe('broken');
  await until('its session has ended on record', async () =>
    (await sallyport.sessions()).every(({ ended_at }) => ended_at),
  );
  sallyport.agent = await sallyport.startAgent();

  const { file, lines } = await exported('killed.jsonl');
  const report = await proven(file);
  const broken = report.notProven.find((text) => text.includes('it signed none of them')) ?? '';
  const [, id, operation] = /alone vouches for ([0-9a-f-]{36})\/([0-9a-f-]{36})$/.exec(broken) ?? [];
  expect(await sallyport.operations(id!)).toContainEqual(
    expect.objectContaining({ id: operation, outcome: expect.objectContaining({ status: 'unknown' }) as unknown }),
  );
  const chunks = lines.filter((line) => line.includes('"type":"recording"') && line.includes(operation!));
  const recorded = chunks.reduce(
    (sum, line) => sum + Buffer.from((JSON.parse(line) as { chunk: string }).chunk, 'base64').length - 17,
    0,
  );
  const farewell = 1_000; // the gateway’s own last error
  expect(recorded).toBeGreaterThanOrEqual(got - farewell);
});

test('after the log’s key was changed, whoever pinned the old one still proves everything', async () => {
  const { status, out } = await evidence('rotate-key', '--reason', 'the yearly change', '--json');
  expect(status).toBe(0);
  const change = JSON.parse(out) as { old: string; new: string };
  expect(readFileSync(at('pinned.json'), 'utf8')).toContain(change.old);
  await session('select 2');
  const { file, lines } = await exported('rotated.jsonl');
  await proven(file);
  await evidence('keys', '--out', at('new-keys.json'));
  expect(readFileSync(at('new-keys.json'), 'utf8')).toContain(change.new);
  await proven(file, 'new-keys.json');
  expect(lines.filter((line) => line.includes('key.rotated'))).toHaveLength(1);
  await until('the agent’s witness has followed', () =>
    sallyport.readState('agent/state/witness.json').includes(change.new),
  );
});

test('an erased session is still proven, and nobody can read it', async () => {
  const canary = 'canary-of-the-erased-session';
  const id = await session(`select '${canary}' as canary`);
  expect((await exported('before.jsonl')).lines.join()).toContain(canary);
  expect(await evidence('erase', id, '--reason', 'the person asked for it', '--yes')).toMatchObject({ status: 0 });
  const { file, lines } = await exported('erased.jsonl');
  const report = await proven(file);
  expect(lines.join()).not.toContain(canary);
  expect(report.counts['erased']).toBeGreaterThan(3);
  expect(report.notProven.join('\n')).toMatch(/keys that are destroyed/);
});

test('a log that was cut back is refused because the agent saw more of it, until a person accepts it on record', async () => {
  await session('select 3', 'select 4');
  const seen = await until('the witness has cosigned all of it', async () => {
    const [row] = await sallyport.store.query<{ vouched: string; placed: string }>(
      'select (select max(size) from evidence_cosignatures) as vouched, (select max(seq) + 1 from evidence_sequence) as placed',
    );
    return row!.vouched === row!.placed && Number(row!.vouched);
  });
  await sallyport.agent.stop();
  await sallyport.controlPlane.stop();
  await cutBack(seen - 6);
  sallyport.controlPlane = await sallyport.startControlPlane();
  sallyport.agent = await sallyport.startAgent();

  const refused = await until('sessions are refused', async () => {
    const client = new pg.Client(await sallyport.client());
    return client.connect().then(
      () => client.end().then(() => false as const),
      (error: Error & { hint?: string }) => error,
    );
  });
  expect(refused.message).toContain('not the one that its witnesses saw');
  expect(refused.hint).toContain('sallyport evidence restored');
  expect((await evidence('rotate-key', '--reason', 'perhaps that helps')).status).not.toBe(0);

  expect(await evidence('restored', '--reason', 'the backup of last night was put back')).toMatchObject({ status: 0 });
  await until('sessions are admitted again', async () => (await session('select 5')) !== '');
  expect(await evidence('keys', '--out', at('restored.json'))).toMatchObject({ status: 0 });
  const { file } = await exported('restored.jsonl');
  const keys = JSON.parse(readFileSync(at('restored.json'), 'utf8')) as object;
  writeFileSync(at('restored.json'), JSON.stringify({ ...keys, quorum: 0, witness_keys: [] })); // the agent has not been told of the new log
  const report = await proven(file, 'restored.json');
  expect(report.counts).toMatchObject({ agentSigned: 1 });
});

/** As the superuser of the store, who may do anything: the log ends here, and looks whole. */
async function cutBack(size: number): Promise<void> {
  const tables = ['cosignatures', 'checkpoints', 'nodes', 'sequence', 'entries'].map((name) => `evidence_${name}`);
  await sallyport.store.query(
    [
      ...tables.map((table) => `alter table ${table} disable trigger all`),
      `delete from evidence_cosignatures where size > ${size}`,
      `delete from evidence_checkpoints where size > ${size}`,
      `delete from evidence_nodes where (index + 1) * (1::bigint << level) > ${size}`,
      `delete from evidence_sequence where seq >= ${size}`,
      'delete from evidence_entries e where not exists (select from evidence_sequence s where s.entry_id = e.id)',
      'update evidence_watermark set entry_id = (select max(entry_id) from evidence_sequence)',
      ...tables.map((table) => `alter table ${table} enable trigger all`),
    ].join('; '),
  );
}
