/** The tool calls of a completion: put together from its pieces, asked about, and told again. */
import { itemsOf, type JsonNode, member, scalarOf, stringOf } from '../json-spans.js';
import type { AnswerTexts } from '../line/answer-texts.js';
import type { ModelRequest, ToolCall } from '../types.js';
import type { Decision, Decisions } from './decisions.js';
import { notUnderstood } from './received.js';

export const functionCall = 'function_call';
const kinds = [
  ['function', 'arguments'],
  ['custom', 'input'],
] as const;

/** One call, as far as it has come. */
export interface ChatCall {
  id: string;
  name: string;
  input: string;
  readonly kind: (typeof kinds)[number];
  /** The older form, of which a message has one. */
  readonly isFunctionCall: boolean;
}

const isNull = (node: JsonNode | undefined): boolean => node === undefined || scalarOf(node) === null;

/** Clients put pieces together in different ways: whatever is not text to be joined may be said once only. */
const once = (before: string, now: string | undefined, what: string): string => {
  if (now === undefined || now === '' || now === before) return before;
  if (before !== '') throw notUnderstood(`a tool call has two ${what}`);
  return now;
};

/** @param holder a message, or a piece of one */
export const hasCalls = (holder: JsonNode | undefined): boolean =>
  itemsOf(member(holder, 'tool_calls')).length > 0 || !isNull(member(holder, functionCall));

/** The strings in which calls are written. */
export const callInputs = (holder: JsonNode | undefined): readonly JsonNode[] => {
  const calls = itemsOf(member(holder, 'tool_calls')).flatMap((call) => kinds.map(([kind]) => member(call, kind)));
  return [...calls, member(holder, functionCall)]
    .flatMap((call) => [member(call, 'arguments'), member(call, 'input')])
    .filter((input) => input !== undefined);
};

/** The calls of one message. */
export class ChatCalls {
  readonly #calls = new Map<string, ChatCall>();

  get all(): readonly ChatCall[] {
    return [...this.#calls.values()];
  }

  add(document: Uint8Array, holder: JsonNode | undefined): void {
    for (const [position, piece] of itemsOf(member(holder, 'tool_calls')).entries()) {
      const index = scalarOf(member(piece, 'index'));
      const kind = kinds.find(([name]) => !isNull(member(piece, name)));
      this.#piece(document, { key: `${typeof index === 'number' ? index : position}`, piece, kind });
    }
    const old = member(holder, functionCall);
    if (!isNull(old) && old) this.#add(document, this.#call(functionCall, kinds[0], true), old);
  }

  #piece(
    document: Uint8Array,
    {
      key,
      piece,
      kind,
    }: { readonly key: string; readonly piece: JsonNode; readonly kind: ChatCall['kind'] | undefined },
  ): void {
    const call = this.#call(key, kind ?? kinds[0], false);
    if (kind !== undefined && kind !== call.kind) throw notUnderstood('a tool call changes its kind');
    call.id = once(call.id, stringOf(document, member(piece, 'id')), 'ids');
    const inner = member(piece, call.kind[0]);
    if (inner !== undefined) this.#add(document, call, inner);
  }

  #call(key: string, kind: ChatCall['kind'], isFunctionCall: boolean): ChatCall {
    const call = this.#calls.get(key) ?? { id: '', name: '', input: '', kind, isFunctionCall };
    this.#calls.set(key, call);
    return call;
  }

  #add(document: Uint8Array, call: ChatCall, inner: JsonNode): void {
    call.name = once(call.name, stringOf(document, member(inner, 'name')), 'names');
    call.input += stringOf(document, member(inner, call.kind[1])) ?? '';
  }
}

/** A call and what became of it. */
export interface DecidedCall {
  readonly call: ChatCall;
  readonly decision: Decision;
}

const shown = (call: ChatCall, id: string, { texts, request }: Shown): ToolCall => ({
  id,
  name: texts.text(call.name),
  input: texts.input(call.input),
  byProvider: false,
  declared: request.tools.includes(call.name),
});

interface Shown {
  readonly texts: AnswerTexts;
  readonly request: ModelRequest;
}

/** @param message names the message, for calls without an id of their own */
export const decideCalls = async (
  calls: readonly ChatCall[],
  message: string,
  decisions: Decisions,
): Promise<readonly DecidedCall[]> => {
  const decided: DecidedCall[] = [];
  for (const [index, call] of calls.entries()) {
    const id = call.id === '' ? `${message}.${index}` : call.id;
    const identity = JSON.stringify([message, index, id]);
    const decision = await decisions.about(identity, (texts, request) => shown(call, id, { texts, request }));
    decided.push({ call, decision });
  }
  return decided;
};

export const isUnchanged = ({ call, decision }: DecidedCall): boolean =>
  decision.denial === undefined && decision.call.input === call.input && decision.call.name === call.name;

/** What is said in the place of the calls that were denied; empty where none was. */
export const denialText = (decided: readonly DecidedCall[]): string =>
  decided.flatMap(({ decision }) => decision.denial ?? []).join('\n');

/** The calls that are allowed, as members of a message. @param isPiece of a stream, where each has its index */
export const allowedCalls = (decided: readonly DecidedCall[], isPiece: boolean): Readonly<Record<string, unknown>> => {
  const allowed = decided.filter(({ decision }) => decision.denial === undefined);
  const old = allowed.find(({ call }) => call.isFunctionCall);
  const calls = allowed
    .filter(({ call }) => !call.isFunctionCall)
    .map(({ call: { id, kind }, decision: { call } }, index) => ({
      ...(isPiece ? { index } : {}),
      id,
      type: kind[0],
      [kind[0]]: { name: call.name, [kind[1]]: call.input },
    }));
  return {
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
    ...(old === undefined
      ? {}
      : { function_call: { name: old.decision.call.name, arguments: old.decision.call.input } }),
  };
};
