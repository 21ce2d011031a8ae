/** The events of an answer from the beginning of a tool call to its end: none passes before the call is decided. */
import { type JsonNode, member, scalarOf, stringOf } from '../json-spans.js';
import { mostWaiting, tooMuch } from '../line/line.js';
import { notUnderstood, type Received } from './received.js';
import { callIn, type FoundCall } from './response-call.js';

/** What ends the answer, and with it all that is open. */
export const endings = new Set(['response.completed', 'response.incomplete', 'response.failed', 'error']);

export const typeOf = ({ document, node }: Received): string => stringOf(document, member(node, 'type')) ?? '';
export const indexOf = (node: JsonNode): number | undefined => {
  const index = scalarOf(member(node, 'output_index'));
  return typeof index === 'number' ? index : undefined;
};

const pieces =
  /^response\.(function_call_arguments|custom_tool_call_input|mcp_call_arguments|code_interpreter_call_code)\.(delta|done)$/;
/** The event tells of a call's input. */
export const isPiece = (type: string): boolean => pieces.test(type);
/** Of a call that the client would run. */
export const isClientsPiece = (type: string): boolean => /^response\.(function_call|custom_tool_call)/.test(type);

export class HeldCall {
  readonly events: Received[];
  readonly #index: number | undefined;
  readonly #itemId: string | undefined;
  #bytes = 0;

  constructor(added: Received) {
    this.#index = indexOf(added.node);
    this.#itemId = stringOf(added.document, member(member(added.node, 'item'), 'id'));
    this.events = [added];
  }

  /** @returns true where the event ends the call, or the answer */
  add(event: Received): boolean {
    this.#bytes += event.document.length;
    if (this.#bytes > mostWaiting) throw tooMuch();
    this.events.push(event);
    const type = typeOf(event);
    return endings.has(type) || (type === 'response.output_item.done' && this.owns(event));
  }

  /** The event is about the item of this call. */
  owns({ document, node }: Received): boolean {
    const index = indexOf(node);
    if (index !== undefined) return index === this.#index;
    const itemId = stringOf(document, member(node, 'item_id'));
    return itemId !== undefined && itemId === this.#itemId;
  }

  /**
   * What came in pieces must be what is there in the end: a client may act on either.
   * @throws GatewayError RESPONSE_NOT_UNDERSTOOD where they differ
   */
  check({ input }: FoundCall): void {
    const [{ document, node }] = this.events as [Received];
    const begun = callIn(document, member(node, 'item') ?? node);
    const isText = begun?.inputMember !== undefined && !/^\s*[[{]/.test(rawInput(document, node, begun.inputMember));
    if (isText && begun.input !== '' && begun.input !== input) throw notUnderstood('a tool call changes its input');
    const own = this.events.filter((event) => this.owns(event) && isPiece(typeOf(event)));
    const deltas = own.filter((event) => typeOf(event).endsWith('.delta'));
    const told = deltas.map((event) => textMember(event, ['delta']) ?? '').join('');
    if (deltas.length > 0 && told !== input) throw notUnderstood('a tool call differs from its pieces');
    for (const done of own.filter((event) => typeOf(event).endsWith('.done')))
      if (textMember(done, ['arguments', 'input', 'code']) !== input)
        throw notUnderstood('a tool call differs from one event to the next');
  }
}

const textMember = ({ document, node }: Received, names: readonly string[]): string | undefined =>
  names.map((name) => stringOf(document, member(node, name))).find((text) => text !== undefined);

const rawInput = (document: Uint8Array, event: JsonNode, name: string): string => {
  const input = member(member(event, 'item'), name);
  return input === undefined ? '' : Buffer.from(document.subarray(input.start, input.end)).toString();
};
