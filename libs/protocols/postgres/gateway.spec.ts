import { type TestDatabase, testDatabase } from '@sallyport/testkit';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { postgresGateway } from '../testing/postgres-gateway.js';
import { frontend as f, RawClient } from '../testing/raw-client.js';
import { message } from './wire.js';

let target: TestDatabase;

beforeAll(async () => {
  target = await testDatabase();
});
afterAll(() => target?.stop());

beforeEach(() =>
  target.query(`drop schema public cascade; create schema public;
    create table patients (id int primary key, name text);
    insert into patients values (1, 'Ada'), (2, 'Bo'), (3, 'Cy')`),
);

const noDelete = ({ text }: { text: string }): 'allow' | 'deny' => (/delete/i.test(text) ? 'deny' : 'allow');
const remaining = async () => Number((await target.query<{ n: string }>('select count(*) as n from patients'))[0]!.n);

/** A gateway and a raw client of it that is logged in. */
async function conversation(options: Omit<Parameters<typeof postgresGateway>[0], 'target'> = {}) {
  const gateway = await postgresGateway({ target, ...options });
  const client = await RawClient.open({ port: gateway.port, database: target.database });
  return {
    gateway,
    client,
    [Symbol.asyncDispose]: async () => {
      client.end();
      await gateway[Symbol.asyncDispose]();
    },
  };
}

describe('what is allowed', () => {
  test('a client does not notice the gateway: simple, extended, several statements in one text', async () => {
    await using gateway = await postgresGateway({ target });
    const client = new pg.Client(gateway.client);
    await client.connect();
    expect((await client.query('select id, name from patients order by id')).rows).toHaveLength(3);
    expect((await client.query('select name from patients where id = $1', [2])).rows).toEqual([{ name: 'Bo' }]);
    expect(await client.query('select 1 as a; select 2 as b')).toMatchObject([
      { rows: [{ a: 1 }] },
      { rows: [{ b: 2 }] },
    ]);
    await expect(client.query('select nonsense')).rejects.toMatchObject({ code: '42703' });
    expect((await client.query('')).rows).toEqual([]);
    await client.end();
    expect(
      gateway.events.filter(({ event }) => event === 'operation.completed').map(({ outcome }) => outcome?.status),
    ).toEqual(['done', 'done', 'done', 'done', 'failed', 'done']);
    await expect.poll(() => gateway.events.at(-1)).toEqual({ event: 'session.ended' }); // once the target has ended it
    expect(gateway.log).toEqual([]);
  });

  test('a conversation that arrives one byte at a time is the same conversation', async () => {
    await using gateway = await postgresGateway({ target });
    const client = await RawClient.open({ port: gateway.port, database: target.database, oneByteAtATime: true });
    await client.sayBytewise(
      f.parse('select name from patients where id = $1'),
      f.bind({ values: ['1'] }),
      f.describe('P'),
      f.execute(),
      f.sync,
    );
    await client.ready();
    expect(client.heard).toEqual(['1', '2', 'T name', 'D Ada', 'C SELECT 1', 'Z I']);
    client.end();
  });

  test('a pipeline of several requests is answered in order', async () => {
    await using session = await conversation();
    const one = (id: string) => [
      f.parse('select name from patients where id = $1'),
      f.bind({ values: [id] }),
      f.execute(),
      f.sync,
    ];
    expect(await session.client.ask([...one('1'), ...one('2'), f.query('select 3 as x'), ...one('3')], 4)).toEqual([
      ...['1', '2', 'D Ada', 'C SELECT 1', 'Z I'],
      ...['1', '2', 'D Bo', 'C SELECT 1', 'Z I'],
      ...['T x', 'D 3', 'C SELECT 1', 'Z I'],
      ...['1', '2', 'D Cy', 'C SELECT 1', 'Z I'],
    ]);
  });

  test('a portal is fetched in pieces, and a statement described once runs many times', async () => {
    await using session = await conversation();
    expect(
      await session.client.ask([
        f.parse('select id from patients order by id', 's'),
        f.describe('S', 's'),
        f.bind({ statement: 's', portal: 'p' }),
        f.execute('p', 2),
        f.execute('p', 2),
        f.sync,
      ]),
    ).toEqual(['1', 't', 'T id', '2', 'D 1', 'D 2', 's', 'D 3', 'C SELECT 1', 'Z I']);
    expect(await session.client.ask([f.bind({ statement: 's' }), f.execute(), f.sync])).toEqual([
      '2',
      'D 1',
      'D 2',
      'D 3',
      'C SELECT 3',
      'Z I',
    ]);
    expect(await session.client.ask([f.close('S', 's'), f.sync])).toEqual(['3', 'Z I']);
  });

  test('COPY goes both ways', async () => {
    await using session = await conversation();
    await session.client.say(f.query('copy patients from stdin'));
    await session.client.until((line) => line === 'G');
    expect(await session.client.ask([f.copyData('4\tDi\n'), f.copyData('5\tEd\n'), f.copyDone])).toEqual([
      'C COPY 2',
      'Z I',
    ]);
    expect(await session.client.ask([f.query('copy patients to stdout')])).toEqual([
      'H',
      'd 1\tAda\n',
      'd 2\tBo\n',
      'd 3\tCy\n',
      'd 4\tDi\n',
      'd 5\tEd\n',
      'c',
      'C COPY 5',
      'Z I',
    ]);
    await session.client.say(f.query('copy patients from stdin'));
    expect(await session.client.ask([f.copyFail])).toEqual(
      expect.arrayContaining([expect.stringMatching(/^E 57014/), 'Z I']),
    );
    expect(await remaining()).toBe(5);
  });

  test('a statement that is running is cancelled from another connection', async () => {
    await using gateway = await postgresGateway({ target });
    const client = new pg.Client(gateway.client);
    await client.connect();
    const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
    const sleeping = client.query('select pg_sleep(60)');
    const cancelling = await RawClient.dial(gateway.port);
    const packet = Buffer.alloc(16);
    [16, 80877102, processID, secretKey].forEach((value, index) => packet.writeInt32BE(value, index * 4));
    await new Promise((resolve) => setTimeout(resolve, 300));
    await cancelling.say(packet);
    await expect(sleeping).rejects.toMatchObject({ code: '57014' });
    expect((await client.query('select 1 as alive')).rows).toEqual([{ alive: 1 }]);
    await client.end();
  });

  test('big parameters and big rows pass whole', async () => {
    await using gateway = await postgresGateway({ target });
    const client = new pg.Client(gateway.client);
    await client.connect();
    const big = 'x'.repeat(5_000_000);
    expect(
      (await client.query<{ n: number; back: string }>('select length($1::text) as n, $1::text as back', [big]))
        .rows[0],
    ).toEqual({ n: 5_000_000, back: big });
    expect(
      (await client.query<{ n: string }>("select sum(length(repeat('y', 1000))) as n from generate_series(1, 20000)"))
        .rows[0]!.n,
    ).toBe('20000000');
    expect((await client.query("select repeat('z', 1000) as z from generate_series(1, 20000)")).rows).toHaveLength(
      20_000,
    );
    await client.end();
  });
});

