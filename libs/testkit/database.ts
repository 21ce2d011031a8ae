import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type PostgresServer, startPostgres } from '@sallyport/embedded-postgres';
import pg from 'pg';

export interface TestDatabase extends AsyncDisposable {
  /** As the cluster's superuser. */
  readonly url: string;
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Runs SQL on a connection of its own; several statements are one string. */
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(sql: string, parameters?: unknown[]): Promise<Row[]>;
  /** Another database in the same cluster, empty or copied from this one. @returns its URL */
  createDatabase(name: string, options?: { readonly template?: string }): Promise<string>;
  /** Stops the server without removing its data; `start` brings it back on the same port (faults). */
  pause(): Promise<void>;
  resume(): Promise<void>;
  stop(): Promise<void>;
}

export interface TestDatabaseOptions {
  readonly database?: string;
  /** Run once the server is up. */
  readonly sql?: string;
  readonly settings?: Readonly<Record<string, string>>;
  /** It waits for the disk, as PostgreSQL does by itself, and `alter system` can change that. */
  readonly durable?: boolean;
  /** A fixed port, for tests that start the server again. */
  readonly port?: number;
}

const user = 'sallyport_test';
const quick = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  shared_buffers: '16MB',
  max_wal_size: '256MB',
};

const queryAt = async <Row extends pg.QueryResultRow>(
  url: string,
  sql: string,
  parameters?: unknown[],
): Promise<Row[]> => {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined); // a server that is stopped under the client is reported by the query
  await client.connect();
  try {
    const result: pg.QueryResult<Row> | pg.QueryResult<Row>[] = await client.query<Row>(sql, parameters);
    return Array.isArray(result) ? ((result as pg.QueryResult<Row>[]).at(-1)?.rows ?? []) : result.rows;
  } finally {
    await client.end();
  }
};

/**
 * A fresh PostgreSQL 18 on a free loopback port, with data that does not wait for the disk. It is gone with `stop`
 * (or `await using`), and also when the test process is killed.
 */
export const testDatabase = async (options: TestDatabaseOptions = {}): Promise<TestDatabase> => {
  const { database = 'test', sql, settings = {}, durable = false } = options;
  const home = mkdtempSync(path.join(tmpdir(), 'sallyport-test-'));
  const password = randomBytes(12).toString('hex');
  const start = (port: number): Promise<PostgresServer> =>
    startPostgres({
      dataDir: home,
      port,
      user,
      password,
      database,
      settings: { ...(durable ? {} : quick), ...settings },
      ephemeral: true,
    });
  let server = await start(options.port ?? 0);
  const { port, url } = server;
  const urlOf = (name: string) => Object.assign(new URL(url), { pathname: `/${encodeURIComponent(name)}` }).href;
  const query: TestDatabase['query'] = (text, parameters) => queryAt(url, text, parameters);
  const stop = async () => {
    await server.stop();
    rmSync(home, { recursive: true, force: true });
  };
  if (sql) await query(sql);
  return {
    url,
    host: '127.0.0.1',
    port,
    user,
    password,
    database,
    query,
    createDatabase: async (name, { template } = {}) => {
      await queryAt(urlOf('postgres'), `create database "${name}"${template ? ` template "${template}"` : ''}`);
      return urlOf(name);
    },
    pause: () => server.stop({ keepData: true }),
    resume: async () => {
      server = await start(port);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
};
