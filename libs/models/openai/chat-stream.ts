/** A streamed completion: texts side by side in one event, calls in pieces that are held until they are whole. */
import { type JsonEdit, type JsonNode, type JsonString, member, stringOf } from '../json-spans.js';
import { Entry } from '../line/entry.js';
import { Line, mostWaiting, tooMuch } from '../line/line.js';
import type { TextChannel } from '../line/text-channel.js';
import { eventBytes, type ServerSentEvent } from '../sse.js';
import { type AnswerFacts, readCompletion } from './answer-facts.js';
import {
  allowedCalls,
  ChatCalls,
  callInputs,
  type DecidedCall,
  decideCalls,
  denialText,
  isUnchanged,
} from './chat-calls.js';
import { callingChoices, choiceIndex, choicesOf, chunkLike, finishedChoices, strippedChunk } from './chat-chunk.js';
import { isUsageAlone, withoutUsage } from './chat-usage.js';
import type { Decisions } from './decisions.js';
import { isOpaque } from './opaque.js';
import { commentEntry, envelopeOf, notUnderstood, type Received, received } from './received.js';

const done = '[DONE]';
const comment = Buffer.from(': waiting\n\n');

export class ChatStream {
  readonly #line = new Line<Uint8Array>();
  readonly #channels = new Map<string, TextChannel>();
  #held: Received[] = [];
  #heldBytes = 0;
  /** Choices in the middle of their calls. */
  readonly #calling = new Set<number>();
  /** Choices that have said something. */
  readonly #spoke = new Set<number>();

  constructor(
    private readonly decisions: Decisions,
    private readonly facts: AnswerFacts,
    private readonly hidesUsage: boolean,
  ) {}

  get holds(): boolean {
    return this.#held.length > 0 || this.#line.holds;
  }

  /** This API has no event that says nothing; a comment every client reads over. */
  ping(): Uint8Array {
    return comment;
  }

  async *take(sse: ServerSentEvent): AsyncGenerator<Uint8Array> {
    if (sse.data === undefined) this.#line.add(commentEntry(sse, this.decisions.texts));
    else if (sse.data === done) await this.#done();
    else await this.#chunk(received(sse, sse.data));
    yield* this.#line.leaving();
  }

  finish(): void {
    if (this.holds) throw notUnderstood('the answer ends before it is over');
  }

