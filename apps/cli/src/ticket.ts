import { GatewayError } from '@sallyport/core';
import type { Api } from './api.js';
import { keep } from './config-directory.js';
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
  /** Of an AWS connection: what signs its calls; the ticket itself is the session token. */
  readonly aws?: {
    readonly access_key_id: string;
    readonly secret_access_key: string;
    readonly region: string | null;
  };
}

/** What an AI client says of itself; claims, recorded as such. */
export interface TurnOptions {
  readonly aiClient?: string;
  readonly aiSession?: string;
  readonly turn?: string;
  readonly toolCall?: string;
  readonly ttl?: number;
}

export const newTicket = (
  api: Api,
  connection: string,
  { aiClient, aiSession, turn, toolCall, ttl }: TurnOptions = {},
): Promise<Ticket> =>
  api.send<Ticket>('POST', '/v1/tickets', {
    connection,
    ...without({ ai_client: aiClient, ai_session: aiSession, turn, tool_call: toolCall, ttl_seconds: ttl }),
  });

/** Which command a person wants instead; for protocols that have one of their own. */
const commandFor: Readonly<Record<string, string>> = {
  postgres: 'sallyport psql',
  aws: 'sallyport aws',
  anthropic: 'sallyport connect',
  openai: 'sallyport connect',
};

/** @throws INVALID_INPUT where the connection is another protocol's */
export const assertSpeaks = (protocol: string, { connection, protocol: spoken }: Ticket): void => {
  if (spoken === protocol) return;
  const instead = commandFor[spoken];
  throw new GatewayError('INVALID_INPUT', `"${connection}" is a connection of the protocol "${spoken}"`, {
    hint: instead ? `use: ${instead} ${connection}` : 'use a newer sallyport',
  });
};

/** @throws TARGET_UNREACHABLE where the gateway does not listen for this protocol */
export const caOf = ({ endpoint, protocol }: Ticket): string => {
  if (endpoint.ca_certificate) return endpoint.ca_certificate;
  throw new GatewayError('TARGET_UNREACHABLE', `the gateway does not listen for the protocol "${protocol}"`, {
    hint: 'ask an administrator to look at the control plane’s log',
  });
};

/** Keeps the gateway's CA certificate for clients, which want a file. @returns its path, which never changes its content */
export const caFile = (ticket: Ticket, env: NodeJS.ProcessEnv): string => keep(env, 'ca-', caOf(ticket), '.pem');

export const databaseOf = ({ endpoint, connection }: Ticket, wanted: string | undefined): string => {
  const database = wanted ?? endpoint.databases[0];
  if (database) return database;
  throw new GatewayError('INVALID_INPUT', `the connection "${connection}" names no database`, {
    hint: 'choose one with --database',
  });
};
