import { peer } from '@sallyport/testkit';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { firstDifference } from '../testing/comparable.js';
import { agentPassword, type Installation, until } from '../testing/installation.js';
import { psqlRun, type Run } from '../testing/psql.js';
import { type PsqlScript, psqlScripts } from '../testing/psql-scripts.js';
import type { Conversation } from '../testing/tap.js';
import { Twins } from '../testing/twin.js';
import { replay } from '../testing/wire.js';
import { wireScripts } from '../testing/wire-scripts.js';

let twins: Twins;
let sallyport: Installation;

beforeAll(async () => {
  twins = await Twins.start();
  sallyport = twins.sallyport;
});
afterAll(() => twins?.[Symbol.asyncDispose]());

const direct = () =>
  ({
    host: '127.0.0.1',
    port: twins.alone.port,
    tls: { mode: 'disable' },
    credential: { user: 'app', password: agentPassword },
    database: 'shop',
  }) as const;

const throughTheGateway = async () =>
  ({
    host: '127.0.0.1',
    port: sallyport.ports.postgres,
    tls: { mode: 'require' },
    credential: { user: 'orders', password: (await sallyport.ticket()).ticket },
    database: 'shop',
  }) as const;

describe('every byte that comes back is the same, but for its keys', () => {
  test.each(Object.entries(wireScripts))('%s', async (_name, script) => {
    const [expected, actual] = await Promise.all([replay(direct(), script), replay(await throughTheGateway(), script)]);
    expect(firstDifference(expected.heard, actual.heard)).toBeUndefined();
    expect(actual.isClosed).toBe(expected.isClosed);
  });

  test('the difference of one byte is found, and shown', () => {
    const heard = [Buffer.from('C\0\0\0\rSELECT 1\0'), Buffer.from('Z\0\0\0\x05I')];
    const other = [heard[0]!, Buffer.from('Z\0\0\0\x05T')];
    expect(firstDifference(heard, heard)).toBeUndefined();
    expect(firstDifference(heard, other)).toMatchObject({ at: 1, direct: [expect.stringMatching(/^Z .*I"$/)] });
    expect(firstDifference(heard, heard.slice(0, 1))).toMatchObject({ at: 1, gateway: [] });
  });
});

describe('psql hears the same bytes, and prints the same', () => {
  /** Each server in an empty schema; `\\!` and the like see the same environment but for port, user and password. */
  async function both(context: TestContext, { sql, args = [], env = {} }: PsqlScript) {
    const program = peer('psql', context);
    await twins.both('drop schema if exists d cascade; create schema d authorization app');
    const runs = (await twins.ways()).map((way) => psqlRun({ program, env: { ...way.env, ...env } }, sql, args));
    const [direct, gateway] = (await Promise.all(runs)).map(plain) as [Run, Run];
    return { direct, gateway, heard: await twins.heard() };
  }

  const plain = ({ status, stdout, stderr }: Run): Run => {
    const without = (text: string) => text.replace(/(server process with PID )\d+/g, '$1N');
    return { status, stdout: without(stdout), stderr: without(stderr) };
  };

  const settingsOf = ({ login }: Conversation) => login.filter((raw) => raw[0] === 'S'.charCodeAt(0));

  for (const [name, script] of Object.entries(psqlScripts))
    test(name, async (context) => {
      const { direct, gateway, heard } = await both(context, script);
      expect(direct.stdout.length).toBeGreaterThan(50);
      expect(gateway).toEqual(direct);
      expect(heard.direct).toHaveLength(1);
      expect(heard.gateway).toHaveLength(1);
      const [expected, actual] = [heard.direct[0]!, heard.gateway[0]!];
      expect(expected.answers.length).toBeGreaterThan(5);
      expect(firstDifference(settingsOf(expected), settingsOf(actual))).toBeUndefined();
      expect(firstDifference(expected.answers, actual.answers)).toBeUndefined();
    });

  test('a statement that Ctrl-C stops, and the next one', async (context) => {
    const program = peer('psql', context);
    const sql = "select 'now'; select pg_sleep(30); select 'alive';";
    const [direct, gateway] = await Promise.all(
      (await twins.ways()).map(({ env }) => psqlRun({ program, env, interruptAt: 'now\n(1 row)' }, sql)),
    );
    expect(direct!.stderr).toContain('canceling statement due to user request');
    expect(gateway).toEqual(direct);
    const heard = await twins.heard();
    expect(firstDifference(heard.direct[0]!.answers, heard.gateway[0]!.answers)).toBeUndefined();
  });
});

describe('what differs, and says so', () => {
  test('\\conninfo names the connection, the gateway and its TLS', async (context) => {
    const run = await psqlRun({ program: peer('psql', context), env: await sallyport.env() }, '\\conninfo');
    expect(run.stdout).toMatch(/connected to database "shop" as user "orders" on host "127.0.0.1" at port "\d+"/);
    expect(run.stdout).toMatch(/SSL connection \(protocol: TLSv1\.3/);
  });

  test('at the target a session has the gateway’s name, whatever its client calls it', async () => {
    const client = new pg.Client({ ...(await sallyport.client()), application_name: 'a name of its own' });
    client.on('error', () => undefined);
    await client.connect();
    const [own] = (await client.query<{ application_name: string }>('show application_name')).rows;
    const id = /^sallyport:([0-9a-f-]{36})$/.exec(own!.application_name)![1]!;
    await until('the session is on record by that name', () => sallyport.api('grace', 'GET', `/v1/sessions/${id}`));
    await client.query("set application_name = 'another'");
    const seen = await client.query('select application_name from pg_stat_activity where pid = pg_backend_pid()');
    expect(seen.rows).toEqual([own]);
    await client.end();
  });

  test('\\lo_import calls functions by their ids, which is refused', async (context) => {
    const run = await psqlRun({ program: peer('psql', context), env: await sallyport.env() }, '\\lo_import script.sql');
    expect(run.stderr).toContain('function calls by object id are not supported');
    expect(run.stderr).toContain('HINT:  call the function with SELECT');
  });

  test('a setting at start-up that policy must decide is refused with the way round it', async (context) => {
    const env = { ...(await sallyport.env()), PGOPTIONS: '-c search_path=other' };
    const run = await psqlRun({ program: peer('psql', context), env }, 'select 1');
    expect(run).toMatchObject({ status: 2, stdout: '' });
    expect(run.stderr).toContain('the start-up parameter "search_path" is not taken');
    expect(run.stderr).toContain('send SET search_path');
  });

  for (const sql of ["set client_encoding = 'LATIN1'", 'set standard_conforming_strings = off'])
    test(`"${sql}" is refused, and the session goes on`, async (context) => {
      const run = await psqlRun(
        { program: peer('psql', context), env: await sallyport.env() },
        `${sql}; select 'alive';`,
      );
      expect(run.stderr).toContain('keep client_encoding at UTF8 and standard_conforming_strings on');
      expect(run.stdout).toContain('alive\n');
    });
});
