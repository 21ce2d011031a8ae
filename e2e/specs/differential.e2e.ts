import { peer } from '@sallyport/testkit';
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { agentPassword, Installation } from '../testing/installation.js';
import { psqlRun, type Run } from '../testing/psql.js';
import { type PsqlScript, psqlScripts } from '../testing/psql-scripts.js';
import { replay } from '../testing/wire.js';
import { wireScripts } from '../testing/wire-scripts.js';

let sallyport: Installation;

beforeAll(async () => {
  sallyport = await Installation.start({ policy: 'allow-all' });
});
afterAll(() => sallyport?.stop());

const direct = () =>
  ({
    host: '127.0.0.1',
    port: sallyport.target.port,
    tls: { mode: 'disable' },
    credential: { user: 'app', password: agentPassword },
    database: 'shop',
  }) as const;

const directEnv = (): Record<string, string> => ({
  PATH: process.env['PATH']!,
  PGHOST: '127.0.0.1',
  PGPORT: String(sallyport.target.port),
  PGUSER: 'app',
  PGPASSWORD: agentPassword,
  PGDATABASE: 'shop',
  PGSSLMODE: 'disable',
});

const throughTheGateway = async () =>
  ({
    host: '127.0.0.1',
    port: sallyport.ports.postgres,
    tls: { mode: 'require' },
    credential: { user: 'orders', password: (await sallyport.ticket()).ticket },
    database: 'shop',
  }) as const;

describe('every message is the same, but for its keys', () => {
  test.each(Object.entries(wireScripts))('%s', async (_name, script) => {
    const [expected, actual] = await Promise.all([replay(direct(), script), replay(await throughTheGateway(), script)]);
    expect(actual).toEqual(expected);
  });
});

describe('psql prints the same', () => {
  /** Both runs begin with an empty schema, and say nothing that numbers a process, a relation or a large object. */
  async function both(
    context: TestContext,
    { sql, args = [], env = {} }: PsqlScript,
  ): Promise<{ direct: Run; gateway: Run }> {
    const program = peer('psql', context);
    const runs: Run[] = [];
    for (const way of [directEnv(), await sallyport.env()]) {
      await sallyport.target.query('drop schema if exists d cascade; create schema d authorization app');
      runs.push(plain(await psqlRun({ program, env: { ...way, ...env } }, sql, args)));
    }
    return { direct: runs[0]!, gateway: runs[1]! };
  }

  const plain = ({ status, ...said }: Run): Run => {
    const without = (text: string) =>
      text.replace(/(server process with PID )\d+/g, '$1N').replace(/\b1[6-9]\d{3}\b/g, 'OID');
    return { status, stdout: without(said.stdout), stderr: without(said.stderr) };
  };

  for (const [name, script] of Object.entries(psqlScripts))
    test(name, async (context) => {
      const { direct, gateway } = await both(context, script);
      expect(direct.stdout.length).toBeGreaterThan(50);
      expect(gateway).toEqual(direct);
    });

  test('a statement that Ctrl-C stops, and the next one', async (context) => {
    const program = peer('psql', context);
    const sql = "select 'now'; select pg_sleep(30); select 'alive';";
    const [direct, gateway] = await Promise.all(
      [directEnv(), await sallyport.env()].map((env) => psqlRun({ program, env, interruptAt: 'now\n(1 row)' }, sql)),
    );
    expect(direct!.stderr).toContain('canceling statement due to user request');
    expect(gateway).toEqual(direct);
  });
});

describe('what differs, and says so', () => {
  test('\\conninfo names the connection, the gateway and its TLS', async (context) => {
    const run = await psqlRun({ program: peer('psql', context), env: await sallyport.env() }, '\\conninfo');
    expect(run.stdout).toMatch(/connected to database "shop" as user "orders" on host "127.0.0.1" at port "\d+"/);
    expect(run.stdout).toMatch(/SSL connection \(protocol: TLSv1\.3/);
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
