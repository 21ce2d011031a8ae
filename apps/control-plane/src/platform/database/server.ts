import { join } from 'node:path';
import { GatewayError } from '@sallyport/core';
import type { Configuration } from '../config.js';
import { embeddedPassword } from './embedded-password.js';
import { migrate } from './migrate.js';
import { DatabaseServer } from './tokens.js';

/**
 * The configured PostgreSQL, or the embedded one under the data folder, migrated and ready.
 * @throws GatewayError INTERNAL with the cause when it cannot be reached or migrated
 */
export async function openDatabaseServer(configuration: Configuration): Promise<DatabaseServer> {
  const server = await locate(configuration);
  try {
    await migrate(server.url);
    return server;
  } catch (cause) {
    await server.stop();
    throw new GatewayError('INTERNAL', 'the database is not ready', {
      cause,
      hint: 'check that DATABASE_URL is reachable and that its role may create roles and tables',
    });
  }
}

async function locate({ database, dataDir }: Configuration): Promise<DatabaseServer> {
  if (database.url !== undefined) return new DatabaseServer(database.url, () => Promise.resolve());
  const { startPostgres } = await import('@sallyport/embedded-postgres');
  const embedded = await startPostgres({
    dataDir: join(dataDir, 'postgres'),
    ...(database.embeddedPort === 0 ? {} : { port: database.embeddedPort }),
    user: 'sallyport',
    password: embeddedPassword(dataDir),
    database: 'sallyport',
  });
  return new DatabaseServer(embedded.url, () => embedded.stop());
}
