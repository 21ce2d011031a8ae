/** One event of an answer, on its way to the client: it waits until it is known what of its texts may pass. */
import { edit, type JsonEdit, type JsonString, jsonString, textOf } from '../json-spans.js';

/** What an event carries, and how it is written where that has become another. */
export interface Envelope<Event> {
  readonly document: Uint8Array;
  /** @param document absent where it is what it was: then the event passes as it came, to the byte */
  write(document?: Uint8Array): Event;
}

/** A text in an event that is a piece of a longer one. */
export class Piece {
  readonly text: string;
  #out: Uint8Array[] = [];
  #isChanged = false;
  #isSettled = false;

  constructor(
    document: Uint8Array,
    private readonly node: JsonString,
  ) {
    this.text = textOf(document, node);
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  get isChanged(): boolean {
    return this.#isChanged;
  }

  add(bytes: Uint8Array): void {
    this.#out.push(bytes);
  }

  change(): void {
    this.#isChanged = true;
  }

  settle(): void {
    this.#isSettled = true;
  }

  get edits(): readonly JsonEdit[] {
    if (!this.#isChanged) return [];
    const { start, end } = this.node;
    return [{ start, end, bytes: jsonString(Buffer.concat(this.#out).toString()) }];
  }
}

export class Entry<Event> {
  readonly pieces: Piece[] = [];
  readonly edits: JsonEdit[] = [];

  constructor(
    readonly envelope: Envelope<Event>,
    /** Edits that are made where a piece has become another text. */
    private readonly beside: readonly JsonEdit[] = [],
    /** The last word on the edits, asked when the event leaves. */
    private readonly atLast: (edits: JsonEdit[]) => JsonEdit[] = (edits) => edits,
  ) {}

  piece(node: JsonString): Piece {
    const piece = new Piece(this.envelope.document, node);
    this.pieces.push(piece);
    return piece;
  }

  get size(): number {
    return this.envelope.document.length;
  }

  get isSettled(): boolean {
    return this.pieces.every(({ isSettled }) => isSettled);
  }

  leave(): Event {
    const isChanged = this.pieces.some((piece) => piece.isChanged);
    const all = [...this.edits, ...this.pieces.flatMap(({ edits }) => edits), ...(isChanged ? this.beside : [])];
    const edits = this.atLast(all).sort((left, right) => left.start - right.start);
    const { document } = this.envelope;
    return this.envelope.write(edits.length === 0 ? undefined : edit(document, outermost(edits)));
  }
}

/** An edit that stands within another is none of its own. */
const outermost = (edits: readonly JsonEdit[]): JsonEdit[] => {
  const kept: JsonEdit[] = [];
  for (const one of edits) if (one.start >= (kept.at(-1)?.end ?? 0)) kept.push(one);
  return kept;
};
