/** The corpus' cases of how a session begins, of cancel requests, and of bytes that are no messages. */
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lost } from '../testing/corpus/elsewhere.js';
import { Talk } from '../testing/corpus/talk.js';
import { Tap } from '../testing/corpus/tap.js';
import { buildWorlds, databaseOf, type Worlds } from '../testing/corpus/worlds.js';
import { postgresGateway, ticket } from '../testing/postgres-gateway.js';
import { frontend as f, RawClient, spell, startup } from '../testing/raw-client.js';
import { cstring, int16, int32, message } from './wire.js';

let built: Worlds;
let tap: Tap;
let gateway: Awaited<ReturnType<typeof postgresGateway>>;
beforeAll(async () => {
  built = await buildWorlds(['a']);
  tap = await Tap.before(built.server);
  gateway = await postgresGateway({ target: { ...built.login(databaseOf('a')), host: '127.0.0.1', port: tap.port } });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await tap?.[Symbol.asyncDispose]();
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

test.each<[Readonly<Record<string, string>>]>([
  [{ client_encoding: 'GBK' }],
  [{ Client_Encoding: 'LATIN1' }],
  [{ options: '-c client_encoding=GBK' }],
  [{ options: '--client-encoding=SJIS' }],
  [{ standard_conforming_strings: 'off' }],
  [{ search_path: 'app' }],
  [{ options: '-c search_path=app,pg_catalog' }],
])(
  'what texts are read by cannot be chosen at the start: %j is refused before the target hears of it',
  async (chosen) => {
    const before = tap.startups.length;
    const client = await openWith(chosen);
    expect(client.heard).toEqual([expect.stringMatching(/^E 0A000 .*(not supported|not taken)$/)]);
    expect(tap.startups).toHaveLength(before);
    client.end();
  },
);

test.each(['SQL_ASCII', 'utf8', "'UTF-8'"])(
  'an encoding that is the gateway’s own in other words is rewritten: %s',
  async (word) => {
    const client = await openWith({ client_encoding: word });
    expect(client.heard).toContain('Z I');
    expect(tap.startups.at(-1)!.get('client_encoding')).toBe('UTF8');
    expect(tap.startups.at(-1)!.get('standard_conforming_strings')).toBe('on');
    client.heard.length = 0;
    expect(await client.ask([f.query('show client_encoding')])).toContain('D UTF8');
    client.end();
  },
);

test.each<[Readonly<Record<string, string>>]>([
  [{ session_authorization: 'agent_rw', role: 'agent_rw' }],
  [{ session_authorization: 'agent_rw' }],
  [{ role: 'agent_rw' }],
  [{ Role: 'agent_rw' }],
  [{ options: '-c role=agent_rw' }],
  [{ options: '-crole=agent_rw -c work_mem=1GB' }],
  [{ options: '--session-authorization=agent_rw' }],
])('a role cannot be chosen at the start: %j is refused before the target hears of it', async (chosen) => {
  const before = tap.startups.length;
  const client = await openWith(chosen);
  expect(client.heard).toEqual([expect.stringMatching(/^E 0A000 the start-up parameter ".*" is not taken$/)]);
  expect(tap.startups).toHaveLength(before);
  client.end();
});

test('the target is asked for the agent’s own login and database, whatever the client calls itself', async () => {
  const client = await openWith({ application_name: 'psql' });
  expect(client.heard).toContain('Z I');
  const { user, database } = built.login(databaseOf('a'));
  expect(Object.fromEntries(tap.startups.at(-1)!)).toMatchObject({ user, database });
  client.end();
});

test('what the house has to say comes between messages, while a statement runs too', async () => {
  const client = await open();
  gateway.tell('the login expires soon');
  await client.until((line) => line === 'N 00000 the login expires soon');
  const answer = client.ask([f.query('select pg_sleep(0.3) is null')]);
  gateway.tell('sooner');
  expect(await answer).toEqual(['N 00000 sooner', 'T ?column?', 'D f', 'C SELECT 1', 'Z I']);
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

/** Two people's sessions with what each could be cancelled by, at the gateway and at the target. */
async function pair() {
  const sessions = [];
  for (let index = 0; index < 2; index += 1) {
    const { talk, welcome } = await Talk.through(gateway.port, databaseOf('a'));
    const key = welcome.find(({ raw }) => raw[0] === 0x4b)!.raw;
    const own = { process: key.readInt32BE(5), secret: key.readInt32BE(9) };
    const body = tap.keys.at(-1)!;
    sessions.push({ talk, own, target: { process: body.readInt32BE(0), secret: body.readInt32BE(4) } });
  }
  return sessions as [(typeof sessions)[number], (typeof sessions)[number]];
}

const slow = "select 'slept' from pg_sleep(1.2)";

/** @returns what a statement of each ends with, while somebody tries to cancel them */
async function during({ talk: one }: { talk: Talk }, { talk: other }: { talk: Talk }, trial: () => Promise<void>) {
  const answers = Promise.all([one.ask([f.query(slow)]), other.ask([f.query(slow)])]);
  await expect.poll(running).toBe(2);
  await trial();
  return (await answers).map((heard) => heard.map(spell).filter((line) => /^[DE] /.test(line)));
}

const running = async (): Promise<number> => {
  const oracle = await built.oracle(databaseOf('a'));
  const sql =
    "select count(*) from pg_stat_activity where query ~ 'pg_sleep.1' and state = 'active' and pid <> pg_backend_pid()";
  const found = await oracle.first(sql);
  await oracle.end();
  return Number(found);
};

const slept = ['D slept'];
const cancelled = [expect.stringMatching(/^E 57014 /)];

test('a cancel request with a guessed key cancels nothing', async () => {
  const [ada, bo] = await pair();
  const guesses = async () => {
    for (const secret of [0, 1, -1, 12345]) await cancel(ada.own.process, secret);
  };
  expect(await during(ada, bo, guesses)).toEqual([slept, slept]);
  for (const { talk } of [ada, bo]) talk.end();
});

test('a key that is another’s, or the target’s own, cancels nothing', async () => {
  const [ada, bo] = await pair();
  expect(ada.target.secret).not.toBe(ada.own.secret);
  const others = async () => {
    await cancel(ada.own.process, bo.own.secret);
    await cancel(bo.own.process, ada.own.secret);
    await cancel(ada.target.process, ada.target.secret);
    await cancel(bo.target.process, bo.target.secret);
  };
  expect(await during(ada, bo, others)).toEqual([slept, slept]);
  expect(tap.take().filter(({ letter }) => letter === 'cancel')).toEqual([]);
  for (const { talk } of [ada, bo]) talk.end();
});

test('a session’s own key cancels what runs in it and in no other, and that is on record', async () => {
  const [ada, bo] = await pair();
  gateway.events.length = 0;
  expect(await during(ada, bo, () => cancel(ada.own.process, ada.own.secret))).toEqual([cancelled, slept]);
  const outcomes = gateway.events.flatMap(({ event, outcome }) => (event === 'operation.completed' ? [outcome] : []));
  expect(outcomes).toContainEqual(expect.objectContaining({ status: 'failed', code: '57014' }));
  expect(outcomes).toContainEqual(expect.objectContaining({ status: 'done', rows: 1 }));
  for (const { talk } of [ada, bo]) talk.end();
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
