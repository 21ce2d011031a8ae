import { createHash } from 'node:crypto';
import path from 'node:path';
import { GatewayError } from '@sallyport/core';
import type { Api } from './api.js';
import { configDirectory, readIfThere, writePrivate } from './config-directory.js';
import { without } from './options.js';

export interface Ticket {
  readonly id: string;
  readonly ticket: string;
  readonly expires_at: string;
  readonly connection: string;
  readonly protocol: string;
  readonly endpoint: {
    readonly host: string;
    readonly port: number;
    readonly databases: readonly string[];
    readonly ca_certificate: string;
  };
}

/** What an AI client says of itself; claims, recorded as such. */
export interface TurnOptions {
  readonly aiSession?: string;
  readonly turn?: string;
  readonly toolCall?: string;
  readonly ttl?: number;
}

export const newTicket = (
  api: Api,
  connection: string,
  { aiSession, turn, toolCall, ttl }: TurnOptions = {},
): Promise<Ticket> =>
  api.send<Ticket>('POST', '/v1/tickets', {
    connection,
    ...without({ ai_session: aiSession, turn, tool_call: toolCall, ttl_seconds: ttl }),
  });

/** @throws AGENT_OFFLINE where the gateway does not listen for this protocol */
export const caOf = ({ endpoint, protocol }: Ticket): string => {
  if (endpoint.ca_certificate) return endpoint.ca_certificate;
  throw new GatewayError('TARGET_UNREACHABLE', `the gateway does not listen for the protocol "${protocol}"`, {
    hint: 'ask an administrator to look at the control plane’s log',
  });
};

/** Keeps the gateway's CA certificate for libpq, which wants a file. @returns its path, which never changes its content */
export const caFile = (ticket: Ticket, env: NodeJS.ProcessEnv): string => {
  const certificate = caOf(ticket);
  const file = path.join(
    configDirectory(env),
    `ca-${createHash('sha256').update(certificate).digest('hex').slice(0, 32)}.pem`,
  );
  if (readIfThere(file) !== certificate) writePrivate(file, certificate);
  return file;
};

/** The environment by which libpq, and most drivers, find the gateway (PostgreSQL 18, 32.15). */
export const environmentOf = (
  ticket: Ticket,
  database: string | undefined,
  env: NodeJS.ProcessEnv,
): Record<string, string> => {
  if (ticket.protocol !== 'postgres')
    throw new GatewayError(
      'UNSUPPORTED',
      `connections of the protocol "${ticket.protocol}" are not supported by this version`,
      { hint: 'use a newer sallyport' },
    );
  return {
    PGHOST: ticket.endpoint.host,
    PGPORT: String(ticket.endpoint.port),
    PGUSER: ticket.connection,
    PGPASSWORD: ticket.ticket,
    PGDATABASE: databaseOf(ticket, database),
    PGSSLMODE: 'verify-full',
    PGSSLROOTCERT: caFile(ticket, env),
  };
};

export const databaseOf = ({ endpoint, connection }: Ticket, wanted: string | undefined): string => {
  const database = wanted ?? endpoint.databases[0];
  if (database) return database;
  throw new GatewayError('INVALID_INPUT', `the connection "${connection}" names no database`, {
    hint: 'choose one with --database',
  });
};
