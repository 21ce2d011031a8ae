import { turnVariables } from '../aws/variables.js';
import type { ClientEnvironment, Place } from '../environment.js';
import { without } from '../options.js';
import type { Ticket } from '../ticket.js';
import { awsCallEnvironment } from './aws.js';
import type { CallDirectory } from './call-directory.js';
import { type Call, marked } from './caller.js';
import { postgresCallEnvironment } from './postgres.js';
import type { Issued } from './tickets.js';

/** What a protocol's tickets are to a shell. A model's is none of its business: that one the AI client itself has. */
const kinds: Readonly<
  Record<string, (tickets: readonly Ticket[], directory: CallDirectory, place: Place) => ClientEnvironment>
> = { postgres: postgresCallEnvironment, aws: awsCallEnvironment };

// As the control plane names connections. It becomes a section of files that other programs read.
const nameable = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** The environment of one tool call, by the tickets that were issued for it. */
export const callEnvironment = (
  call: Call,
  { tickets, turn, tool_call }: Issued,
  directory: CallDirectory,
  place: Place,
): ClientEnvironment => {
  directory.keepCall(call);
  const made = Object.entries(kinds).flatMap(([protocol, environment]) => {
    const usable = tickets.filter((ticket) => ticket.protocol === protocol && nameable.test(ticket.connection));
    return usable.length ? [environment(usable, directory, place)] : [];
  });
  const turnOptions = without({
    aiClient: call.client,
    aiSession: call.aiSession,
    turn: turn ?? undefined,
    toolCall: tool_call ?? undefined,
  });
  const set = Object.assign({}, ...made.map((each) => each.set), turnVariables(turnOptions)) as Record<string, string>;
  return { set: { ...marked(call, set) }, unset: made.flatMap(({ unset }) => unset).filter((name) => !(name in set)) };
};
