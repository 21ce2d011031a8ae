/** Settings that the gateway owns: what a client makes of them, and what the target makes of them by itself. */
import { type TestDatabase, testDatabase } from '@sallyport/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Talk } from '../testing/corpus/talk.js';
import { Tap } from '../testing/corpus/tap.js';
import { postgresGateway, ticket } from '../testing/postgres-gateway.js';
import { frontend as f, RawClient, spell, startup } from '../testing/raw-client.js';
import { cstring, Fields, type Message, message } from './wire.js';

let target: TestDatabase;
let tap: Tap;
let gateway: Awaited<ReturnType<typeof postgresGateway>>;
let talk: Talk;
beforeAll(async () => {
  target = await testDatabase({ sql: 'create table t (a int)' });
  tap = await Tap.before(target);
  gateway = await postgresGateway({ target: { ...target, port: tap.port } });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await tap?.[Symbol.asyncDispose]();
  await target?.stop();
});
beforeEach(async () => {
  ({ talk } = await Talk.through(gateway.port, target.database));
});
afterEach(() => talk.end());

const owned = /^sallyport:[0-9a-f-]{36}$/;

/** What the target calls the gateway's sessions, asked by somebody else. */
const names = async (): Promise<string[]> =>
  (
    await target.query<{ name: string }>(
      "select application_name as name from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()",
    )
  ).map(({ name }) => name);

/** What the client is told of its own name for itself. */
const told = (heard: readonly Message[]): string[] =>
  heard
    .filter(({ type }) => type === 0x53)
    .map(({ body }) => {
      const fields = new Fields(body);
      return [fields.cstring(), fields.cstring()];
    })
    .filter(([name]) => name === 'application_name')
    .map(([, value]) => value!);

const rows = (heard: readonly Message[]): string[] => heard.map(spell).filter((line) => /^[DE] /.test(line));

test('a session has the gateway’s name at the target, and its client is told its own', async () => {
  const client = await RawClient.dial(gateway.port);
  await client.say(startup({ user: 'orders', database: target.database, application_name: "a driver's" }));
  await client.until((line) => line === 'R');
  await client.say(message('p', cstring(ticket)));
  await client.ready();
  expect(tap.startups.at(-1)!.get('application_name')).toMatch(owned);
  expect(await names()).toEqual([expect.stringMatching(owned), expect.stringMatching(owned)]);
  client.end();
});

