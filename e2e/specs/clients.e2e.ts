import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { peer } from '@sallyport/testkit';
import pg from 'pg';
import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { agentPassword, Installation, until } from '../testing/installation.js';
import { run } from '../testing/psql.js';

let sallyport: Installation;

beforeAll(async () => {
  sallyport = await Installation.start({ policy: 'allow-all', maxSessions: 100 });
});
afterAll(() => sallyport?.stop());

const emptySchema = () => sallyport.target.query('drop schema if exists d cascade; create schema d authorization app');

describe('node-postgres', () => {
  let pool: pg.Pool;
  beforeEach(async () => {
    await emptySchema();
    pool = new pg.Pool({ ...(await sallyport.client()), max: 10 });
  });
  afterEach(() => pool.end());

  test('a pool of ten works at once', async () => {
    await pool.query('create table d.t (id int primary key)');
    await Promise.all(Array.from({ length: 200 }, (_, id) => pool.query('insert into d.t values ($1)', [id])));
    expect((await pool.query('select count(*)::int as n, sum(id)::int as sum from d.t')).rows).toEqual([
      { n: 200, sum: 19_900 },
    ]);
    expect(pool.totalCount).toBe(10);
  });

  test('named prepared statements are parsed once and run often', async () => {
    const client = await pool.connect();
    const named = (id: number) =>
      client.query<{ n: number }>({ name: 'twice', text: 'select $1::int * 2 as n', values: [id] });
    for (let id = 0; id < 20; id += 1) expect((await named(id)).rows).toEqual([{ n: id * 2 }]);
    expect(
      (await client.query("select count(*)::int as n from pg_prepared_statements where name = 'twice'")).rows,
    ).toEqual([{ n: 1 }]);
    await expect(client.query({ name: 'bad', text: 'select nonsense' })).rejects.toMatchObject({
      code: '42703',
      position: '8',
    });
    expect((await client.query({ name: 'bad', text: 'select 1 as fine' })).rows).toEqual([{ fine: 1 }]);
    client.release();
  });

  test('an error in a transaction says everything, and the transaction waits for its rollback', async () => {
    const client = await pool.connect();
    await client.query('create table d.t (id int constraint positive check (id > 0))');
    await client.query('begin');
    await client.query('insert into d.t values (1)');
    await expect(client.query('insert into d.t values ($1)', [-1])).rejects.toMatchObject({
      code: '23514',
      constraint: 'positive',
      schema: 'd',
      table: 't',
      detail: 'Failing row contains (-1).',
      routine: 'ExecConstraints',
    });
    await expect(client.query('select 1')).rejects.toMatchObject({ code: '25P02' });
    await client.query('rollback');
    expect((await client.query('select count(*)::int as n from d.t')).rows).toEqual([{ n: 0 }]);
    client.release();
  });

  test('types, arrays, binary parameters, several results, a row mode of arrays, notifications', async () => {
    const client = await pool.connect();
    const heard: unknown[] = [];
    client.on('notification', ({ channel, payload }) => heard.push([channel, payload]));
    expect(
      (
        await client.query('select $1::bytea as b, $2::int[] as a, $3::jsonb as j, $4::timestamptz as t', [
          Buffer.from([0, 255]),
          [1, 2],
          { x: [null] },
          new Date(0),
        ])
      ).rows,
    ).toEqual([{ b: Buffer.from([0, 255]), a: [1, 2], j: { x: [null] }, t: new Date(0) }]);
    expect((await client.query({ text: 'select 1, 2', rowMode: 'array' })).rows).toEqual([[1, 2]]);
    await client.query("listen news; notify news, 'hello'");
    await until('the notification is there', () => heard.length > 0);
    expect(heard).toEqual([['news', 'hello']]);
    client.release();
  });
});

