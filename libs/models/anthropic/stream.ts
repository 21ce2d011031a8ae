/** A streamed answer, event by event: what comes must be what the API says can come next. */
import { itemsOf, jsonString, member } from '../json-spans.js';
import { type AnswerState, notUnderstood } from './answer-state.js';
import type { Block } from './blocks.js';
import { textIn, typeIn } from './body.js';
import { CallBlock } from './call-block.js';
import { sealedBlocks } from './kinds.js';
import { leafEdits } from './leaves.js';
import type { ModelEvent } from './model-event.js';
import { SealedBlock } from './sealed-block.js';
import { TextBlock } from './text-block.js';
import { usageAfter, usageIn } from './usage.js';

type Step<Out> = (event: ModelEvent<Out>) => Out[] | Promise<Out[]>;

/** @typeParam Out what events are carried in */
export class AnswerStream<Out> {
  readonly #open = new Map<number, Block<Out>>();
  #at: 'before' | 'within' | 'ended' = 'before';
  readonly #steps: Readonly<Record<string, Step<Out>>> = {
    message_start: (event) => this.#begin(event),
    content_block_start: (event) => this.#start(event),
    content_block_delta: (event) => this.#block(event).delta(event),
    content_block_stop: (event) => this.#stop(event),
    message_delta: (event) => this.#closing(event),
    message_stop: (event) => this.#end(event),
    error: (event) => this.#error(event),
    ping: (event) => [this.#masked(event)],
  };

  constructor(private readonly state: AnswerState) {}

  get holds(): boolean {
    return [...this.#open.values()].some(({ holds }) => holds);
  }

  /** The answer has come to its end, or to an error. */
  get hasEnded(): boolean {
    return this.#at === 'ended';
  }

  /** @throws GatewayError RESPONSE_NOT_UNDERSTOOD */
  async take(event: ModelEvent<Out>): Promise<Out[]> {
    if (!Object.hasOwn(this.#steps, event.type)) return [this.#masked(event)];
    if (this.hasEnded && event.type !== 'ping') throw notUnderstood('the answer goes on after its end');
    return this.#steps[event.type]!(event);
  }

  #masked(event: ModelEvent<Out>): Out {
    return event.edited(leafEdits(event.document, event.node, this.state.masker));
  }

  #begin(event: ModelEvent<Out>): Out[] {
    if (this.#at !== 'before') throw notUnderstood('the answer begins twice');
    this.#at = 'within';
    const message = event.part('message');
    if (itemsOf(member(message.node, 'content')).length > 0) throw notUnderstood('the answer begins with content');
    this.#use(event, textIn(message, 'model'), 'message');
    return [this.#masked(event)];
  }

  #use({ document, node }: ModelEvent<Out>, model: string | undefined, holder?: string): void {
    const usage = usageIn(document, holder === undefined ? node : member(node, holder));
    if (usage === undefined) return;
    this.state.usage = usageAfter(this.state.usage, model ?? this.state.masking.request.model, usage);
  }

  #start(event: ModelEvent<Out>): Out[] {
    this.#within();
    const { index } = event;
    if (this.#open.has(index)) throw notUnderstood('a block of the answer begins twice');
    const block = this.#blockOf(event);
    this.#open.set(index, block);
    return block.begin();
  }

  #blockOf(event: ModelEvent<Out>): Block<Out> {
    const content = event.part('content_block');
    if (sealedBlocks.has(typeIn(content))) return new SealedBlock(event);
    const isCall = typeIn(content).endsWith('tool_use') || member(content.node, 'input') !== undefined;
    return isCall ? new CallBlock(event, this.state) : new TextBlock(event, this.state);
  }

  #within(): void {
    if (this.#at !== 'within') throw notUnderstood('the answer has content before it begins');
  }

  #block(event: ModelEvent<Out>): Block<Out> {
    const block = this.#open.get(event.index);
    if (block === undefined) throw notUnderstood('an event of the answer is about a block that is not open');
    return block;
  }

  async #stop(event: ModelEvent<Out>): Promise<Out[]> {
    const passes = await this.#block(event).stop(event);
    this.#open.delete(event.index);
    return passes;
  }

  #closing(event: ModelEvent<Out>): Out[] {
    this.#within();
    if (this.#open.size > 0) throw notUnderstood('the answer closes while a block of it is open');
    this.#use(event, undefined);
    const delta = event.part('delta');
    const told = textIn(delta, 'stop_reason');
    const reason = this.state.stopReasonFor(told);
    if (reason !== undefined) this.state.stopReason = reason;
    const edits = leafEdits(event.document, event.node, this.state.masker);
    if (reason === undefined || reason === told) return [event.edited(edits)];
    const { start, end } = member(delta.node, 'stop_reason')!;
    return [event.edited([...edits, { start, end, bytes: jsonString(reason) }])];
  }

  #end(event: ModelEvent<Out>): Out[] {
    this.#within();
    if (this.#open.size > 0) throw notUnderstood('the answer ends while a block of it is open');
    this.#at = 'ended';
    return [this.#masked(event)];
  }

  /** What was held back is of a text or a call that will never be whole: it is discarded. */
  #error(event: ModelEvent<Out>): Out[] {
    this.#open.clear();
    this.#at = 'ended';
    const error = member(event.node, 'error');
    this.state.errorType = (error && textIn({ document: event.document, node: error }, 'type')) ?? 'error';
    return [this.#masked(event)];
  }
}