describe('what is refused', () => {
  test('outside a transaction the target hears nothing and the session stays usable', async () => {
    await using session = await conversation({ decide: noDelete });
    expect(await session.client.ask([f.query('delete from patients')])).toEqual(['E 42501 the policy says no', 'Z I']);
    expect(await session.client.ask([f.parse('delete from patients'), f.bind(), f.execute(), f.sync])).toEqual([
      'E 42501 the policy says no',
      'Z I',
    ]);
    expect(await session.client.ask([f.parse('delete from patients', 'd'), f.sync])).toEqual([
      'E 42501 the policy says no',
      'Z I',
    ]);
    expect(await session.client.ask([f.query('select 1 as x')])).toEqual(['T x', 'D 1', 'C SELECT 1', 'Z I']);
    expect(await remaining()).toBe(3);
  });

  test('inside a transaction block it fails the transaction: nothing earlier commits', async () => {
    await using session = await conversation({ decide: noDelete });
    await session.client.ask([f.query('begin')]);
    await session.client.ask([f.query("insert into patients values (9, 'Zed')")]);
    expect(await session.client.ask([f.query('delete from patients')])).toEqual(['E 42501 the policy says no', 'Z E']);
    expect(await session.client.ask([f.query('select 1')])).toEqual([expect.stringMatching(/^E 25P02/), 'Z E']);
    expect(await session.client.ask([f.query('delete from patients')])).toEqual(['E 42501 the policy says no', 'Z E']);
    expect(await session.client.ask([f.query('commit')])).toEqual(['C ROLLBACK', 'Z I']);
    expect(await remaining()).toBe(3);
  });

  test('inside the implicit transaction of a pipeline nothing earlier commits and nothing later runs', async () => {
    await using session = await conversation({ decide: noDelete });
    const insert = (id: number) => [f.parse(`insert into patients values (${id}, 'x')`), f.bind(), f.execute()];
    expect(
      await session.client.ask([
        ...insert(7),
        f.parse('delete from patients'),
        f.bind(),
        f.execute(),
        ...insert(8),
        f.sync,
      ]),
    ).toEqual([...['1', '2', 'C INSERT 0 1'], ...['E 42501 the policy says no', 'Z I']]);
    expect(await remaining()).toBe(3);
    expect(await session.client.ask([...insert(7), f.sync])).toEqual(['1', '2', 'C INSERT 0 1', 'Z I']);
  });

  test('one statement of several refuses all of them before any is sent', async () => {
    await using session = await conversation({ decide: noDelete });
    expect(await session.client.ask([f.query("insert into patients values (9, 'Zed'); delete from patients")])).toEqual(
      ['E 42501 the policy says no', 'Z I'],
    );
    expect(await remaining()).toBe(3);
  });

  test('a refusal does not overtake the answers that are under way', async () => {
    await using session = await conversation({ decide: noDelete });
    expect(
      await session.client.ask(
        [
          f.parse('select pg_sleep(0.2)'),
          f.bind(),
          f.execute(),
          f.sync,
          f.parse('delete from patients'),
          f.bind(),
          f.execute(),
          f.sync,
          f.query('select 1 as x'),
        ],
        3,
      ),
    ).toEqual([
      '1',
      '2',
      'D ',
      'C SELECT 1',
      'Z I',
      'E 42501 the policy says no',
      'Z I',
      'T x',
      'D 1',
      'C SELECT 1',
      'Z I',
    ]);
  });

  test('a statement parsed again under a name that was judged stays what it was', async () => {
    await using session = await conversation({ decide: noDelete });
    await session.client.ask([f.parse('select name from patients where id = 1', 's'), f.sync]);
    expect(await session.client.ask([f.parse('select id from patients where id = 2', 's'), f.sync])).toEqual([
      expect.stringMatching(/^E 42P05/),
      'Z I',
    ]);
    expect(await session.client.ask([f.bind({ statement: 's' }), f.execute(), f.sync])).toEqual([
      '2',
      'D Ada',
      'C SELECT 1',
      'Z I',
    ]);
    expect(session.gateway.events.at(-2)).toMatchObject({
      event: 'operation.allow',
      text: 'select name from patients where id = 1',
    });
  });

  test('a name whose Parse failed is free, and judged anew', async () => {
    await using session = await conversation({ decide: noDelete });
    expect(await session.client.ask([f.parse('select nonsense from patients', 's'), f.sync])).toEqual([
      expect.stringMatching(/^E 42703/),
      'Z I',
    ]);
    expect(
      await session.client.ask([f.parse('select 2 as two', 's'), f.bind({ statement: 's' }), f.execute(), f.sync]),
    ).toEqual(['1', '2', 'D 2', 'C SELECT 1', 'Z I']);
    expect(session.gateway.events.at(-2)).toMatchObject({ event: 'operation.allow', text: 'select 2 as two' });
  });

  test('EXECUTE is judged by the statement that it runs', async () => {
    await using session = await conversation({ decide: ({ risk }) => (risk === 'read' ? 'allow' : 'deny') });
    expect(await session.client.ask([f.query('prepare p as select name from patients where id = $1')])).toEqual([
      'C PREPARE',
      'Z I',
    ]);
    expect(await session.client.ask([f.query('execute p(2)')])).toEqual(['T name', 'D Bo', 'C SELECT 1', 'Z I']);
    await session.client.ask([f.query('prepare q as delete from patients')]);
    expect(await session.client.ask([f.query('execute q')])).toEqual(['E 42501 the policy says no', 'Z I']);
    expect(await remaining()).toBe(3);
  });

  test('a function call by object id is refused and the session goes on', async () => {
    await using session = await conversation();
    expect(await session.client.ask([f.functionCall])).toEqual([expect.stringMatching(/^E 0A000/), 'Z I']);
    expect(await session.client.ask([f.query('select 1 as x')])).toContain('D 1');
  });

  test('a review that is approved runs once, after a notice says whom to ask', async () => {
    await using session = await conversation({
      decide: ({ text }) => (/delete/.test(text) ? 'review' : 'allow'),
      review: async (_operation, _decision, { waiting }) => {
        waiting({ review: 'r1' as never, message: 'waiting for reviewers' });
        return { outcome: 'allow', policies: [], policyVersion: 1 };
      },
    });
    expect(await session.client.ask([f.query('delete from patients where id = 1')])).toEqual([
      'N 00000 waiting for reviewers',
      'C DELETE 1',
      'Z I',
    ]);
    expect(await remaining()).toBe(2);
  });

  test('a review that a client cancels ends as a cancelled statement', async () => {
    await using gateway = await postgresGateway({
      target,
      decide: ({ text }) => (/delete/.test(text) ? 'review' : 'allow'),
      review: (_operation, _decision, { abandoned }) =>
        new Promise((resolve) =>
          abandoned.addEventListener('abort', () =>
            resolve({
              outcome: 'deny',
              policies: [],
              policyVersion: 1,
              refusal: { code: 'CANCELLED', message: 'cancelled while waiting' },
            }),
          ),
        ),
    });
    const client = new pg.Client(gateway.client);
    await client.connect();
    const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
    const waiting = client.query('delete from patients');
    await new Promise((resolve) => setTimeout(resolve, 200));
    const packet = Buffer.alloc(16);
    [16, 80877102, processID, secretKey].forEach((value, index) => packet.writeInt32BE(value, index * 4));
    await (await RawClient.dial(gateway.port)).say(packet);
    await expect(waiting).rejects.toMatchObject({ code: '57014', message: 'cancelled while waiting' });
    await client.end();
    expect(await remaining()).toBe(3);
  });
});

