import type { ClientEnvironment } from './environment.js';
import { caFile, databaseOf, type Ticket } from './ticket.js';

export interface PostgresOptions {
  readonly database?: string;
}

/** The environment by which libpq, and most drivers, find the gateway (PostgreSQL 18, 32.15). */
export const postgresEnvironment = (
  ticket: Ticket,
  database: string | undefined,
  env: NodeJS.ProcessEnv,
): ClientEnvironment => ({
  set: {
    PGHOST: ticket.endpoint.host,
    PGPORT: String(ticket.endpoint.port),
    PGUSER: ticket.connection,
    PGPASSWORD: ticket.ticket,
    PGDATABASE: databaseOf(ticket, database),
    PGSSLMODE: 'verify-full',
    PGSSLROOTCERT: caFile(ticket, env),
  },
  unset: [],
});