  async #done(): Promise<void> {
    await this.#release();
    this.#end(() => true);
    this.#line.add(new Entry({ document: Buffer.from(done), write: () => eventBytes('', done) }));
  }

  async #chunk(chunk: Received): Promise<void> {
    readCompletion(this.facts, chunk.document, chunk.node);
    for (const index of callingChoices(chunk)) this.#calling.add(index);
    if (this.#calling.size === 0) return this.#pass(chunk);
    this.#heldBytes += chunk.document.length;
    if (this.#heldBytes > mostWaiting) throw tooMuch();
    this.#held.push(chunk);
    for (const index of finishedChoices(chunk)) this.#calling.delete(index);
    if (this.#calling.size === 0) await this.#release();
  }

  async #release(): Promise<void> {
    const decided = await this.#decide();
    const changed = new Map([...decided].filter(([, calls]) => !calls.every(isUnchanged)));
    const ends = new Set(
      [...changed].filter(([, calls]) => Object.keys(allowedCalls(calls, true)).length === 0).map(([index]) => index),
    );
    const told = new Set<number>();
    for (const chunk of this.#held) {
      const stripped = changed.size === 0 ? chunk : strippedChunk(chunk, { choices: new Set(changed.keys()), ends });
      for (const index of callingChoices(chunk)) if (!told.has(index)) this.#tell(chunk, index, changed.get(index));
      for (const index of callingChoices(chunk)) told.add(index);
      if (stripped !== undefined) this.#pass(stripped);
    }
    [this.#held, this.#heldBytes] = [[], 0];
    this.#calling.clear();
  }

  async #decide(): Promise<ReadonlyMap<number, readonly DecidedCall[]>> {
    const calls = new Map<number, ChatCalls>();
    for (const chunk of this.#held)
      for (const choice of choicesOf(chunk)) {
        const index = choiceIndex(choice);
        const own = calls.get(index) ?? new ChatCalls();
        own.add(chunk.document, member(choice, 'delta'));
        calls.set(index, own);
      }
    const decided = new Map<number, readonly DecidedCall[]>();
    const [first] = this.#held;
    const id = (first && stringOf(first.document, member(first.node, 'id'))) ?? '';
    for (const [index, own] of calls)
      decided.set(index, await decideCalls(own.all, index === 0 ? id : `${id}.${index}`, this.decisions));
    return decided;
  }

  /** In the place of the first piece of a choice's calls: those that are allowed, whole, and why the others are not. */
  #tell(chunk: Received, index: number, calls: readonly DecidedCall[] | undefined): void {
    if (calls === undefined) return;
    const denial = denialText(calls);
    const content = denial !== '' && this.#spoke.has(index) ? `\n\n${denial}` : denial;
    const delta = { ...(content === '' ? {} : { content }), ...allowedCalls(calls, true) };
    this.#line.add(this.#entry(chunkLike(chunk, index, delta)));
  }

  #entry(chunk: Received, beside: readonly JsonEdit[] = []): Entry<Uint8Array> {
    return new Entry(envelopeOf(chunk, this.decisions.texts), beside);
  }

  #pass(chunk: Received): void {
    if (this.hidesUsage && isUsageAlone(chunk.node)) return;
    const { document, node } = chunk;
    const deltas = choicesOf(chunk).map((choice) => ({ choice, texts: textsOf(choice) }));
    const logprobs = deltas.flatMap(({ choice }) => member(choice, 'logprobs') ?? []);
    const entry = this.#entry(
      chunk,
      logprobs.map(({ start, end }) => ({ start, end, bytes: Buffer.from('null') })),
    );
    const inputs = deltas.flatMap(({ choice }) => callInputs(member(choice, 'delta')));
    const skip = new Set([...inputs, ...deltas.flatMap(({ texts }) => texts.map(([, text]) => text))]);
    entry.edits.push(...this.decisions.texts.leaves(document, node, { opaque: isOpaque, skip }));
    if (this.hidesUsage) entry.edits.push(...withoutUsage(document, node));
    this.#line.add(entry);
    for (const { choice, texts } of deltas)
      for (const [name, text] of texts) this.#channelOf(choiceIndex(choice), name).push(entry.piece(text));
    for (const index of finishedChoices(chunk)) this.#end((key) => key.startsWith(`${index} `));
    if (member(node, 'error') !== undefined) this.#end(() => true);
  }

  #channelOf(index: number, name: string): TextChannel {
    if (name === 'content') this.#spoke.add(index);
    const key = `${index} ${name}`;
    const channel = this.#channels.get(key) ?? this.decisions.texts.channel();
    this.#channels.set(key, channel);
    return channel;
  }

  #end(which: (key: string) => boolean): void {
    for (const [key, channel] of this.#channels)
      if (which(key)) {
        channel.end();
        this.#channels.delete(key);
      }
  }
}

/** The texts in a choice that go on from piece to piece. */
const textsOf = (choice: JsonNode): readonly (readonly [string, JsonString])[] => {
  const delta = member(choice, 'delta');
  const own = delta?.kind === 'object' ? [...delta.members] : [];
  const spoken = member(member(delta, 'audio'), 'transcript');
  return [...own, ...(spoken === undefined ? [] : [['audio.transcript', spoken] as const])].flatMap(([name, node]) =>
    node.kind === 'string' && name !== 'role' && node.end - node.start > 2 ? [[name, node] as const] : [],
  );
};
