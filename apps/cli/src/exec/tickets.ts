import { GatewayError } from '@sallyport/core';
import type { Api } from '../api.js';
import { without } from '../options.js';
import type { Ticket } from '../ticket.js';
import type { CallDirectory } from './call-directory.js';
import type { Call } from './caller.js';

/** What the control plane answers to a tool call. */
export interface Issued {
  readonly assurance: string;
  readonly turn: string | null;
  readonly tool_call: string | null;
  /** Whether another call of the same text was under way. */
  readonly ambiguous: boolean;
  readonly tickets: readonly Ticket[];
}

/** @param connections those that are wanted; every one that the person may use when left out */
export const ticketsFor = (api: Api, call: Call, connections?: readonly string[]): Promise<Issued> =>
  api.send<Issued>('POST', '/v1/exec-tickets', {
    client: call.client,
    ai_session: call.aiSession,
    command: call.command,
    ...without({ tool_call: call.toolCall, traceparent: call.traceparent, connections }),
  });

/** @throws TIMED_OUT where the work is not done by then; the work itself goes on, and whoever started it may wait for it */
export const within = async <T>(milliseconds: number, work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new GatewayError('TIMED_OUT', `the control plane did not answer within ${milliseconds} ms`);
    timer = setTimeout(() => reject(error), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
};

// More than the margin before the end at which a client is told to ask again.
const freshMs = 90_000;

/** A tool call's ticket for one connection: the one that it has while that lasts, else a new one for the same call. */
export const ticketOfCall = async (directory: CallDirectory, connection: string, api: Api): Promise<Ticket> => {
  const kept = directory.ticket(connection);
  if (kept && Date.parse(kept.expires_at) - Date.now() > freshMs) return kept;
  const { tickets } = await ticketsFor(api, directory.call, [connection]);
  const fresh = tickets.find((ticket) => ticket.connection === connection);
  if (!fresh) throw new GatewayError('CONNECTION_NOT_FOUND', `there is no ticket for "${connection}" any more`);
  directory.keepTicket(fresh);
  return fresh;
};
