/** The corpus' cases of how a session begins, of cancel requests, and of bytes that are no messages. */
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lost } from '../testing/corpus/elsewhere.js';
import { Talk } from '../testing/corpus/talk.js';
import { buildWorlds, databaseOf, type Worlds } from '../testing/corpus/worlds.js';
import { postgresGateway, ticket } from '../testing/postgres-gateway.js';
import { frontend as f, RawClient, startup } from '../testing/raw-client.js';
import { cstring, int16, int32, message } from './wire.js';

let built: Worlds;
let gateway: Awaited<ReturnType<typeof postgresGateway>>;
beforeAll(async () => {
  built = await buildWorlds(['a']);
  gateway = await postgresGateway({ target: { ...built.login(databaseOf('a')), host: '127.0.0.1' } });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await built?.[Symbol.asyncDispose]();
});

const open = (): Promise<RawClient> => RawClient.open({ port: gateway.port, database: databaseOf('a') });

/** Logs in with these start-up parameters beside the usual ones. */
async function openWith(parameters: Readonly<Record<string, string>>): Promise<RawClient> {
  const client = await RawClient.dial(gateway.port);
  await client.say(startup({ user: 'orders', database: databaseOf('a'), ...parameters }));
  await client.until((line) => line === 'R' || line.startsWith('E'));
  if (!client.heard.some((line) => line.startsWith('E'))) {
    await client.say(message('p', cstring(ticket)));
    await client.until((line) => line.startsWith('Z') || line.startsWith('E'));
  }
  return client;
}

test.each(['database', 'true', 'on', '1'])('replication is refused in each of its forms: %s', async (replication) => {
  const client = await openWith({ replication });
  expect(client.heard.filter((line) => line.startsWith('E'))).toHaveLength(1);
  expect(client.heard).not.toContain('Z I');
  client.end();
});

test('an encoding asked for at the start is not the one that the target gets', async () => {
  const client = await openWith({ client_encoding: 'GBK' });
  if (client.heard.includes('Z I')) {
    client.heard.length = 0;
    expect(await client.ask([f.query('show client_encoding')])).toContain('D UTF8');
  } else expect(client.heard.some((line) => line.startsWith('E'))).toBe(true);
  client.end();
});

test('a role asked for at the start is not the one that the target gets', async () => {
  const client = await openWith({ session_authorization: 'agent_rw', role: 'agent_rw' });
  if (client.heard.includes('Z I')) {
    client.heard.length = 0;
    const { user } = built.login('x');
    expect(await client.ask([f.query('select session_user, current_user')])).toContain(`D ${user}|${user}`);
  } else expect(client.heard.some((line) => line.startsWith('E'))).toBe(true);
  client.end();
});

test.each([
  ['a length below four', Buffer.from([0x51, 0, 0, 0, 3])],
  ['what only a server says', message('T', int16(0))],
  ['what only a server says: a row', message('D', int16(-1), int32(0))],
  ['what only a server says: ready', message('Z', Buffer.from('I'))],
])('%s ends the session with an error, and nothing of it reaches the target', async (_name, bytes) => {
  const client = await open();
  await client.say(bytes);
  expect((await client.untilClosed())[0]).toMatch(/^E /);
});

const cancel = (process: number, key: number): Promise<void> =>
  new Promise((resolve) => {
    const socket = connect({ port: gateway.port, host: '127.0.0.1' }, () =>
      socket.end(Buffer.concat([int32(16), int32(80877102), int32(process), int32(key)])),
    );
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
    socket.resume();
  });

/** @returns what a statement that runs meanwhile ends with */
async function during(trial: () => Promise<void>): Promise<string[]> {
  const client = await open();
  const answer = client.ask([f.query('select pg_sleep(0.6) is null')]);
  await new Promise((resolve) => setTimeout(resolve, 200));
  await trial();
  const lines = await answer;
  client.end();
  return lines;
}

/** The process that sleeps at the target. */
const sleeper = async (): Promise<number> => {
  const oracle = await built.oracle(databaseOf('a'));
  const pid = await oracle.first(
    `select pid from pg_stat_activity where query ~ 'pg_sleep' and pid <> pg_backend_pid()`,
  );
  await oracle.end();
  return Number(pid);
};

test('a cancel request with a guessed key cancels nothing', async () => {
  expect(await during(() => cancel(1, 12345))).toContain('D f');
});

test('a key that the target gave is none of the gateway’s, and cancels nothing', async () => {
  expect(
    await during(async () => {
      const pid = await sleeper();
      expect(pid).toBeGreaterThan(0);
      for (const key of [0, 1, -1]) await cancel(pid, key);
    }),
  ).toContain('D f');
});

test('a statement without end is ended by the limit of a hardened login', async () => {
  await using hardened = await postgresGateway({ target: { ...built.hardened(databaseOf('a')), host: '127.0.0.1' } });
  const { talk } = await Talk.through(hardened.port, databaseOf('a'));
  const endless = 'select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b';
  const heard = await talk.ask([f.query(endless)]);
  talk.end();
  expect(heard.map(({ raw }) => raw.toString('latin1')).join()).toContain('57014');
});

test('what is played by other tests is played by tests that exist', () => {
  expect(lost()).toEqual([]);
});
