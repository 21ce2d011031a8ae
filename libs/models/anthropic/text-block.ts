/** Text, which passes as it comes but for its last word; and every block of a kind that is not looked at otherwise. */
import { type JsonNode, jsonString, member } from '../json-spans.js';
import type { TextCleaner } from '../text-cleaner.js';
import { type AnswerState, notUnderstood } from './answer-state.js';
import type { Block } from './blocks.js';
import { type Read, textIn, typeIn } from './body.js';
import { isResultBlock } from './kinds.js';
import { leafEdits } from './leaves.js';
import type { ModelEvent } from './model-event.js';

/** Of longer texts nobody remembers what they were. */
const longestKept = 4 * 1024 * 1024;
const elsewhere = new Set(['input_json_delta', 'thinking_delta', 'signature_delta']);

export class TextBlock<Out> implements Block<Out> {
  readonly #cleaner: TextCleaner;
  #last: ModelEvent<Out> | undefined;
  #said = '';
  #shown = '';

  constructor(
    private readonly start: ModelEvent<Out>,
    private readonly state: AnswerState,
  ) {
    this.#cleaner = state.masker.cleaner();
  }

  get holds(): boolean {
    return this.#cleaner.holds;
  }

  begin(): Out[] {
    const block = this.start.part('content_block');
    this.#remember(block);
    const text = textIn(block, 'text');
    if (text === undefined) return [this.#masked(this.start)];
    return [this.#with(this.start, block, text, this.#push(text))];
  }

  delta(event: ModelEvent<Out>): Out[] {
    const delta = event.part('delta');
    const type = typeIn(delta);
    if (elsewhere.has(type)) throw notUnderstood(`a block of text goes on with "${type}"`);
    const text = textIn(delta, 'text');
    if (type !== 'text_delta') return [this.#masked(event)];
    if (text === undefined) throw notUnderstood('a piece of text has no text');
    this.#last = event;
    const passes = this.#push(text);
    return passes === '' && text !== '' ? [] : [this.#with(event, delta, text, passes)];
  }

  async stop(event: ModelEvent<Out>): Promise<Out[]> {
    const rest = this.#cleaner.end();
    this.#keep('', rest);
    this.#tell();
    const end = this.#masked(event);
    return rest === '' ? [end] : [this.#rest(event, rest), end];
  }

  /** The result of a tool that the provider ran comes whole, with the first event. */
  #remember(block: Read): void {
    const id = textIn(block, 'tool_use_id');
    const content = member(block.node, 'content');
    if (!isResultBlock(typeIn(block)) || id === undefined || content === undefined) return;
    const isChanged = leafEdits(block.document, content, this.state.uncounted).length > 0;
    const said = block.document.subarray(content.start, content.end);
    this.state.spoken.keep('content', id, isChanged ? said : undefined);
  }

  #masked(event: ModelEvent<Out>, skip?: JsonNode): Out {
    return event.edited(leafEdits(event.document, event.node, this.state.masker, skip));
  }

  /** @param holder what has the text in the event */
  #with(event: ModelEvent<Out>, { node }: Read, text: string, passes: string): Out {
    const written = member(node, 'text')!;
    if (passes === text) return this.#masked(event, written);
    const { start, end } = written;
    const edits = leafEdits(event.document, event.node, this.state.masker, written);
    return event.edited([...edits, { start, end, bytes: jsonString(passes) }]);
  }

  #push(text: string): string {
    const passes = this.#cleaner.push(text);
    this.#keep(text, passes);
    return passes;
  }

  #keep(said: string, shown: string): void {
    if (this.#said.length > longestKept) return;
    this.#said += said;
    this.#shown += shown;
  }

  #tell(): void {
    this.state.shown(this.#shown);
    if (this.#said === '' || this.#said.length > longestKept) return;
    this.state.spoken.keep('text', this.#shown, this.#said === this.#shown ? undefined : jsonString(this.#said));
  }

  #rest(stop: ModelEvent<Out>, text: string): Out {
    if (this.#last !== undefined) return this.#with(this.#last, this.#last.part('delta'), '', text);
    return stop.instead({
      type: 'content_block_delta',
      index: stop.index,
      delta: { type: 'text_delta', text },
    });
  }
}
