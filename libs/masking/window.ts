import { alphanumeric, type ByteClass, classOf, code, NONE } from './byte-class.js';

const neverParted = (): boolean => false;

/**
 * The part of a text that is in memory, read by absolute position. Before the first byte of the text there is NONE; past
 * the last byte in memory there is NONE too, and `touched` remembers that somebody asked: what was then concluded is
 * final only if the text ends there.
 */
export class Window {
  touched = false;
  /** Absolute position of the first byte that may be read; whatever else `bytes` holds before it is not the text's. */
  begin: number;
  /** Absolute position after the last one. */
  end: number;

  constructor(
    readonly bytes: Uint8Array,
    /** Absolute position of `bytes[0]`. */
    readonly base = 0,
    /** The text ends where the bytes end. */
    readonly final = true,
    /** Something invisible stood before the byte at this position: a word may begin there, or have ended. */
    readonly isParted: (position: number) => boolean = neverParted,
  ) {
    this.begin = base;
    this.end = base + bytes.length;
  }

  /** Looks at nothing but this part, which is a text of its own. */
  look(begin: number, end: number): void {
    this.begin = begin;
    this.end = end;
  }

  at(position: number): number {
    if (position >= this.end) {
      this.touched = true;
      return NONE;
    }
    return position < this.begin ? NONE : this.bytes[position - this.base]!;
  }

  /** Bytes from `start` up to, without, `end`, as they are in memory. */
  slice(start: number, end: number): Uint8Array {
    return this.bytes.subarray(Math.max(this.begin, start) - this.base, Math.max(this.begin, end) - this.base);
  }

  /** One character for each byte. */
  latin1(start: number, end: number): string {
    let text = '';
    for (let position = start; position < end; position += 1) {
      const byte = this.at(position);
      if (byte !== NONE) text += String.fromCharCode(byte);
    }
    return text;
  }

  /** How many bytes of the class stand from `start` on, at most `most`; does not look further than that. */
  run(start: number, inside: ByteClass, most: number): number {
    let length = 0;
    while (length < most && inside[this.at(start + length)] === 1) length += 1;
    return length;
  }
}

const escapeLetter = classOf(/[bfnrtv]/);

/** The byte before `start` is escaped, as in the two characters `\n` of JSON, COPY or a log. */
export const afterEscape = (window: Window, start: number): boolean =>
  escapeLetter[window.at(start - 1)] === 1 && window.at(start - 2) === code('\\');

/** No letter or digit before `start`; the letter of an escape does not count. */
export const startsWord = (window: Window, start: number): boolean =>
  alphanumeric[window.at(start - 1)] !== 1 || afterEscape(window, start) || window.isParted(start);

export const endsWord = (window: Window, end: number): boolean =>
  alphanumeric[window.at(end)] !== 1 || window.isParted(end);
