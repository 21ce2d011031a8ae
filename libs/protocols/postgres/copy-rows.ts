/**
 * Hides fields in rows of COPY … TO STDOUT in text and CSV format, on bytes: what is not masked is written anew only where a
 * detector finds something in it.
 */
import type { Masker } from '@sallyport/masking';
import type { CopyEncoding } from './copy-encoding.js';
import type { AnswerMask } from './origin.js';
import type { Rewriter } from './rewriter.js';
import { isConstant } from './values.js';

const lineFeed = 0x0a;

interface HiddenColumn {
  readonly mask: AnswerMask;
  readonly rules: readonly string[];
  readonly name: string;
  /** What stands for every value, where the mask does not look at it. */
  readonly constant: Buffer | undefined;
}

export interface CopyColumn {
  readonly mask: AnswerMask | undefined;
  readonly name: string;
}

/** Rows of one COPY. Knows its columns; holds nothing of a row. */
export class CopyRows {
  readonly #encoding: CopyEncoding;
  readonly #columns: readonly CopyColumn[];
  readonly #hidden: readonly (HiddenColumn | undefined)[];
  readonly #null: Buffer;
  readonly #masker: Masker;
  /** Of the row at hand. */
  readonly #ends: Int32Array;

  constructor(encoding: CopyEncoding, columns: readonly CopyColumn[], masker: Masker) {
    this.#masker = masker;
    this.#encoding = encoding;
    this.#columns = columns;
    this.#null = Buffer.from(encoding.null, 'utf8');
    this.#ends = new Int32Array(columns.length);
    this.#hidden = columns.map(({ mask, name }) => {
      if (mask === undefined) return undefined;
      return { mask, name, rules: [mask.rule], constant: isConstant(mask) ? this.#written(mask, '') : undefined };
    });
  }

  /**
   * Hides what must be hidden of the row from `start` up to, without, `end`, where its line feed has been.
   * @returns false where it is not one row of these columns
   */
  clean(row: Rewriter, start: number, end: number): boolean {
    const ends = this.#ends;
    const last = end - 1;
    if (last < start || row.bytes[last] !== lineFeed) return false;
    if (this.#encoding.fieldEnds({ bytes: row.bytes, start, end: last }, ends) !== ends.length) return false;
    let from = start;
    for (let index = 0; index < ends.length; index += 1) {
      const to = ends[index]!;
      const column = this.#hidden[index];
      if (column !== undefined) this.#hide(row, from, to, column);
      else if (to > from) this.#look(row, from, to, index);
      from = to + 1;
    }
    return true;
  }

  #hide(row: Rewriter, start: number, end: number, { mask, rules, name, constant }: HiddenColumn): void {
    if (mask.hidesNull !== true && this.#isNull(row.bytes, start, end)) return;
    row.hidden.add(rules, name);
    row.replace(start, end, constant ?? this.#written(mask, this.#encoding.decode(row.bytes.subarray(start, end))));
  }

  #isNull(bytes: Uint8Array, start: number, end: number): boolean {
    const word = this.#null;
    if (end - start !== word.length) return false;
    for (let index = 0; index < word.length; index += 1) if (bytes[start + index] !== word[index]) return false;
    return true;
  }

  #written(mask: AnswerMask, value: string): Buffer {
    const shown = mask.apply(value);
    return shown === null ? this.#null : Buffer.from(this.#encoding.encode(shown), 'utf8');
  }

  /** Of the row from `start` up to, without, `end` some value may be written otherwise than it is. */
  isEscaped(bytes: Buffer, start: number, end: number): boolean {
    if (bytes !== this.#marked.bytes) this.#marked = { bytes, next: -1 };
    if (this.#marked.next < start) {
      const next = bytes.indexOf(this.#encoding.mark, start);
      this.#marked.next = next === -1 ? Number.POSITIVE_INFINITY : next;
    }
    return this.#marked.next < end;
  }
  /** Where the next mark stands: looked for once, however many rows there are before it. */
  #marked: { readonly bytes: Buffer; next: number } = { bytes: Buffer.alloc(0), next: -1 };

  /** A column that no rule names: as it stands unless a detector finds something. */
  #look(row: Rewriter, start: number, end: number, index: number): void {
    const { mark, isQuote, isOdd } = this.#encoding;
    const isQuoted = isQuote && row.bytes[start] === mark;
    if (isOdd || this.isEscaped(row.bytes, isQuoted ? start + 1 : start, isQuoted ? end - 1 : end))
      return this.#lookDecoded(row, start, end, index);
    const found = row.find(start, end);
    if (found === undefined || this.#isNull(row.bytes, start, end)) return;
    row.hidden.add(found.rules, this.#columns[index]!.name);
    for (const one of found.replacements) row.replace(one.start, one.end, one.bytes);
  }

  /** Escapes may stand in the midst of what a detector knows: it looks at the value, and then at how it is written. */
  #lookDecoded(row: Rewriter, start: number, end: number, index: number): void {
    if (this.#isNull(row.bytes, start, end)) return;
    const field = row.bytes.subarray(start, end);
    const inValue = this.#masker.scanText(this.#encoding.decode(field));
    const shown = inValue === undefined ? field : Buffer.from(this.#encoding.encode(inValue.text), 'utf8');
    const asWritten = this.#masker.scanText(shown.toString('utf8'));
    for (const found of [inValue, asWritten])
      if (found !== undefined) row.hidden.add(found.rules, this.#columns[index]!.name);
    if (asWritten !== undefined) row.replace(start, end, this.#rewritten(asWritten.text));
    else if (inValue !== undefined) row.replace(start, end, shown);
  }

  /** What stands for a hidden value may hold what parts fields. */
  #rewritten(text: string): Buffer {
    const encoding = this.#encoding;
    const bytes = Buffer.from(text, 'utf8');
    return encoding.isOdd ? Buffer.from(encoding.encode(encoding.decode(bytes)), 'utf8') : bytes;
  }
}