describe('postgres.js', () => {
  let sql: postgres.Sql;
  beforeEach(async () => {
    await emptySchema();
    const { host, port, user, password, database, ssl } = await sallyport.client();
    sql = postgres({ host, port, user, password, database, ssl, max: 5, onnotice: () => undefined });
  });
  afterEach(() => sql.end({ timeout: 5 }));

  test('a pool pipelines its queries, and keeps its prepared statements', async () => {
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) => sql<{ m: number }[]>`select ${n}::int + 1 as m`),
    );
    expect(answers.map(([row]) => row!.m)).toEqual(Array.from({ length: 200 }, (_, n) => n + 1));
  });

  test('transactions commit, roll back, and nest', async () => {
    await sql`create table d.t (id int primary key)`;
    await sql.begin(async (tx) => {
      await tx`insert into d.t values (1)`;
      await tx
        .savepoint((inner) => inner`insert into d.t values (1)`)
        .catch((error: postgres.PostgresError) => expect(error.code).toBe('23505'));
      await Promise.all([2, 3, 4].map((id) => tx`insert into d.t values (${id})`));
    });
    await expect(sql.begin((tx) => [tx`insert into d.t values (5)`, tx`select 1/0`])).rejects.toMatchObject({
      code: '22012',
    });
    expect(await sql`select array_agg(id order by id) as ids from d.t`).toEqual([{ ids: [1, 2, 3, 4] }]);
  });

  test('a cursor reads in pieces, and may stop early', async () => {
    const sizes: number[] = [];
    for await (const rows of sql`select * from generate_series(1, 250) n`.cursor(100)) sizes.push(rows.length);
    expect(sizes).toEqual([100, 100, 50]);
    let seen = 0;
    for await (const rows of sql`select * from generate_series(1, 1000) n`.cursor(10)) {
      seen += rows.length;
      if (seen >= 30) break;
    }
    expect(seen).toBe(30);
    expect(await sql`select 1 as alive`).toEqual([{ alive: 1 }]);
  });

  test('COPY streams go both ways', async () => {
    await sql`create table d.t (id int, note text)`;
    const lines = Array.from({ length: 5_000 }, (_, n) => `${n}\tnote ${n}\n`);
    await pipeline(Readable.from(lines), await sql`copy d.t from stdin`.writable());
    const back: Buffer[] = [];
    for await (const chunk of await sql`copy (select * from d.t order by id) to stdout`.readable())
      back.push(chunk as Buffer);
    expect(Buffer.concat(back).toString()).toBe(lines.join(''));
  });

  test('listens, is notified, and is told of a statement’s shape', async () => {
    const heard: string[] = [];
    const listening = await sql.listen('news', (payload) => void heard.push(payload));
    await sql.notify('news', 'hello');
    await until('the notification is there', () => heard.length > 0);
    expect(heard).toEqual(['hello']);
    await listening.unlisten();
    expect((await sql`select 1 as a, 'x' as b where ${true}`.describe()).columns.map(({ name }) => name)).toEqual([
      'a',
      'b',
    ]);
    expect(await sql.unsafe('select 1 as a; select 2 as b')).toMatchObject([[{ a: 1 }], [{ b: 2 }]]);
  });

  test('cancels what runs', async () => {
    const sleeping = sql`select pg_sleep(30)`.execute();
    await until(
      'it sleeps',
      async () =>
        (
          await sallyport.target.query(
            "select 1 from pg_stat_activity where query like '%pg_sleep(30)%' and pid <> pg_backend_pid() and state = 'active'",
          )
        ).length > 0,
    );
    sleeping.cancel();
    await expect(sleeping).rejects.toMatchObject({ code: '57014' });
    expect(await sql`select 1 as alive`).toEqual([{ alive: 1 }]);
  });
});

describe('psycopg', () => {
  test('does the same direct and through the gateway: pipelines, cursors, COPY, binary, notifications, cancel', async (context) => {
    const program = peer('psycopg', context);
    const script = fileURLToPath(new URL('../testing/psycopg_clients.py', import.meta.url));
    const direct = {
      PGHOST: '127.0.0.1',
      PGPORT: String(sallyport.target.port),
      PGUSER: 'app',
      PGPASSWORD: agentPassword,
      PGDATABASE: 'shop',
    };
    const answers = [];
    for (const env of [direct, await sallyport.env()]) {
      await emptySchema();
      const { stdout, stderr } = await run({ program, args: [script], env: { PATH: process.env['PATH']!, ...env } });
      expect(stderr).toBe('');
      answers.push(JSON.parse(stdout) as unknown[]);
    }
    expect(answers[0]!.length).toBeGreaterThan(30);
    expect(answers[1]).toEqual(answers[0]);
  });
});

