/**
 * Takes a piece of the target's bytes over, message by message: as it stands as long as nothing in it is hidden, and from
 * then on copied once, with what stands for hidden values written between.
 */
import type { Finder, Findings, Masker } from '@sallyport/masking';
import type { Hidden } from './hidden.js';
import { header, type MessageReader } from './wire.js';

/** Up to this many bytes a loop is faster than a call. */
const fewBytes = 40;
const leastSpare = 256;

export class Rewriter {
  /** The piece; what is to be replaced is named by positions in it. */
  readonly bytes: Buffer;
  /** What was hidden is noted here by whoever hides it. */
  readonly hidden: Hidden;
  readonly #masker: Masker;
  #finder: Finder | undefined;
  /** Where it begins to be taken over. */
  readonly #from: number;
  /** Everything before it is in `#out`, if there is an `#out`. */
  #done: number;
  #out: Buffer | undefined;
  #used = 0;
  #message: number;
  /** Where in `#out` the message at hand begins; -1 where nothing of it has been replaced. */
  #changed = -1;

  constructor(bytes: Buffer, from: number, { hidden, masker }: { readonly hidden: Hidden; readonly masker: Masker }) {
    this.bytes = bytes;
    this.#masker = masker;
    this.hidden = hidden;
    this.#from = from;
    this.#done = from;
    this.#message = from;
  }

  /** What is said next is about the message that begins here. */
  begin(at: number): void {
    this.#message = at;
    this.#changed = -1;
  }

  /** What detectors find in a value of the message at hand; undefined for nothing. */
  find(start: number, end: number): Findings | undefined {
    return (this.#finder ??= this.#masker.finder(this.bytes))(start, end);
  }

  /** Of the body of the message at hand; in their order. */
  replace(start: number, end: number, instead: Uint8Array): void {
    const kept = start - this.#done;
    const out = this.#room(kept + instead.length);
    if (this.#changed === -1) this.#changed = this.#used + this.#message - this.#done;
    copy(this.bytes, this.#done, out, this.#used, kept);
    copy(instead, 0, out, this.#used + kept, instead.length);
    this.#used += kept + instead.length;
    this.#done = end;
  }

  /** The message at hand ends here: it says itself how long it has become. */
  end(at: number): void {
    if (this.#changed === -1) return;
    const length = this.#used - this.#changed + at - this.#done - 1;
    this.#out!.writeInt32BE(length, this.#changed + 1);
  }

  /** @returns everything up to `at`, where a message has ended */
  taken(at: number): Buffer {
    if (this.#out === undefined) return this.bytes.subarray(this.#from, at);
    const kept = at - this.#done;
    const out = this.#room(kept);
    copy(this.bytes, this.#done, out, this.#used, kept);
    return out.subarray(0, this.#used + kept);
  }

  #room(more: number): Buffer {
    if (this.#out !== undefined && this.#used + more <= this.#out.length) return this.#out;
    const expected = this.#used + more + (this.bytes.length - this.#done) + leastSpare;
    const out = Buffer.allocUnsafe(expected + (this.#used >> 1));
    this.#out?.copy(out, 0, 0, this.#used);
    this.#out = out;
    return out;
  }
}

function copy(from: Uint8Array, start: number, to: Buffer, at: number, size: number): void {
  if (size > fewBytes) {
    to.set(from.subarray(start, start + size), at);
    return;
  }
  for (let index = 0; index < size; index += 1) to[at + index] = from[start + index]!;
}

/** Cleans messages that each hold one row. */
export interface RowCleaner {
  readonly masker: Masker;
  /**
   * Replaces what must be hidden of the row that stands in `row.bytes` from `start` up to, without, `end`.
   * Throws when the row is not what was announced.
   */
  clean(row: Rewriter, start: number, end: number): void;
}

/** @returns the message as it goes out, itself where nothing had to be hidden */
export function cleanOne(message: Buffer, cleaner: RowCleaner, hidden: Hidden): Buffer {
  const row = new Rewriter(message, 0, { hidden, masker: cleaner.masker });
  cleaner.clean(row, header, message.length);
  row.end(message.length);
  return row.taken(message.length);
}

/**
 * Takes the messages of one type that stand at the front of what has arrived, as far as they are whole and in one piece.
 * @returns how they go out; undefined where there are none
 */
export function cleanRun(reader: MessageReader, type: number, cleaner: RowCleaner, hidden: Hidden): Buffer | undefined {
  const { piece, offset } = reader;
  let end = reader.endOf(piece, offset, type);
  if (end < 0) return undefined;
  const row = new Rewriter(piece, offset, { hidden, masker: cleaner.masker });
  let start = offset;
  for (; end >= 0; end = reader.endOf(piece, start, type)) {
    row.begin(start);
    cleaner.clean(row, start + header, end);
    row.end(end);
    start = end;
  }
  reader.skipTo(start);
  return row.taken(start);
}
