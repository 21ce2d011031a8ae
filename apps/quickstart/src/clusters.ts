import { randomBytes } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { type PostgresServer, startPostgres } from '@sallyport/embedded-postgres';
import pg from 'pg';
import type { Folder } from './folder.js';
import type { Ports } from './options.js';
import { sampleSql, targetDatabase } from './sample-data.js';

export const agentRole = 'sallyport_agent';

const run = async (url: string, sql: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined); // the query reports it
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
};

/** The control plane's own database. */
export const startStore = (folder: Folder, ports: Ports, onProgress: (line: string) => void): Promise<PostgresServer> =>
  startPostgres({
    dataDir: folder.at('store'),
    port: ports.store,
    user: 'sallyport',
    password: folder.secret('store-password'),
    database: 'sallyport',
    onProgress,
  });

/**
 * The sample target. Its owner's password is new at every start and kept nowhere; the password of the agent's role is in
 * a file that only the agent is told of, so only the agent can log in.
 */
export const startTarget = async (
  folder: Folder,
  ports: Ports,
  onProgress: (line: string) => void,
): Promise<PostgresServer> => {
  const password = randomBytes(24).toString('hex');
  const server = await startPostgres({
    dataDir: folder.at('target'),
    port: ports.target,
    user: 'owner',
    password,
    database: targetDatabase,
    onProgress,
  });
  await run(server.url, sampleSql(agentRole, agentPassword(folder)));
  return server;
};

export const agentPasswordFile = (folder: Folder): string => folder.at('secrets', 'target-password-of-the-agent');

const agentPassword = (folder: Folder): string => {
  const password = folder.secret('target-password-of-the-agent');
  // without the newline at the end that `secret` writes: the file is the password
  writeFileSync(agentPasswordFile(folder), password, { mode: 0o600 });
  chmodSync(agentPasswordFile(folder), 0o600);
  return password;
};
