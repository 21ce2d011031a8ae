/** Puts operations at their places in a turn. Pure. */
import type { ToolCallRow } from '../ai-sessions/ai-session-rows.js';
import type { LinkedOperation, ToldTurn } from './trace-rows.js';

export const isModelRequest = ({ action }: LinkedOperation): boolean => action === 'model.request';
const isModels = ({ action }: LinkedOperation): boolean => action?.startsWith('model.') === true;

export interface Placed {
  readonly byCall: ReadonlyMap<string, readonly LinkedOperation[]>;
  readonly byTurn: ReadonlyMap<string, readonly LinkedOperation[]>;
  readonly elsewhere: readonly LinkedOperation[];
}

/**
 * By its ticket's tool call; else by the turn that it or its ticket names; of what the model was asked and has answered also
 * by the calls that it has proposed, and by time: a client asks its model within the turn that goes on.
 */
export function placed(
  operations: readonly LinkedOperation[],
  turns: readonly ToldTurn[],
  calls: readonly ToolCallRow[],
): Placed {
  const byCall = new Map<string, LinkedOperation[]>();
  const byTurn = new Map<string, LinkedOperation[]>();
  const elsewhere: LinkedOperation[] = [];
  const known = new Set(calls.map(({ id }) => id));
  const named = new Map(turns.map((turn) => [turn.client_turn, turn.id]));
  const proposing = new Map(calls.flatMap((call) => proposal(call)));
  const asked = new Map(calls.map((call) => [call.tool_use_id, call.id]));
  for (const operation of operations) {
    const call = callOf(operation, asked) ?? '';
    const turn = turnOf(operation, { named, proposing, turns });
    if (known.has(call)) add(byCall, call, operation);
    else if (turn !== undefined) add(byTurn, turn, operation);
    else elsewhere.push(operation);
  }
  return { byCall, byTurn, elsewhere };
}

/** The decision about a tool call of the model is part of that call. */
const callOf = (operation: LinkedOperation, asked: ReadonlyMap<string, string>): string | undefined =>
  operation.action === 'model.tool_call' && operation.tool_call !== null
    ? asked.get(operation.tool_call)
    : (operation.call_id ?? undefined);

const proposal = ({ proposed_operation, turn_id }: ToolCallRow): [string, string][] =>
  proposed_operation === null ? [] : [[proposed_operation, turn_id]];

interface Places {
  readonly named: ReadonlyMap<string, string>;
  readonly proposing: ReadonlyMap<string, string>;
  readonly turns: readonly ToldTurn[];
}

function turnOf(operation: LinkedOperation, { named, proposing, turns }: Places): string | undefined {
  const name = operation.turn ?? operation.ticket_turn;
  if (name !== null && named.has(name)) return named.get(name);
  if (!isModels(operation)) return undefined;
  return proposing.get(operation.id) ?? atTime(operation.at, turns);
}

/** A request to the model comes a moment before what it brings is told: so much early still counts. */
export const earlyMs = 2_000;

/** Of a hook the client hears before it asks the model: what came earlier is of the turn before. */
const earliest = ({ started_at, told_by }: ToldTurn): number =>
  started_at.getTime() - (told_by === 'hook' ? 0 : earlyMs);

const atTime = (at: Date | null, turns: readonly ToldTurn[]): string | undefined =>
  at === null ? undefined : turns.findLast((turn) => earliest(turn) <= at.getTime())?.id;

const add = (map: Map<string, LinkedOperation[]>, key: string, operation: LinkedOperation): void => {
  const all = map.get(key);
  if (all === undefined) map.set(key, [operation]);
  else all.push(operation);
};
