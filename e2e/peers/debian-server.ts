import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestDatabase, TestDatabaseOptions } from '@sallyport/testkit';
import pg from 'pg';

/** Debian's server, the one that its source package belongs to. */
export const serverVersion = 15;
const programs = `/usr/lib/postgresql/${serverVersion}/bin`;
const superuser = 'sallyport_test';

/** The server refuses to run as root. */
function identity(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

function initialise(home: string, password: string): void {
  const file = path.join(home, 'password');
  writeFileSync(file, password);
  const { uid, gid } = identity();
  for (const each of [home, file]) if (uid !== undefined && gid !== undefined) chownSync(each, uid, gid);
  const made = spawnSync(
    path.join(programs, 'initdb'),
    [
      '-D',
      path.join(home, 'data'),
      '-U',
      superuser,
      '--pwfile',
      file,
      '-A',
      'scram-sha-256',
      '-E',
      'UTF8',
      '-N',
      '--no-locale',
    ],
    { ...identity(), cwd: home, encoding: 'utf8', env: { PATH: process.env['PATH'] } },
  );
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`);
}

function launch(home: string, port: number, settings: Readonly<Record<string, string>>): ChildProcess {
  const log = openSync(path.join(home, 'server.log'), 'w');
  const all = { fsync: 'off', listen_addresses: '127.0.0.1', unix_socket_directories: '', ...settings };
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return spawn(path.join(programs, 'postgres'), ['-D', path.join(home, 'data'), '-p', String(port), ...flags], {
    ...identity(),
    cwd: home,
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
    stdio: ['ignore', log, log],
  });
}

const queryAt = async <Row extends pg.QueryResultRow>(url: string, sql: string, parameters?: unknown[]) => {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const result: pg.QueryResult<Row> | pg.QueryResult<Row>[] = await client.query<Row>(sql, parameters);
    return Array.isArray(result) ? ((result as pg.QueryResult<Row>[]).at(-1)?.rows ?? []) : result.rows;
  } finally {
    await client.end();
  }
};

async function answering(url: string, server: ChildProcess): Promise<void> {
  for (const end = Date.now() + 30_000; Date.now() < end; await sleep(50)) {
    if (server.exitCode !== null) throw new Error(`postgres ended with status ${server.exitCode}`);
    if (
      await queryAt(url, 'select 1').then(
        () => true,
        () => false,
      )
    )
      return;
  }
  throw new Error('postgres did not answer');
}

/** A fresh cluster of it on a free port; as `testDatabase`, with which it is interchangeable. */
export async function debianServer({
  database = 'test',
  sql,
  settings = {},
}: TestDatabaseOptions): Promise<TestDatabase> {
  const home = mkdtempSync(path.join(tmpdir(), 'sallyport-debian-'));
  chmodSync(home, 0o755);
  const password = randomBytes(12).toString('hex');
  initialise(home, password);
  const port = await freePort();
  const urlOf = (name: string) => `postgres://${superuser}:${password}@127.0.0.1:${port}/${name}`;
  let server = launch(home, port, settings);
  await answering(urlOf('postgres'), server);
  await queryAt(urlOf('postgres'), `create database "${database}"`);
  if (sql) await queryAt(urlOf(database), sql);

  const pause = async () => {
    const gone = once(server, 'exit');
    server.kill('SIGINT');
    await gone;
  };
  const stop = async () => {
    await pause();
    rmSync(home, { recursive: true, force: true });
  };
  return {
    url: urlOf(database),
    host: '127.0.0.1',
    port,
    user: superuser,
    password,
    database,
    query: (text, parameters) => queryAt(urlOf(database), text, parameters),
    createDatabase: async (name, { template } = {}) => {
      await queryAt(urlOf('postgres'), `create database "${name}"${template ? ` template "${template}"` : ''}`);
      return urlOf(name);
    },
    pause,
    resume: async () => {
      server = launch(home, port, settings);
      await answering(urlOf('postgres'), server);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