describe('what the record promises', () => {
  test('a write whose record does not become durable never reaches the target', async () => {
    await using session = await conversation({
      durable: async ({ text }) => (/insert/.test(text) ? Promise.reject(new Error('disk full')) : undefined),
    });
    expect(await session.client.ask([f.query("insert into patients values (9, 'Zed')")])).toEqual([
      expect.stringMatching(/^E 57P03 this operation cannot be recorded/),
      'Z I',
    ]);
    expect(await remaining()).toBe(3);
  });

  test('of a read whose record fails not a byte is disclosed', async () => {
    await using session = await conversation({
      durable: ({ text }) =>
        /name/.test(text)
          ? new Promise((_resolve, reject) => setTimeout(() => reject(new Error('disk full')), 300))
          : Promise.resolve(),
    });
    const heard = await session.client.ask([f.query('select name from patients')]);
    expect(heard).toEqual([expect.stringMatching(/^E 57P03/), '(closed)']);
  });

  test('what a target starts by itself is decided and recorded before it is delivered', async () => {
    await using session = await conversation({
      decide: ({ action, text }) => (action === 'sql.notification' && /secret/.test(text) ? 'deny' : 'allow'),
    });
    await session.client.ask([f.query('listen news')]);
    await target.query("select pg_notify('news', 'secret one'), pg_notify('news', 'hello')");
    await session.client.until((line) => line === 'A');
    expect(session.client.heard.filter((line) => line === 'A')).toHaveLength(1);
    expect(session.gateway.events.map(({ event, text }) => [event, text])).toEqual(
      expect.arrayContaining([
        ['operation.deny', "NOTIFY news, 'secret one'"],
        ['operation.allow', "NOTIFY news, 'hello'"],
      ]),
    );
  });
});

