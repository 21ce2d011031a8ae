/**
 * An answer in the words of a maker that is not known, as it comes: each string is a piece of the text that stands at its place
 * in one document after the other. From the first piece of a tool call on everything waits for the end, for nobody can tell
 * sooner that the call is whole.
 */
import { edit, type JsonNode, type JsonString, member, parseJson, scalarOf, textOf } from '../../json-spans.js';
import { Entry } from '../../line/entry.js';
import { Line, mostWaiting, tooMuch } from '../../line/line.js';
import type { TextChannel } from '../../line/text-channel.js';
import type { AnswerFacts } from '../../openai/answer-facts.js';
import type { Decisions } from '../../openai/decisions.js';
import { chunkOf, documentIn, isChunk } from '../chunks.js';
import { converseEdits } from '../converse-leaves.js';
import type { EventFrame } from '../frames.js';
import { otherEdits } from './answer.js';
import { mediumIn } from './body.js';
import { callsIn, OtherCalls } from './calls.js';

interface Said {
  readonly frame: EventFrame;
  readonly document: Uint8Array;
  readonly node: JsonNode;
}

export class OtherStream {
  readonly #line = new Line<EventFrame>();
  readonly #channels = new Map<string, TextChannel>();
  readonly #calls = new OtherCalls();
  readonly #held: Said[] = [];
  #heldBytes = 0;
  #isOver = false;

  constructor(
    private readonly decisions: Decisions,
    private readonly facts: AnswerFacts,
    private readonly model: string,
  ) {}

  get holds(): boolean {
    return this.#held.length > 0 || this.#line.holds;
  }

  async *take(frame: EventFrame): AsyncGenerator<EventFrame> {
    if (this.#isOver) return;
    if (!isChunk(frame)) this.#other(frame);
    else this.#chunk(frame);
    yield* this.#line.leaving();
  }

  /** @throws GatewayError POLICY_DENIED */
  async *finish(): AsyncGenerator<EventFrame> {
    if (this.#isOver) return;
    await this.#calls.decide(this.decisions);
    for (const said of this.#held) this.#pass(said);
    for (const channel of this.#channels.values()) channel.end();
    yield* this.#line.leaving();
  }

  #chunk(frame: EventFrame): void {
    const document = documentIn(frame);
    const node = parseJson(document, { code: 'RESPONSE_NOT_UNDERSTOOD', what: 'a piece of the answer' });
    const said = { frame, document, node };
    this.#count(node);
    const calls = callsIn(node);
    this.#calls.add(document, calls);
    if (calls.length === 0 && this.#held.length === 0) return this.#pass(said);
    this.#heldBytes += document.length;
    if (this.#heldBytes > mostWaiting) throw tooMuch();
    this.#held.push(said);
  }

  /** What was held back is of texts that will never be whole. */
  #other(frame: EventFrame): void {
    const { texts } = this.decisions;
    if (frame.isException === true) {
      this.#isOver = true;
      this.facts.errorType = frame.type;
      this.#line.clear();
      this.#held.splice(0);
    }
    const node = parseJson(frame.payload, { code: 'RESPONSE_NOT_UNDERSTOOD', what: 'a frame of the answer' });
    const edits = converseEdits(frame.payload, node, {
      masking: { string: (bytes, one) => texts.string(bytes, one), input: (text) => texts.input(text) },
    });
    const payload = edit(frame.payload, edits);
    this.#line.add(new Entry({ document: payload, write: () => (edits.length === 0 ? frame : { ...frame, payload }) }));
  }

  #pass({ frame, document, node }: Said): void {
    const entry = new Entry<EventFrame>({
      document,
      write: (changed) => (changed === undefined ? frame : chunkOf(changed)),
    });
    const pieces = [...piecesIn(document, node)];
    const skip = new Set<JsonNode>(pieces.map(({ node: one }) => one));
    entry.edits.push(...otherEdits(document, node, { texts: this.decisions.texts, skip }));
    this.#line.add(entry);
    for (const { path, node: one } of pieces) {
      const channel = this.#channels.get(path) ?? this.decisions.texts.channel();
      this.#channels.set(path, channel);
      channel.push(entry.piece(one));
    }
  }

  /** Bedrock's own count, at the end of every stream whoever has made the model. */
  #count(node: JsonNode): void {
    const metrics = member(node, 'amazon-bedrock-invocationMetrics');
    if (metrics === undefined) return;
    const count = (name: string): number => Math.max(0, Number(scalarOf(member(metrics, name)) ?? 0));
    this.facts.usage = {
      model: this.model,
      inputTokens: count('inputTokenCount'),
      cacheReadTokens: count('cacheReadInputTokenCount'),
      cacheWriteTokens: count('cacheWriteInputTokenCount'),
      outputTokens: count('outputTokenCount'),
    };
  }
}

/** Said anew in every piece, and no part of a text: held back as one, it would hold back the whole answer. */
const told = new Set([
  ...['id', 'object', 'model', 'role', 'type', 'created', 'system_fingerprint', 'service_tier', 'event_type'],
  ...['stop_reason', 'stopReason', 'completionReason', 'finish_reason', 'finishReason', 'generation_id', 'response_id'],
]);

interface Piece {
  readonly path: string;
  readonly node: JsonString;
}

function* piecesIn(document: Uint8Array, node: JsonNode, path = ''): Generator<Piece> {
  if (node.kind === 'string') {
    if (node.end - node.start > 2 && mediumIn(textOf(document, node)) === undefined) yield { path, node };
  } else if (node.kind === 'array') {
    for (const [index, item] of node.items.entries())
      yield* piecesIn(document, item, `${path}.${String(scalarOf(member(item, 'index')) ?? index)}`);
  } else if (node.kind === 'object') {
    const own = `${path}${path === '' ? String(scalarOf(member(node, 'index')) ?? '') : ''}`;
    for (const [name, value] of node.members) if (!told.has(name)) yield* piecesIn(document, value, `${own}.${name}`);
  }
}