describe('pgbench', () => {
  let env: Record<string, string>;
  let program: string;
  const failures = /number of failed transactions: (\d+)/;

  beforeEach(async (context) => {
    program = peer('pgbench', context);
    env = await sallyport.env();
  });

  test('fills its tables through the gateway', async () => {
    const made = await run({ program, args: ['-i', '-I', 'dtGvp', '-s', '1', '-q'], env });
    expect(made).toMatchObject({ status: 0 });
    const copied = await run({ program, args: ['-i', '-I', 'dtgp', '-s', '1', '-q'], env });
    expect(copied).toMatchObject({ status: 0 });
    expect(await sallyport.target.query('select count(*)::int as n from pgbench_accounts')).toEqual([{ n: 100_000 }]);
  });

  test.each(['simple', 'extended', 'prepared'])(
    'four clients in mode %s, none of whose transactions fails',
    async (mode) => {
      const { status, stdout, stderr } = await run({
        program,
        args: ['-n', '-M', mode, '-c', '4', '-j', '2', '-t', '40', '--failures-detailed'],
        env,
      });
      expect(stderr).not.toMatch(/error|abort/i);
      expect(status).toBe(0);
      expect(stdout).toContain('number of transactions actually processed: 160/160');
      expect(failures.exec(stdout)?.[1]).toBe('0');
    },
  );

  test('what it has counted is what the target holds', async () => {
    expect(
      await sallyport.target.query(
        'select (select sum(abalance) from pgbench_accounts) = (select sum(delta) from pgbench_history) as balanced, (select count(*)::int from pgbench_history) as n',
      ),
    ).toEqual([{ balanced: true, n: 480 }]);
  });

  test('a pipeline in its own script', async () => {
    const home = mkdtempSync(path.join(tmpdir(), 'sallyport-pgbench-'));
    const script = path.join(home, 'pipeline.sql');
    writeFileSync(
      script,
      '\\startpipeline\nselect 1;\nselect abalance from pgbench_accounts where aid = 1;\nselect 2;\n\\endpipeline\n',
    );
    const { status, stdout, stderr } = await run({
      program,
      args: ['-n', '-M', 'extended', '-c', '2', '-t', '20', '-f', script],
      env,
    });
    rmSync(home, { recursive: true });
    expect({ status, stderr: stderr.replace(/^pgbench \(.*\n/, '') }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('number of transactions actually processed: 40/40');
  });
});

describe('sallyport proxy', () => {
  test('gives every connection of a pool a ticket of its own', async (context) => {
    const home = mkdtempSync(path.join(tmpdir(), 'sallyport-proxy-'));
    const cli = fileURLToPath(new URL('../../apps/cli/dist/main.js', import.meta.url));
    const proxy = spawn(process.execPath, [cli, 'proxy', 'orders', '--port', '0', '--json'], {
      env: {
        PATH: process.env['PATH']!,
        HOME: home,
        SALLYPORT_URL: sallyport.url,
        SALLYPORT_TOKEN: await sallyport.accessToken('ada'),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const gone = once(proxy, 'exit');
    const said: string[] = [];
    for (const stream of [proxy.stdout, proxy.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => void said.push(text));
    try {
      const port = Number(
        await until('the proxy listens', () => {
          if (proxy.exitCode !== null) throw new Error(said.join(''));
          return /"port": ?(\d+)/.exec(said.join(''))?.[1];
        }),
      );
      const pool = new pg.Pool({
        host: '127.0.0.1',
        port,
        user: 'anybody',
        password: 'anything',
        database: 'shop',
        max: 10,
      });
      const pids = await Promise.all(
        Array.from({ length: 10 }, () => pool.query<{ pid: number }>('select pg_backend_pid() as pid, pg_sleep(0.3)')),
      );
      expect(new Set(pids.map(({ rows }) => rows[0]!.pid)).size).toBe(10);
      await pool.end();

      const env = {
        PATH: process.env['PATH']!,
        PGHOST: '127.0.0.1',
        PGPORT: String(port),
        PGUSER: 'anybody',
        PGDATABASE: 'shop',
      };
      const { status, stdout, stderr } = await run({
        program: peer('pgbench', context),
        args: ['-n', '-C', '-S', '-c', '2', '-t', '8', '--failures-detailed'],
        env,
      });
      expect({ status, stderr: stderr.replace(/^pgbench \(.*\n/, '') }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toContain('number of transactions actually processed: 16/16');
    } finally {
      proxy.kill('SIGTERM');
      await gone;
      rmSync(home, { recursive: true });
    }
    expect(said.join('')).not.toContain('spt_');
  });
});
