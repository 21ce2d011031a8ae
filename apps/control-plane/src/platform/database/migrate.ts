import pg from 'pg';
import { DataSource, type Logger } from 'typeorm';
import { migrations } from '../../migrations/index.js';
import { clientOptions } from './connection-options.js';

/** Of this product's migrations; any number that nobody else takes in this database. */
const migrationLock = 7_402_911_005_113;
const lockWaitMs = 120_000;

// What fails is thrown and told once, by whoever starts the control plane; TypeORM's own lines would go to stdout.
const nothing = (): void => undefined;
const quiet: Logger = {
  logQuery: nothing,
  logQueryError: nothing,
  logQuerySlow: nothing,
  logSchemaBuild: nothing,
  logMigration: nothing,
  log: nothing,
};

/**
 * Brings the schema up to date, one replica at a time: the others wait, then find nothing to do.
 * @throws when the lock is not had within two minutes, or a migration fails (it is rolled back)
 */
export async function migrate(url: string): Promise<void> {
  const lock = new pg.Client({ ...clientOptions(url), query_timeout: lockWaitMs + 5000 });
  lock.on('error', () => undefined); // the migration's own connection reports it
  await lock.connect();
  try {
    await lock.query(`set statement_timeout = ${lockWaitMs}; set lock_timeout = ${lockWaitMs}`);
    await lock.query('select pg_advisory_lock($1)', [migrationLock]);
    await runMigrations(url);
  } finally {
    await lock.end(); // releases the lock
  }
}

async function runMigrations(url: string): Promise<void> {
  const { options, connectionTimeoutMillis } = clientOptions(url);
  const source = new DataSource({
    type: 'postgres',
    url,
    migrations,
    migrationsTransactionMode: 'each',
    installExtensions: false,
    logger: quiet,
    extra: { max: 2, options, connectionTimeoutMillis },
  });
  await source.initialize();
  try {
    await source.runMigrations();
  } finally {
    await source.destroy();
  }
}