describe('what a client calls its session', () => {
  const extended = [f.parse("set application_name = 'driver'", 's'), f.bind({ statement: 's' }), f.execute(), f.sync];

  test.each<[string, Buffer[]]>([
    ['by SET', [f.query("set application_name = 'driver'")]],
    ['by SET, extended', extended],
    ['by SET SESSION in a text of several', [f.query("select 1; set session application_name = 'driver'; select 2")]],
    ['by set_config', [f.query("select set_config('application_name', 'driver', false)")]],
    ['by a block of code', [f.query("do $$ begin perform set_config('application_name', 'driver', false); end $$")]],
  ])('%s is told to it, and gone before anything else runs', async (_name, messages) => {
    expect(told(await talk.ask(messages))).toEqual(['driver']);
    await expect.poll(names).toEqual([expect.stringMatching(owned)]);
    expect(rows(await talk.ask([f.query('show application_name')]))).toEqual([
      expect.stringMatching(/^D sallyport:[0-9a-f-]{36}$/),
    ]);
  });

  test('in one go with the next statement is gone before that one, where a Sync is between them', async () => {
    const heard = await talk.ask(
      [
        ...[f.parse("set application_name = 'driver'"), f.bind(), f.execute(), f.sync],
        ...[f.parse('show application_name'), f.bind(), f.execute(), f.sync],
        f.query('show application_name'),
      ],
      3,
    );
    const shown = rows(heard);
    expect(shown).toEqual([expect.stringMatching(/^D sallyport:/), expect.stringMatching(/^D sallyport:/)]);
  });

  test.each([
    ['commit', "begin; set application_name = 'driver'", 'commit'],
    ['rollback', "begin; set application_name = 'driver'", 'rollback'],
    ['commit of a local one', "begin; set local application_name = 'driver'", 'commit'],
    ['rollback to a savepoint', "begin; savepoint s; set application_name = 'driver'", 'rollback to s; commit'],
  ])('in a transaction is gone in it, and after its %s', async (_name, begin, end) => {
    await talk.ask([f.query(begin)]);
    expect(rows(await talk.ask([f.query('show application_name')]))[0]).toMatch(/^D sallyport:/);
    await talk.ask([f.query(end)]);
    expect(rows(await talk.ask([f.query('show application_name')]))[0]).toMatch(/^D sallyport:/);
    await expect.poll(names).toEqual([expect.stringMatching(owned)]);
  });

  test('does not stand in the way of what must come first in a transaction', async () => {
    await talk.ask([f.query("begin; set application_name = 'driver'")]);
    const heard = await talk.ask([f.query('set transaction isolation level serializable; show transaction_isolation')]);
    expect(rows(heard)).toEqual(['D serializable']);
    await talk.ask([f.query('rollback')]);
  });

  test('in a transaction that has failed goes with it', async () => {
    await talk.ask([f.query("begin; set application_name = 'driver'; select 1/0")]);
    expect(rows(await talk.ask([f.query('select 1')]))[0]).toMatch(/^E 25P02/);
    await talk.ask([f.query('rollback')]);
    await expect.poll(names).toEqual([expect.stringMatching(owned)]);
  });

  test('costs it neither its unnamed statement nor its portals', async () => {
    await talk.ask([f.parse('select 7'), f.sync]);
    await talk.ask([
      f.parse("set application_name = 'driver'", 'n'),
      f.bind({ statement: 'n', portal: 'p' }),
      f.execute('p'),
      f.sync,
    ]);
    await expect.poll(names).toEqual([expect.stringMatching(owned)]);
    expect(rows(await talk.ask([f.bind(), f.execute(), f.sync]))).toEqual(['D 7']);
    expect(rows(await talk.ask([f.query('select count(*) from pg_prepared_statements')]))).toEqual(['D 1']);
  });

  test('while a COPY waits behind it delays that one, and nothing hangs', async () => {
    const heard = await talk.ask([f.query("set application_name = 'driver'"), f.query('copy t from stdin')], 2);
    expect(rows(heard)).toEqual([expect.stringMatching(/^E 57014 COPY from stdin failed/)]);
    expect(rows(await talk.ask([f.query('show application_name')]))[0]).toMatch(/^D sallyport:/);
  });

  test('is in no outcome and no answer of another statement: the gateway’s own statement is not on record', async () => {
    gateway.events.length = 0;
    await talk.ask([f.query("set application_name = 'driver'")]);
    expect((await talk.ask([f.query('select 1')])).map(spell)).toEqual(['T ?column?', 'D 1', 'C SELECT 1', 'Z I']);
    expect(gateway.events.map(({ event, text }) => [event, text])).toEqual([
      ['operation.allow', "set application_name = 'driver'"],
      ['operation.completed', "set application_name = 'driver'"],
      ['operation.allow', 'select 1'],
      ['operation.completed', 'select 1'],
    ]);
  });
});

test('a search path that the target changes by itself ends the session; one that the client changes does not', async () => {
  await talk.ask([f.query('set search_path = public, pg_catalog')]);
  const { talk: other } = await Talk.through(gateway.port, target.database);
  await target.query("alter system set search_path = 'pg_catalog'");
  await target.query('select pg_reload_conf()');
  const said: string[] = [];
  const ended = async () => {
    if (!other.closed) said.push(...(await other.ask([f.query('select 1')])).map(spell));
    return other.closed;
  };
  await expect.poll(ended, { timeout: 10_000 }).toBe(true);
  expect(said.at(-1)).toMatch(/^E .* the session’s search_path became "pg_catalog"$/);
  expect(rows(await talk.ask([f.query('select 1')]))).toEqual(['D 1']);
  await target.query('alter system reset search_path');
});
