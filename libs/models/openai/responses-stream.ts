/** A streamed answer of the Responses API: every text appears several times, every call is held whole. */
import { type JsonEdit, type JsonNode, member } from '../json-spans.js';
import { Entry } from '../line/entry.js';
import { Line } from '../line/line.js';
import type { TextChannel } from '../line/text-channel.js';
import { eventBytes, type ServerSentEvent } from '../sse.js';
import { type AnswerFacts, readErrorEvent, readResponse } from './answer-facts.js';
import type { Decisions } from './decisions.js';
import { endings, HeldCall, indexOf, isClientsPiece, typeOf } from './held-call.js';
import { isOpaque, untouchedIn } from './opaque.js';
import { commentEntry, envelopeOf, notUnderstood, type Received, received } from './received.js';
import { callIn } from './response-call.js';
import { decisionAbout, isDecided, itemEdits, responseEdits } from './response-items.js';
import { Sequence } from './sequence.js';
import { isChangedPiece, type Settled, SettledCalls, spokenInstead, toldInput, wholeCall } from './settled-calls.js';

/** Thoughts, and sound: nothing is hidden in them. */
const untouched = /^response\.(?:reasoning|audio\.delta)/;

export class ResponsesStream {
  readonly #line = new Line<Uint8Array>();
  readonly #sequence = new Sequence();
  readonly #channels = new Map<string, TextChannel>();
  /** Which texts were counted in pieces. */
  readonly #seen = new Set<string>();
  #held: HeldCall | undefined;
  readonly #settled = new SettledCalls();

  constructor(
    private readonly decisions: Decisions,
    private readonly facts: AnswerFacts,
  ) {}

  get holds(): boolean {
    return this.#held !== undefined || this.#line.holds;
  }

  /** As the API itself does it where it is silent for long. */
  ping(): Uint8Array {
    const sequence_number = this.#sequence.next();
    return eventBytes('keepalive', JSON.stringify({ type: 'keepalive', sequence_number }));
  }

  async *take(sse: ServerSentEvent): AsyncGenerator<Uint8Array> {
    if (sse.data === undefined) this.#line.add(commentEntry(sse, this.decisions.texts));
    else if (sse.data === '[DONE]') {
      this.#end();
      this.#line.add(new Entry({ document: sse.bytes, write: () => eventBytes('', '[DONE]') }));
    } else yield* this.#event(received(sse, sse.data));
    yield* this.#line.leaving();
  }

  /** @throws GatewayError RESPONSE_NOT_UNDERSTOOD where something is held that cannot end any more */
  finish(): void {
    if (this.holds) throw notUnderstood('the answer ends before it is over');
  }

  async *#event(event: Received): AsyncGenerator<Uint8Array> {
    if (this.#held !== undefined) {
      if (this.#held.add(event)) yield* this.#release(this.#held, event);
      return;
    }
    if (this.#begins(event)) this.#held = new HeldCall(event);
    else {
      await this.#pass(event);
      yield* this.#line.leaving();
    }
  }

  /** A call that the client would run, and that is not decided yet. */
  #begins(event: Received): boolean {
    if (typeOf(event) !== 'response.output_item.added' || this.#settled.find(event) !== undefined) return false;
    const found = callIn(event.document, member(event.node, 'item') ?? event.node);
    return found !== undefined && !found.byProvider;
  }

  /** Decides about the call; then all that was held comes once more, in its order. */
  async *#release(held: HeldCall, last: Received): AsyncGenerator<Uint8Array> {
    const found = wholeCall(held, last);
    if (found !== undefined) {
      held.check(found);
      this.#settled.add(held, found, await decisionAbout(found, this.decisions));
    }
    this.#held = undefined;
    // A call that never became whole is dropped: its item is not in the answer.
    const events = found === undefined ? held.events.filter((event) => !held.owns(event)) : held.events;
    for (const event of events) yield* this.#event(event);
  }

  async #pass(event: Received): Promise<void> {
    const [type, settled] = [typeOf(event), this.#settled.find(event)];
    if (settled?.decision.denial !== undefined) return this.#deny(event, settled);
    if (settled !== undefined && isChangedPiece(event, settled)) {
      const edits = toldInput(event, settled);
      return edits && void this.#add(event, edits);
    }
    if (settled === undefined && isClientsPiece(type)) throw notUnderstood('a piece of a tool call that has not begun');
    if (type === 'response.output_item.done' && settled !== undefined) this.#settled.remove(settled);
    if (type.endsWith('.delta') && !untouched.test(type)) return this.#delta(event, type);
    this.#endBy(type, event);
    return this.#passWhole(event, type);
  }

