/** Calls that are decided and whose events are on their way to the client. */
import { itemsOf, type JsonEdit, type JsonNode, jsonString, member } from '../json-spans.js';
import type { Decision } from './decisions.js';
import { type HeldCall, indexOf, isPiece, typeOf } from './held-call.js';
import { type Received, writtenEvent } from './received.js';
import { callIn, type FoundCall } from './response-call.js';
import { denialEvents } from './spoken-denial.js';

export interface Settled {
  readonly held: HeldCall;
  readonly found: FoundCall;
  readonly decision: Decision;
  /** The masked input has been told in a piece. */
  isTold: boolean;
}

export class SettledCalls {
  #all: Settled[] = [];

  add(held: HeldCall, found: FoundCall, decision: Decision): void {
    this.#all.push({ held, found, decision, isTold: false });
  }

  find(event: Received): Settled | undefined {
    return this.#all.find(({ held }) => held.owns(event));
  }

  /** Its last event has come. */
  remove(settled: Settled): void {
    this.#all = this.#all.filter((one) => one !== settled);
  }
}

const inputOf = ({ node }: Received): JsonNode | undefined =>
  ['delta', 'arguments', 'input', 'code'].map((name) => member(node, name)).find((one) => one?.kind === 'string');

/**
 * In the first piece all of the input, as it is after masking; the other pieces are dropped.
 * @returns the edits; undefined where the event is dropped
 */
export const toldInput = (event: Received, settled: Settled): readonly JsonEdit[] | undefined => {
  const node = inputOf(event);
  if (node === undefined) return undefined;
  const isDelta = typeOf(event).endsWith('.delta');
  if (isDelta && settled.isTold) return undefined;
  if (isDelta) settled.isTold = true;
  return [{ start: node.start, end: node.end, bytes: jsonString(settled.decision.call.input) }];
};

export const isChangedPiece = (event: Received, { found, decision }: Settled): boolean =>
  isPiece(typeOf(event)) && decision.call.input !== found.input;

/** The message in the place of a call, from the event that would have begun the call. */
export const spokenInstead = (added: Received, { found, decision }: Settled): readonly Received[] => {
  const denial = { itemId: found.itemId, callId: found.id, text: decision.denial ?? '' };
  const isNumbered = member(added.node, 'sequence_number') !== undefined;
  return denialEvents(denial, indexOf(added.node) ?? 0).map((event) => {
    const data = JSON.stringify(isNumbered ? { ...event, sequence_number: 0 } : event);
    const name = added.sse.name === '' ? '' : event.type;
    return writtenEvent(name, data);
  });
};

/** The call as it is in the end: in the event that ends it, or in the answer that ends. */
export const wholeCall = (held: HeldCall, last: Received): FoundCall | undefined => {
  const item = member(last.node, 'item');
  if (item !== undefined) return callIn(last.document, item);
  const first = held.events[0]!;
  const begun = callIn(first.document, member(first.node, 'item') ?? first.node);
  return itemsOf(member(member(last.node, 'response'), 'output'))
    .map((one) => callIn(last.document, one))
    .find((one) => one?.type === begun?.type && one?.id === begun?.id);
};