test('a statement that is not UTF-8 is refused, on record, and the session goes on', async () => {
  await using session = await conversation();
  const broken = Buffer.concat([Buffer.from("select '"), Buffer.from([0xff, 0xfe]), Buffer.from("'\0")]);
  expect(await session.client.ask([message('Q', broken)])).toEqual([
    expect.stringMatching(/^E 22023 the statement is not valid UTF-8/),
    'Z I',
  ]);
  expect(
    await session.client.ask([
      message('P', Buffer.from('\0'), broken, Buffer.from([0, 0])),
      f.bind(),
      f.execute(),
      f.sync,
    ]),
  ).toEqual([expect.stringMatching(/^E 22023/), 'Z I']);
  expect(await session.client.ask([f.query('select 1 as x')])).toContain('D 1');
});

describe('what a server does at the edges of its protocol', () => {
  const copy = f.parse('copy patients from stdin');

  test('a Sync among the data of a COPY is not answered, as libpq expects that sends one before', async () => {
    await using session = await conversation();
    await session.client.say(copy, f.bind(), f.execute(), f.sync);
    await session.client.until((line) => line === 'G');
    expect(await session.client.ask([f.copyData('4\tDi\n'), f.copyDone, f.sync])).toEqual(['C COPY 1', 'Z I']);
    expect(await session.client.ask([copy, f.bind(), f.execute(), f.copyData('5\tEd\n'), f.copyDone, f.sync])).toEqual([
      ...['1', '2', 'G', 'C COPY 1', 'Z I'],
    ]);
    expect(
      await session.client.ask([
        f.query('copy patients from stdin'),
        f.copyData('6\tFi\n'),
        f.sync,
        f.flush,
        f.copyDone,
      ]),
    ).toEqual(['G', 'C COPY 1', 'Z I']);
    expect(await session.client.ask([f.query('select count(*) from patients')])).toContain('D 6');
  });

  test('a COPY that fails skips its data, and the session goes on', async () => {
    await using session = await conversation();
    const heard = await session.client.ask(
      [copy, f.bind(), f.execute(), f.sync, f.copyData('x\tBad\n'), f.copyData('4\tDi\n'), f.copyDone, f.sync],
      1,
    );
    expect(heard).toEqual(['1', '2', 'G', expect.stringMatching(/^E 22P02/), 'Z I']);
    expect(
      await session.client.ask(
        [f.parse('copy missing from stdin'), f.bind(), f.execute(), f.sync, f.copyData('1\n'), f.copyDone, f.sync],
        2,
      ),
    ).toEqual(['1', '2', expect.stringMatching(/^E 42P01/), 'Z I', 'Z I']);
    expect(await session.client.ask([f.query('select count(*) from patients')])).toContain('D 3');
  });

  test('a simple Query behind an error of the extended protocol is skipped to Sync', async () => {
    await using session = await conversation();
    expect(await session.client.ask([f.parse('select nonsense'), f.query('select 2 as x'), f.sync])).toEqual([
      expect.stringMatching(/^E 42703/),
      'Z I',
    ]);
    expect(await session.client.ask([f.query('select 3 as x')])).toEqual(['T x', 'D 3', 'C SELECT 1', 'Z I']);
  });

  test('Terminate waits for what was sent before it', async () => {
    await using session = await conversation();
    await session.client.say(f.query("select pg_sleep(0.5); insert into patients values (4, 'Di')"), f.terminate);
    expect(await session.client.untilClosed()).toEqual(['T pg_sleep', 'D ', 'C SELECT 1', 'C INSERT 0 1', 'Z I']);
    expect(await remaining()).toBe(4);
    expect(session.gateway.events.filter(({ event }) => event === 'operation.completed').at(-1)).toMatchObject({
      outcome: { status: 'done' },
    });
  });

  test('a session’s own notification comes before ReadyForQuery, with the process id that the client was told', async () => {
    await using gateway = await postgresGateway({ target });
    const client = new pg.Client(gateway.client);
    const heard: unknown[] = [];
    client.on('notification', ({ processId, payload }) => heard.push([processId, payload]));
    await client.connect();
    await client.query("listen news; notify news, 'hello'");
    expect(heard).toEqual([[(client as unknown as { processID: number }).processID, 'hello']]);
    await client.end();
  });

  test('the ids of parameter types are not taken for text', async () => {
    await using session = await conversation();
    const typed = message('P', Buffer.from('\0select $1 as x\0'), Buffer.from([0, 1]), Buffer.from([0, 0, 0x0e, 0xdf]));
    expect(await session.client.ask([typed, f.bind({ values: ['{}'] }), f.execute(), f.sync])).toEqual([
      ...['1', '2', 'D {}', 'C SELECT 1', 'Z I'],
    ]);
  });
});
