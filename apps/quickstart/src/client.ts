import pg from 'pg';
import type { Gate } from './gate.js';
import { connection } from './setup.js';

interface Ticket {
  readonly ticket: string;
  readonly connection: string;
  readonly endpoint: {
    readonly host: string;
    readonly port: number;
    readonly databases: readonly string[];
    readonly ca_certificate: string;
  };
}

/** Logs in to the gate as any PostgreSQL client would: a fresh ticket is the password, and the certificate is checked. */
export const connect = async (gate: Gate, onNotice: (text: string) => void = () => undefined): Promise<pg.Client> => {
  const { ticket, endpoint } = await gate.post<Ticket>('/v1/tickets', { connection, ai_session: 'quickstart' });
  const client = new pg.Client({
    host: endpoint.host,
    port: endpoint.port,
    user: connection,
    password: ticket,
    database: endpoint.databases[0]!,
    ssl: { ca: endpoint.ca_certificate, rejectUnauthorized: true, host: endpoint.host },
    connectionTimeoutMillis: 20_000,
    application_name: 'quickstart',
  });
  client.on('error', () => undefined); // the query that was running reports it
  client.on('notice', ({ message }) => onNotice(message ?? ''));
  await client.connect();
  return client;
};

/** @returns the error, which a refused statement is for */
export const refusalOf = async (query: Promise<unknown>): Promise<pg.DatabaseError> => {
  try {
    await query;
  } catch (error) {
    if (error instanceof pg.DatabaseError) return error;
    throw error;
  }
  throw new Error('the statement ran, and should have been refused');
};
