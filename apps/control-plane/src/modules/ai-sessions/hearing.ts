/** Where a message belongs that model traffic shows, and what that changes: state in, changes out. */
import type { OperationId } from '@sallyport/core';
import type { TurnMessageKind, TurnOrigin } from './ai-session-rows.js';
import { type KnownMessage, kindOf, placeMessage } from './message-placing.js';

/** Of a turn's messages, those that a new one is compared with: the last ones. */
export const recentMessages = 8;

export interface KnownTurn {
  readonly id: string;
  readonly clientTurn: string;
  /** By the client. */
  readonly named: boolean;
  readonly parent: string | null;
  readonly ended: boolean;
  readonly lastRequest: OperationId | null;
  /** In their order. */
  readonly messages: readonly KnownMessage[];
  /** Has the model called a tool in it whose result has not come back? */
  readonly waits: boolean;
  /** Has a tool been called since its last message? */
  readonly answered: boolean;
}

/** An AI session at one version of its row. */
export interface KnownSession {
  readonly id: string;
  readonly version: string;
  /** The one that was looked for by the client's name for it, else the one that goes on. */
  readonly turn?: KnownTurn;
  /** For the next turn that no client names. */
  readonly nextName: number;
}

export interface Heard {
  readonly at: Date;
  readonly text: string;
  readonly hmac: Buffer;
  readonly origin: TurnOrigin;
  /** The client's id of the turn. */
  readonly clientTurn?: string;
  /** The request to the model that it came in. */
  readonly request?: OperationId;
  /** The turn whose tool call a notification is about. */
  readonly parent?: string;
}

export interface Hearing {
  /** Afterwards. */
  readonly turn: KnownTurn;
  readonly begins: boolean;
  /** It goes on although its end was told. */
  readonly reopens: boolean;
  /** Numbers of messages that another witness has told, too, by now. */
  readonly confirms: readonly number[];
  readonly message?: { readonly seq: number; readonly kind: TurnMessageKind; readonly expands: number | null };
}

/** @param newId of a turn that begins; used only then */
export function hear(known: KnownSession | undefined, heard: Heard, newId: string): Hearing {
  const goesOn = known?.turn !== undefined && belongsTo(known.turn, heard) ? known.turn : undefined;
  const turn = goesOn ?? beginning(known, heard, newId);
  const placing = placeMessage(turn.messages, { source: 'model', hmac: heard.hmac, text: heard.text });
  const placed = { begins: goesOn === undefined, reopens: turn.ended };
  const after = { ...turn, ended: false, lastRequest: heard.request ?? turn.lastRequest };
  if (placing.as === 'repeat') return { ...placed, turn: after, confirms: [] };
  if (placing.as === 'confirmation')
    return { ...placed, turn: confirmed(after, placing.seq, heard.at), confirms: [placing.seq] };
  const seq = (turn.messages.at(-1)?.seq ?? 0) + 1;
  const { expands } = placing;
  const message = { seq, kind: kindOf(seq, heard.origin, expands), expands: expands ?? null };
  const before = expands === undefined ? after : confirmed(after, expands, heard.at);
  const added = { seq, source: 'model', text_hmac: heard.hmac, confirmed_at: null } as const;
  return {
    ...placed,
    turn: { ...before, answered: false, messages: [...before.messages, added].slice(-recentMessages) },
    confirms: expands === undefined ? [] : [expands],
    message,
  };
}

function belongsTo(turn: KnownTurn, { clientTurn, request, hmac }: Heard): boolean {
  if (clientTurn !== undefined) return turn.clientTurn === clientTurn;
  if (turn.named) return true; // a hook has told which turn it is
  // What comes with the result of a tool belongs to the same turn; what the last message said is the request sent again.
  const isAgain = turn.messages.at(-1)?.text_hmac.equals(hmac) === true && !turn.answered;
  return (request !== undefined && turn.lastRequest === request) || turn.waits || isAgain;
}

const beginning = (known: KnownSession | undefined, { clientTurn, parent }: Heard, id: string): KnownTurn => ({
  id,
  clientTurn: clientTurn ?? `m:${known?.nextName ?? 1}`,
  named: clientTurn !== undefined,
  parent: parent ?? null,
  ended: false,
  lastRequest: null,
  messages: [],
  waits: false,
  answered: false,
});

const confirmed = (turn: KnownTurn, number: number, at: Date): KnownTurn => ({
  ...turn,
  messages: turn.messages.map((one) => {
    if (one.seq !== number) return one;
    const { text: _opened, ...rest } = one; // nothing is compared with it any more
    return { ...rest, confirmed_at: one.confirmed_at ?? at };
  }),
});

/** What is known of the session once that was written. */
export function knownAfter(
  { id, version }: Pick<KnownSession, 'id' | 'version'>,
  { turn, begins }: Hearing,
  nextName = 1,
): KnownSession {
  return { id, version, turn, nextName: begins ? Math.max(nextName, numberIn(turn.clientTurn) + 1) : nextName };
}

/** A client may use names of the gateway's kind, too. */
const numberIn = (clientTurn: string): number => Number(/^m:([0-9]{1,9})$/.exec(clientTurn)?.[1] ?? 0);
