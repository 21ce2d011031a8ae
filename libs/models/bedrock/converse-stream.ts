/** A streamed answer of Converse: texts pass but for their last word, tool calls are held until they are decided. */
import {
  itemsOf,
  type JsonEdit,
  type JsonNode,
  type JsonString,
  jsonString,
  member,
  parseJson,
  scalarOf,
  stringOf,
} from '../json-spans.js';
import { Entry } from '../line/entry.js';
import { Line, mostWaiting, tooMuch } from '../line/line.js';
import type { TextChannel } from '../line/text-channel.js';
import type { AnswerFacts } from '../openai/answer-facts.js';
import type { Decision, Decisions } from '../openai/decisions.js';
import { notUnderstood } from '../openai/received.js';
import { converseCall, decideConverse, Turns } from './converse-call.js';
import { converseUsage } from './converse-facts.js';
import { converseEdits } from './converse-leaves.js';
import type { EventFrame } from './frames.js';

interface Read {
  readonly frame: EventFrame;
  readonly node: JsonNode;
}

interface HeldCall {
  readonly index: number;
  readonly start: Read;
  readonly deltas: Read[];
  /** About other blocks: they come afterwards. */
  readonly others: Read[];
}

const indexOf = ({ node }: Read): number => {
  const index = scalarOf(member(node, 'contentBlockIndex'));
  return typeof index === 'number' ? index : -1;
};

/** The texts in a piece that go on in the next one of the same block. */
const textsIn = (delta: JsonNode | undefined): readonly (readonly [string, JsonString])[] => {
  const citation = member(delta, 'citation');
  const lists = { result: itemsOf(member(delta, 'toolResult')), source: itemsOf(member(citation, 'sourceContent')) };
  const found: (readonly [string, JsonNode | undefined])[] = [
    ['text', member(delta, 'text')],
    ['title', member(citation, 'title')],
    ...Object.entries(lists).flatMap(([name, parts]) =>
      parts.map((part, index) => [`${name} ${index}`, member(part, 'text')] as const),
    ),
  ];
  return found.flatMap(([name, node]) => (node?.kind === 'string' ? [[name, node] as const] : []));
};

export class ConverseStream {
  readonly #line = new Line<EventFrame>();
  readonly #channels = new Map<string, TextChannel>();
  readonly #turns = new Turns();
  #held: HeldCall | undefined;
  #heldBytes = 0;

  constructor(
    private readonly decisions: Decisions,
    private readonly facts: AnswerFacts,
    private readonly model: string,
  ) {}

  get holds(): boolean {
    return this.#held !== undefined || this.#line.holds;
  }

  async *take(frame: EventFrame): AsyncGenerator<EventFrame> {
    const node = parseJson(frame.payload, { code: 'RESPONSE_NOT_UNDERSTOOD', what: 'an event of the answer' });
    await this.#event({ frame, node });
    yield* this.#line.leaving();
  }

  /** @throws GatewayError RESPONSE_NOT_UNDERSTOOD where something is held that cannot end any more */
  finish(): void {
    if (this.holds) throw notUnderstood('the answer ends before it is over');
  }

  async #event(event: Read): Promise<void> {
    const { frame, node } = event;
    const toolUse = member(member(node, 'start'), 'toolUse');
    if (this.#held !== undefined) return this.#hold(this.#held, event);
    if (frame.type === 'contentBlockStart' && toolUse !== undefined)
      this.#held = { index: indexOf(event), start: event, deltas: [], others: [] };
    else this.#pass(event);
  }

  async #hold(held: HeldCall, event: Read): Promise<void> {
    const { frame } = event;
    this.#heldBytes += frame.payload.length;
    if (this.#heldBytes > mostWaiting) throw tooMuch();
    if (frame.isException === true) return this.#fail(event);
    if (frame.type === 'messageStop') throw notUnderstood('the answer ends within a tool call');
    if (indexOf(event) !== held.index) held.others.push(event);
    else if (frame.type === 'contentBlockDelta') held.deltas.push(event);
    else if (frame.type === 'contentBlockStop') await this.#release(held, event);
    else throw notUnderstood('a block of the answer begins twice');
  }