  async #passWhole(event: Received, type: string): Promise<void> {
    const { document, node } = event;
    const [response, item] = [member(node, 'response'), member(node, 'item')];
    if (type === 'error') readErrorEvent(this.facts, document, node);
    if (response?.kind === 'object') await this.#whole(event, response);
    else if (item !== undefined && (type === 'response.output_item.done' || isDecided(document, item, this.decisions)))
      await this.#item(event, item);
    else this.#add(event, this.#plainEdits(event, type));
  }

  #plainEdits({ document, node }: Received, type: string): JsonEdit[] {
    if (untouched.test(type)) return [];
    const inner = [member(node, 'item'), member(node, 'part')].filter((one) => one !== undefined);
    const skip = new Set(inner.flatMap((one) => untouchedIn(document, one)));
    return this.decisions.texts.leaves(document, node, { opaque: isOpaque, skip, isNew: !this.#isSeen(node) });
  }

  #add(event: Received, edits: readonly JsonEdit[], beside: readonly JsonEdit[] = []): Entry<Uint8Array> {
    const envelope = envelopeOf(event, this.decisions.texts);
    const entry = new Entry(envelope, beside, this.#sequence.numbered(event.node));
    entry.edits.push(...edits);
    this.#line.add(entry);
    return entry;
  }

  #delta(event: Received, type: string): void {
    const { document, node } = event;
    const delta = member(node, 'delta');
    if (delta?.kind !== 'string') return void this.#add(event, this.#plainEdits(event, type));
    const logprobs = member(node, 'logprobs');
    const beside = logprobs?.kind === 'array' ? [{ ...spanOf(logprobs), bytes: Buffer.from('[]') }] : [];
    const rest = this.decisions.texts.leaves(document, node, { opaque: isOpaque, skip: new Set([delta]) });
    const entry = this.#add(event, rest, beside);
    this.#channelOf(keyOf(event, type.slice(0, -'.delta'.length))).push(entry.piece(delta));
    for (const key of seenKeys(node)) this.#seen.add(key);
  }

  #channelOf(key: string): TextChannel {
    const channel = this.#channels.get(key) ?? this.decisions.texts.channel();
    this.#channels.set(key, channel);
    return channel;
  }

  #isSeen(node: JsonNode): boolean {
    return this.#seen.has(seenKeys(node).at(-1) ?? '');
  }

  /** Texts that this event ends: its own, those of its item, or all. */
  #endBy(type: string, event: Received): void {
    if (endings.has(type)) this.#end();
    else if (type.endsWith('_item.done')) this.#end(`${indexOf(event.node) ?? ''} `);
    else if (type.endsWith('.done')) this.#end(keyOf(event, type.slice(0, -'.done'.length)));
  }

  #end(prefix = ''): void {
    for (const [key, channel] of this.#channels)
      if (key.startsWith(prefix)) {
        channel.end();
        this.#channels.delete(key);
      }
  }

  async #item(event: Received, item: JsonNode): Promise<void> {
    const isNew = !this.#isSeen(event.node);
    for (const key of seenKeys(event.node)) this.#seen.add(key);
    const edits = await itemEdits(event.document, item, { decisions: this.decisions, isNew });
    const skip = new Set([item]);
    const around = this.decisions.texts.leaves(event.document, event.node, { opaque: isOpaque, skip });
    this.#add(event, [...edits, ...around]);
  }

  async #whole(event: Received, response: JsonNode): Promise<void> {
    readResponse(this.facts, event.document, response);
    const isNew = this.#seen.size === 0;
    const edits = await responseEdits(event.document, response, { decisions: this.decisions, isNew });
    const skip = new Set([response]);
    const around = this.decisions.texts.leaves(event.document, event.node, { opaque: isOpaque, skip });
    this.#add(event, [...edits, ...around]);
  }

  #deny(event: Received, settled: Settled): void {
    const type = typeOf(event);
    if (type === 'response.output_item.added') for (const said of spokenInstead(event, settled)) this.#add(said, []);
    if (type === 'response.output_item.done') this.#settled.remove(settled);
  }
}

const spanOf = ({ start, end }: JsonNode): { readonly start: number; readonly end: number } => ({ start, end });

/** Clients put texts together by where they stand; by the item's id only where that is not said. */
const keyOf = ({ document, node }: Received, kind: string): string => {
  const index = indexOf(node);
  const parts = [index === undefined ? 'item_id' : 'content_index', 'summary_index'].map((name) => member(node, name));
  const said = parts.map((part) =>
    part === undefined ? '' : Buffer.from(document.subarray(part.start, part.end)).toString(),
  );
  return `${index ?? ''} ${kind} ${said.join(' ')}`;
};

const seenKeys = (node: JsonNode): readonly string[] => {
  const index = indexOf(node);
  const part = member(node, 'content_index');
  if (index === undefined) return [];
  return part?.kind === 'number' ? [`${index}`, `${index}.${part.value}`] : [`${index}`];
};
