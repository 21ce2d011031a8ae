import type { ClientEnvironment, Place } from '../environment.js';
import { postgresEnvironment } from '../postgres-environment.js';
import { caFile, type Ticket } from '../ticket.js';
import type { CallDirectory } from './call-directory.js';
import { defaultOf } from './default-connection.js';

/** A section of a service file (PostgreSQL 18, 32.17). What stands in it goes before the environment, the password too. */
const service = (ticket: Ticket, env: NodeJS.ProcessEnv): string => {
  const { host, port, databases } = ticket.endpoint;
  const [database] = databases;
  return [
    `[${ticket.connection}]`,
    `host=${host}`,
    `port=${port}`,
    `user=${ticket.connection}`,
    `password=${ticket.ticket}`,
    ...(database ? [`dbname=${database}`] : []),
    'sslmode=verify-full',
    `sslrootcert=${caFile(ticket, env)}`,
    '',
  ].join('\n');
};

/** Of a person's own, or of another connection: they would go before what a client was told by a service's name. */
const detours = [
  'PGHOSTADDR',
  'PGSERVICE',
  'PGREQUIRESSL',
  'PGSSLCERT',
  'PGSSLKEY',
  'PGREQUIREAUTH',
  'PGCHANNELBINDING',
  'PGSSLNEGOTIATION',
  'PGGSSENCMODE',
];

export const postgresCallEnvironment = (
  tickets: readonly Ticket[],
  directory: CallDirectory,
  { world: { env } }: Place,
): ClientEnvironment => {
  const PGSERVICEFILE = directory.write('pg_service.conf', tickets.map((ticket) => service(ticket, env)).join('\n'));
  const chosen = defaultOf(tickets, env['SALLYPORT_POSTGRES']);
  if (!chosen?.endpoint.databases.length) return { set: { PGSERVICEFILE }, unset: detours };
  return { set: { PGSERVICEFILE, ...postgresEnvironment(chosen, undefined, env).set }, unset: detours };
};
