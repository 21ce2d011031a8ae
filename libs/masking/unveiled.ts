import { isAscii } from 'node:buffer';
import { cutAt, INVISIBLE, isWithinValue, lengthOf, opensVeil, readingOf, veilAt } from './veil.js';
import { Window } from './window.js';
import { nextPair, wordsOf } from './words.js';

/** More than this between two characters of a value is not seen through, in bytes: what a stream keeps is bounded. */
const longestRun = 64;

/**
 * A part of a text as the eye reads it: without what is invisible, the forms of ASCII characters as ASCII. Positions in
 * `window` are its own, from 0; they are told from and to those of the raw text by the places where the two differ.
 */
export class Unveiled {
  readonly window: Window;
  /** By place: the position in `window`, where the raw text before it ends, and where the raw text behind it begins. */
  private readonly at: number[] = [0];
  private readonly ends: number[];
  private readonly starts: number[];

  /** @param raw its part from `begin` to `end`, but for what may be the beginning of a veil */
  constructor(raw: Window) {
    this.ends = [raw.begin];
    this.starts = [raw.begin];
    this.window = new Window(this.read(raw), 0, raw.final, (position) => this.parted(position));
  }

  private read(raw: Window): Uint8Array {
    const { bytes, base } = raw;
    const [first, end] = [raw.begin - base, cutAt(raw) - base];
    const out = Buffer.from(bytes.subarray(first, end));
    const words = wordsOf(bytes, end - first);
    let [length, copied] = [0, first];
    for (let index = nextPair(bytes, words, opensVeil, first, end); index < end; ) {
      const next = veilEnd(bytes, index, end);
      const reading = next > index ? readingOf(veilAt(bytes, index, end)) : INVISIBLE;
      if (next - index > 0 && next - index <= longestRun && isWithinValue(raw, index, next, reading)) {
        out.copyWithin(length, copied - first, index - first);
        length += index - copied;
        copied = next;
        if (reading !== INVISIBLE) {
          out[length] = reading;
          length += 1;
        }
        this.note(length, (reading === INVISIBLE ? index : next) + base, next + base);
      }
      index = nextPair(bytes, words, opensVeil, Math.max(next, index + 1), end);
    }
    out.copyWithin(length, copied - first, end - first);
    return out.subarray(0, length + end - copied);
  }

  private note(position: number, end: number, start: number): void {
    const last = this.at.length - 1;
    if (this.at[last] === position) this.starts[last] = start;
    else {
      this.at.push(position);
      this.ends.push(end);
      this.starts.push(start);
    }
  }

  /** @returns the last place of which `keys` says `key` or less */
  private placeOf(keys: readonly number[], key: number): number {
    let [low, high] = [0, keys.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (keys[middle]! <= key) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Where in the raw text the character at `position` begins. */
  startOf(position: number): number {
    const place = this.placeOf(this.at, position);
    return this.starts[place]! + position - this.at[place]!;
  }

  /** Where in the raw text the character before `position` ends. */
  endOf(position: number): number {
    const place = this.placeOf(this.at, position);
    return (this.at[place] === position ? this.ends : this.starts)[place]! + position - this.at[place]!;
  }

  /** The first position whose character begins at `raw` or later. */
  positionOf(raw: number): number {
    if (raw < this.starts[0]!) return 0;
    const place = this.placeOf(this.starts, raw);
    return Math.min(this.at[place]! + raw - this.starts[place]!, this.at[place + 1] ?? this.window.end);
  }

  /** Something invisible stands before the character at `position`: a word may begin there, or have ended. */
  private parted(position: number): boolean {
    const place = this.placeOf(this.at, position);
    return this.at[place] === position && this.ends[place]! < this.starts[place]!;
  }
}

/** @returns the index after the veil that begins at `start`, or after all that is invisible there; `start` for none */
const veilEnd = (bytes: Uint8Array, start: number, end: number): number => {
  let found = veilAt(bytes, start, end);
  if (found > 0 && readingOf(found) !== INVISIBLE) return start + lengthOf(found);
  let next = start;
  for (; found > 0 && readingOf(found) === INVISIBLE; found = next < end ? veilAt(bytes, next, end) : 0)
    next += lengthOf(found);
  return next;
};

/** What a value is, however it was written. */
export const plainly = (value: Uint8Array): Uint8Array =>
  isAscii(value) && !value.includes(0x5c) ? value : new Unveiled(new Window(value)).window.bytes;
