// What the agent records is what the client gets: piece by piece, for each operation, and signed ahead of its last bytes.
import { setTimeout as sleep } from 'node:timers/promises';
import { type TestDatabase, testDatabase } from '@sallyport/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { footerOf } from '../testing/in-process.js';
import { postgresGateway } from '../testing/postgres-gateway.js';
import { frontend as f, RawClient, spell } from '../testing/raw-client.js';
import { frameBytes } from './heads.js';
import { MessageReader } from './wire.js';

let target: TestDatabase;
let gateway: Awaited<ReturnType<typeof postgresGateway>>;
let client: RawClient;

beforeAll(async () => {
  target = await testDatabase({
    sql: "create table patients (id int primary key, name text); insert into patients values (1, 'Ada'), (2, 'Bo')",
  });
  gateway = await postgresGateway({
    target,
    records: true,
    decide: ({ text }) => (/delete/.test(text) ? 'deny' : 'allow'),
  });
  client = await RawClient.open({ port: gateway.port, database: target.database });
});
afterAll(async () => {
  client?.end();
  await gateway?.[Symbol.asyncDispose]();
  await target?.stop();
});

/** Every recorded response so far, in words, checked against what the agent signed of it. */
function recorded(): Record<string, string[]> {
  const said: Record<string, string[]> = {};
  const footers = gateway.events.flatMap(({ footer }) => (footer === undefined ? [] : [footer]));
  for (const [id, { text, pieces }] of gateway.responses) {
    const signed = footers.find((footer) => footer.startsWith(id));
    if (signed !== undefined) expect(signed).toBe(`${id} ${footerOf(pieces)}`);
    const reader = new MessageReader();
    reader.push(Buffer.concat(pieces.map(({ bytes }) => bytes)));
    said[text] ??= [];
    for (let next = reader.next(); next !== undefined; next = reader.next()) said[text].push(spell(next));
    expect(reader.buffered).toBe(0);
  }
  expect(footers.length).toBe(
    gateway.events.filter(({ event, outcome }) => event === 'operation.completed' && outcome?.joinKey === undefined)
      .length,
  );
  return said;
}

test('an answer is recorded whole, to its last byte', async () => {
  const heard = await client.ask([f.query('select name from patients order by id')]);
  expect(recorded()['select name from patients order by id']).toEqual(heard);
});

test('an answer of many frames keeps its pieces, none of them above a frame', async () => {
  const text = "select repeat('x', 700000) as x, g from generate_series(1, 3) g";
  const heard = await client.ask([f.query(text)]);
  expect(recorded()[text]).toEqual(heard);
  const pieces = [...gateway.responses.values()].find((response) => response.text === text)!.pieces;
  expect(pieces.length).toBeGreaterThan(8);
  expect(Math.max(...pieces.map(({ bytes }) => bytes.length))).toBeLessThanOrEqual(frameBytes);
  expect(pieces.map(({ at }) => at.getTime())).toEqual(pieces.map((_, index) => 1_700_000_000_000 + index));
});

test('in a pipeline each operation has its own answers, an error among them, and of what it made be skipped only the Sync’s answer', async () => {
  const heard = await client.ask([
    f.parse('select 1 as one'),
    f.bind(),
    f.execute(),
    f.parse('select 1 / (id - id) from patients'),
    f.bind(),
    f.execute(),
    f.parse('select 3 as three'),
    f.bind(),
    f.execute(),
    f.sync,
  ]);
  const said = recorded();
  expect(said['select 1 as one']).toEqual(['1', '2', 'D 1', 'C SELECT 1']);
  expect(said['select 1 / (id - id) from patients']).toEqual(['1', '2', expect.stringMatching(/^E 22012/)]);
  expect(said['select 3 as three']).toEqual(['Z I']); // the Sync goes with the Execute before it
  expect([
    ...said['select 1 as one']!,
    ...said['select 1 / (id - id) from patients']!,
    ...said['select 3 as three']!,
  ]).toEqual(heard);
});

test('a refusal is the control plane’s own word: on record with the decision, and in no recording', async () => {
  const heard = await client.ask([f.query('select 4 as four'), f.query('delete from patients')], 2);
  const said = recorded();
  expect(said['select 4 as four']).toEqual(heard.slice(0, 4));
  expect(heard[4]).toMatch(/^E 42501/);
  expect(said['delete from patients']).toEqual([]);
});

test('a COPY out is recorded row by row', async () => {
  const heard = await client.ask([f.query('copy patients to stdout')]);
  expect(recorded()['copy patients to stdout']).toEqual(heard);
});

test('a session that breaks in the middle of an answer leaves what the client got, unsigned', async () => {
  const other = await RawClient.open({ port: gateway.port, database: target.database });
  const text = "select pg_terminate_backend(pg_backend_pid()), repeat('y', 10)";
  await other.say(f.query(text));
  await other.untilClosed();
  await expect
    .poll(() => gateway.events.filter((event) => event.text === text).map(({ outcome }) => outcome?.status))
    .toContain('unknown');
  const [[id, response]] = [...gateway.responses].filter(([, each]) => each.text === text) as never as [
    [string, { pieces: unknown[] }],
  ];
  expect(response.pieces.length).toBeGreaterThan(0);
  expect(gateway.events.some(({ footer }) => footer?.startsWith(id))).toBe(false);
});

const megabyte = 1024 * 1024;

test('a recorder of 100 KB/s slows its client down: nothing is shown before it is kept, nothing dropped, and the target waits', async () => {
  const rows = 4_096;
  const rowBytes = 16_384;
  const progress = { kept: 0, heard: 0, ahead: 0, isSlow: true };
  await target.query('create sequence produced');
  await using slow = await postgresGateway({
    target,
    records: true,
    kept: async ({ length }) => {
      for (let waited = 0; progress.isSlow && waited < length / 100; waited += 50) await sleep(50);
      progress.kept += length;
    },
  });
  const other = await RawClient.open({ port: slow.port, database: target.database });
  using _ = { [Symbol.dispose]: () => other.end() }; // or the gateway would wait for it
  other.socket.on('data', ({ length }: Buffer) => {
    progress.heard += length;
    progress.ahead = Math.max(progress.ahead, progress.heard - progress.kept);
  });
  const text = `select nextval('produced'), repeat('r', ${rowBytes}) from generate_series(1, ${rows})`;
  const answer = other.ask([f.query(text)]);
  const produced = async (): Promise<number> =>
    Number((await target.query<{ n: string }>('select last_value as n from produced'))[0]!.n) * rowBytes;

  await expect.poll(() => progress.heard, { timeout: 20_000 }).toBeGreaterThan(0);
  await sleep(2_000);
  const whileSlow = { ...progress, produced: await produced() };
  await sleep(1_000);
  expect(await produced()).toBeLessThan(whileSlow.produced + 2 * megabyte);
  expect(whileSlow.heard).toBeLessThan(2 * megabyte);
  expect(whileSlow.produced).toBeLessThan(24 * megabyte);

  progress.isSlow = false;
  expect((await answer).filter((line) => line.startsWith('D '))).toHaveLength(rows);
  expect(progress.ahead).toBe(0);
  const { pieces } = [...slow.responses.values()].find((response) => response.text === text)!;
  expect(pieces.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBe(progress.heard);
});