  async #release(held: HeldCall, stop: Read): Promise<void> {
    const { start, deltas, index } = held;
    const call = converseCall(start.frame.payload, member(member(start.node, 'start'), 'toolUse'));
    const input = deltas.map((delta) => stringOf(delta.frame.payload, inputOf(delta)) ?? '').join('');
    const decision = await decideConverse(call, { input, index }, this.decisions);
    this.#turns.count(call, decision);
    if (decision.denial !== undefined) this.#say(index, decision.denial);
    else this.#tell(held, input, decision);
    this.#pass(stop);
    [this.#held, this.#heldBytes] = [undefined, 0];
    for (const event of held.others) await this.#event(event);
  }

  /** A text has no event that begins it. */
  #say(contentBlockIndex: number, text: string): void {
    const payload = Buffer.from(JSON.stringify({ contentBlockIndex, delta: { text } }));
    this.#line.add(new Entry({ document: payload, write: () => ({ type: 'contentBlockDelta', payload }) }));
  }

  #tell({ start, deltas }: HeldCall, input: string, { call }: Decision): void {
    this.#add(start, this.#edits(start));
    let rest = call.input;
    for (const delta of deltas) {
      const node = inputOf(delta);
      const edits = this.#edits(delta, [node]);
      if (call.input === input || node === undefined) this.#add(delta, edits);
      else if (rest !== '') this.#add(delta, [...edits, { start: node.start, end: node.end, bytes: jsonString(rest) }]);
      if (node !== undefined) rest = '';
    }
  }

  #pass(event: Read): void {
    const { frame, node } = event;
    if (frame.isException === true) return this.#fail(event);
    if (inputOf(event) !== undefined) throw notUnderstood('a piece of a tool call that has not begun');
    if (frame.type === 'contentBlockDelta') return this.#delta(event);
    if (frame.type === 'contentBlockStop') this.#end(`${indexOf(event)} `);
    if (frame.type === 'messageStop') return this.#stop(event);
    const usage = converseUsage(node, this.model);
    if (usage !== undefined) this.facts.usage = usage;
    this.#add(event, this.#edits(event));
  }

  #delta(event: Read): void {
    const texts = textsIn(member(event.node, 'delta'));
    const edits = this.#edits(
      event,
      texts.map(([, node]) => node),
    );
    const entry = this.#add(event, edits);
    for (const [name, node] of texts) {
      const key = `${indexOf(event)} ${name}`;
      const channel = this.#channels.get(key) ?? this.decisions.texts.channel();
      this.#channels.set(key, channel);
      channel.push(entry.piece(node));
    }
  }

  #stop(event: Read): void {
    this.#end('');
    const { frame, node } = event;
    const reason = member(node, 'stopReason');
    const told = stringOf(frame.payload, reason);
    const edits = this.#edits(event);
    if (told !== undefined) this.facts.stopReason = this.#turns.stopReason(told);
    if (reason !== undefined && this.facts.stopReason !== told)
      edits.push({ start: reason.start, end: reason.end, bytes: jsonString(this.facts.stopReason ?? '') });
    this.#add(event, edits);
  }

  /** What was held back is of a text or a call that will never be whole: it is discarded. */
  #fail(event: Read): void {
    this.facts.errorType = event.frame.type;
    this.#line.clear();
    this.#channels.clear();
    this.#held = undefined;
    this.#add(event, this.#edits(event));
  }

  #edits({ frame, node }: Read, skip: readonly (JsonNode | undefined)[] = []): JsonEdit[] {
    const { texts } = this.decisions;
    const masking = {
      string: (document: Uint8Array, one: JsonString) => texts.string(document, one),
      input: (text: string) => texts.input(text),
    };
    return converseEdits(frame.payload, node, { masking, skip });
  }

  #add({ frame }: Read, edits: readonly JsonEdit[]): Entry<EventFrame> {
    const write = (payload?: Uint8Array): EventFrame => (payload === undefined ? frame : { ...frame, payload });
    const entry = new Entry<EventFrame>({ document: frame.payload, write });
    entry.edits.push(...edits);
    this.#line.add(entry);
    return entry;
  }

  #end(prefix: string): void {
    for (const [key, channel] of this.#channels)
      if (key.startsWith(prefix)) {
        channel.end();
        this.#channels.delete(key);
      }
  }
}

/** A piece of a call's input. */
const inputOf = ({ node }: Read): JsonNode | undefined => member(member(member(node, 'delta'), 'toolUse'), 'input');
