import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type PostgresOptions, type PostgresServer, startPostgres } from './index.js';
import { isAlive } from './postmaster-pid.js';

const secret = "canary'secret of the store";
let home: string;
const servers: PostgresServer[] = [];

beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'sallyport-embedded-'));
  chmodSync(home, 0o711);
});

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
  rmSync(home, { recursive: true, force: true });
});

const options = (extra: Partial<PostgresOptions> = {}): PostgresOptions => ({
  dataDir: path.join(home, 'data'),
  user: 'sallyport',
  password: secret,
  database: 'store',
  settings: { fsync: 'off', shared_buffers: '16MB' },
  ...extra,
});

const start = async (extra: Partial<PostgresOptions> = {}): Promise<PostgresServer> => {
  const server = await startPostgres(options(extra));
  servers.push(server);
  return server;
};

const startAndStop = async (): Promise<PostgresServer> => {
  const server = await start();
  await server.stop();
  return server;
};

const query = async (url: string, sql: string): Promise<unknown[]> => {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
};

/** Starts a server in a Node process of its own, and waits until it has printed its handle. */
const startElsewhere = async (): Promise<{
  parent: number;
  server: { pid: number; port: number };
  end(signal: NodeJS.Signals): Promise<void>;
}> => {
  const module = path.join(import.meta.dirname, 'dist', 'index.js');
  const script = `import { startPostgres } from ${JSON.stringify(module)};
    const server = await startPostgres(${JSON.stringify(options())});
    process.on('SIGTERM', () => process.exit(0));
    console.log(JSON.stringify({ pid: server.pid, port: server.port }));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await new Promise<string>((resolve) =>
    child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString())),
  );
  const end = (signal: NodeJS.Signals) =>
    new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.kill(signal);
    });
  return { parent: child.pid!, server: JSON.parse(line) as { pid: number; port: number }, end };
};

const gone = async (pid: number): Promise<boolean> => {
  for (let tries = 0; tries < 250 && isAlive(pid); tries += 1) await sleep(20);
  return !isAlive(pid);
};

describe('the embedded PostgreSQL', () => {
  test('is made once, and started again with its data and its superuser', async () => {
    const first = await start();
    await query(first.url, 'create table kept as select 42 as answer');
    await first.stop();
    const second = await start();
    expect(await query(second.url, 'select answer, current_database() as at from kept')).toEqual([
      { answer: 42, at: 'store' },
    ]);
    expect(second.reused).toBe(false);
  });

  test('listens on loopback only, without a Unix socket, with SCRAM and with fsync unless it is switched off', async () => {
    const { url, dataDir } = await start({ settings: { shared_buffers: '16MB' } });
    const settings = await query(
      url,
      `select name, setting from pg_settings where name in ('listen_addresses', 'unix_socket_directories', 'password_encryption', 'fsync') order by name`,
    );
    expect(settings).toEqual([
      { name: 'fsync', setting: 'on' },
      { name: 'listen_addresses', setting: '127.0.0.1' },
      { name: 'password_encryption', setting: 'scram-sha-256' },
      { name: 'unix_socket_directories', setting: '' },
    ]);
    const rules = readFileSync(path.join(dataDir, 'pg_hba.conf'), 'utf8')
      .split('\n')
      .filter((line) => /^(local|host)/.test(line));
    expect(rules.every((rule) => rule.endsWith('scram-sha-256'))).toBe(true);
  });

  test('takes the password that it is started with, and no other; none is written or on a command line', async () => {
    const first = await start();
    const wrong = first.url.replace(encodeURIComponent(secret), 'wrong');
    await expect(query(wrong, 'select 1')).rejects.toMatchObject({ code: '28P01' });
    expect(readFileSync(`/proc/${first.pid}/cmdline`, 'latin1')).not.toContain('canary');
    await first.stop();
    const second = await start({ password: 'another one' });
    expect(await query(second.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await expect(
      query(second.url.replace('another%20one', encodeURIComponent(secret)), 'select 1'),
    ).rejects.toMatchObject({ code: '28P01' });
    for (const file of ['sallyport.json', 'sallyport-owner.json', 'server.log', 'postgresql.conf']) {
      const text = readFileSync(path.join(second.dataDir, file), 'utf8');
      expect(text).not.toMatch(/canary|another one/);
    }
  });

  test('makes a database that is asked for later', async () => {
    await (await start()).stop();
    const { url } = await start({ database: 'with "quotes"' });
    expect(await query(url, 'select current_database() as at')).toEqual([{ at: 'with "quotes"' }]);
  });

  test('ends with a clean exit of its parent', async () => {
    const other = await startElsewhere();
    await other.end('SIGTERM');
    expect(await gone(other.server.pid)).toBe(true);
  });

  test('that a killed parent left behind is taken over', async () => {
    const other = await startElsewhere();
    await query(
      `postgres://sallyport:${encodeURIComponent(secret)}@127.0.0.1:${other.server.port}/store`,
      'create table kept as select 1 as one',
    );
    await other.end('SIGKILL');
    expect(isAlive(other.server.pid)).toBe(true);
    const mine = await start();
    expect(mine).toMatchObject({ reused: true, pid: other.server.pid, port: other.server.port });
    expect(await query(mine.url, 'select one from kept')).toEqual([{ one: 1 }]);
    await mine.stop();
    expect(await gone(mine.pid)).toBe(true);
  });

  test('that was left behind with other settings is stopped and started afresh', async () => {
    const other = await startElsewhere();
    await other.end('SIGKILL');
    const said: string[] = [];
    const mine = await start({
      settings: { fsync: 'off', shared_buffers: '24MB' },
      onProgress: (line) => said.push(line),
    });
    expect(mine.reused).toBe(false);
    expect(said.join('\n')).toContain(`process ${other.server.pid}`);
    expect(await query(mine.url, 'show shared_buffers')).toEqual([{ shared_buffers: '24MB' }]);
  });

  test('is not shared with a parent that still lives', async () => {
    const other = await startElsewhere();
    try {
      await expect(startPostgres(options())).rejects.toMatchObject({
        code: 'IN_USE',
        hint: `stop that process first: kill ${other.parent}`,
      });
    } finally {
      await other.end('SIGTERM');
      await gone(other.server.pid);
    }
  });

  test('starts over a pid file whose number belongs to nobody, or to another process by now', async () => {
    for (const pid of [process.pid, 999_999]) {
      const { dataDir, port } = await startAndStop();
      writeFileSync(path.join(dataDir, 'postmaster.pid'), `${pid}\n${dataDir}\n1\n${port}\n\n127.0.0.1\n\nready\n`);
      const again = await start();
      expect(again.reused).toBe(false);
      await again.stop();
    }
  });

  test('names a port that is in use', async () => {
    const taken = createServer();
    const port = await new Promise<number>((resolve) =>
      taken.listen(0, '127.0.0.1', () => resolve((taken.address() as { port: number }).port)),
    );
    try {
      await expect(startPostgres(options({ port }))).rejects.toMatchObject({
        code: 'PORT_IN_USE',
        message: `port ${port} on 127.0.0.1 is in use`,
      });
    } finally {
      taken.close();
    }
  });

  test('leaves a directory alone that it did not make', async () => {
    mkdirSync(path.join(home, 'data'));
    writeFileSync(path.join(home, 'data', 'thesis.txt'), 'precious');
    await expect(startPostgres(options())).rejects.toMatchObject({ code: 'INCOMPATIBLE_DATA' });
    expect(readFileSync(path.join(home, 'data', 'thesis.txt'), 'utf8')).toBe('precious');
  });

  test('is gone with its directory when an ephemeral one is stopped', async () => {
    const server = await start({ ephemeral: true });
    await server.stop();
    expect(existsSync(server.dataDir)).toBe(false);
  });

  test.skipIf(process.getuid?.() !== 0)(
    'run by root moves its data out of a directory that its user may not enter',
    async () => {
      const closed = path.join(home, 'closed');
      mkdirSync(closed, { mode: 0o700 });
      const said: string[] = [];
      const server = await start({
        dataDir: path.join(closed, 'data'),
        onProgress: (line) => said.push(line),
        ephemeral: true,
      });
      expect(server.dataDir).toMatch(/^\/var\/lib\/sallyport\/data-/);
      expect(said.join('\n')).toContain(server.dataDir);
      expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    },
  );
});
