/** A tool call: nothing of it passes before it is whole and decided. */
import { type JsonEdit, type JsonNode, jsonString, member } from '../json-spans.js';
import { type AnswerState, notUnderstood } from './answer-state.js';
import type { Block } from './blocks.js';
import { textIn, typeIn } from './body.js';
import { leafEdits } from './leaves.js';
import type { ModelEvent } from './model-event.js';
import { settle } from './tool-call.js';

/** Of JSON text in one event. */
const longestPiece = 16 * 1024;

export class CallBlock<Out> implements Block<Out> {
  readonly holds = true;
  readonly #deltas: ModelEvent<Out>[] = [];
  readonly #pieces: string[] = [];
  #held = 0;

  constructor(
    private readonly start: ModelEvent<Out>,
    private readonly state: AnswerState,
  ) {}

  begin(): Out[] {
    this.#hold(this.start);
    return [];
  }

  delta(event: ModelEvent<Out>): Out[] {
    this.#hold(event);
    this.#deltas.push(event);
    const delta = event.part('delta');
    const type = typeIn(delta);
    if (type === 'text_delta') throw notUnderstood('a tool call goes on with a text');
    const piece = textIn(delta, 'partial_json');
    if (piece !== undefined) this.#pieces.push(piece);
    else if (type === 'input_json_delta') throw notUnderstood('a piece of a tool call has no JSON');
    return [];
  }

  async stop(event: ModelEvent<Out>): Promise<Out[]> {
    const input = this.#input();
    const { call, denial } = await settle(this.state, this.start.part('content_block'), input);
    this.state.release(this.#held);
    const end = event.edited(leafEdits(event.document, event.node, this.state.masker));
    if (denial !== undefined) return [...instead(event, denial), end];
    return [this.#begun(call.input), ...this.#went(input, call.input), end];
  }

  #hold({ document }: ModelEvent<Out>): void {
    this.#held += document.length;
    this.state.hold(document.length);
  }

  /** The input that the start event has: as a rule an empty object, before the pieces. */
  get #given(): JsonNode | undefined {
    return member(this.start.part('content_block').node, 'input');
  }

  #input(): string {
    const given = this.#given === undefined ? '{}' : this.start.written(this.#given);
    const told = this.#pieces.join('');
    if (told === '') return given;
    if (!/^\{\s*\}$/.test(given)) throw notUnderstood('a tool call gives its input twice');
    return told;
  }

  /** The start event; with the input in it where it came with that. */
  #begun(masked: string): Out {
    const given = this.#given;
    const edits = leafEdits(this.start.document, this.start.node, this.state.masker, given);
    if (given === undefined || this.#pieces.join('') !== '' || this.start.written(given) === masked)
      return this.start.edited(edits);
    return this.start.edited([...edits, { start: given.start, end: given.end, bytes: Buffer.from(masked) }]);
  }

  #went(input: string, masked: string): Out[] {
    const beside = (event: ModelEvent<Out>): JsonEdit[] =>
      leafEdits(event.document, event.node, this.state.masker, pieceIn(event));
    if (input === masked || this.#pieces.join('') === '')
      return this.#deltas.map((event) => event.edited(beside(event)));
    const [first, ...others] = this.#deltas.toSorted((left, right) => Number(isOther(left)) - Number(isOther(right)));
    const { start, end } = pieceIn(first!)!;
    const told = piecesOf(masked).map((text) =>
      first!.edited([...beside(first!), { start, end, bytes: jsonString(text) }]),
    );
    return [...told, ...others.filter(isOther).map((event) => event.edited(beside(event)))];
  }
}

const pieceIn = <Out>(event: ModelEvent<Out>): JsonNode | undefined => member(event.part('delta').node, 'partial_json');
const isOther = <Out>(event: ModelEvent<Out>): boolean => pieceIn(event) === undefined;

const piecesOf = (text: string): string[] =>
  Array.from({ length: Math.ceil(text.length / longestPiece) }, (_, at) =>
    text.slice(at * longestPiece, (at + 1) * longestPiece),
  );

/** A text in the place of the call, under the same index. */
const instead = <Out>(stop: ModelEvent<Out>, text: string): Out[] => {
  const { index } = stop;
  return [
    stop.instead({ type: 'content_block_start', index, content_block: { type: 'text', text: '' } }),
    stop.instead({ type: 'content_block_delta', index, delta: { type: 'text_delta', text } }),
  ];
};
