/**
 * Hides masked fields in rows of COPY … TO STDOUT in text and CSV format, on bytes: what is not masked is neither decoded nor
 * written anew. https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.55.9 (File Formats)
 */
import type { CopyDescription } from '@sallyport/sql';
import type { AnswerMask } from './origin.js';
import type { Rewriter } from './rewriter.js';
import { isConstant } from './values.js';

const backslash = 0x5c;
const lineFeed = 0x0a;

/** One row among other bytes, without its line feed. */
export interface RowBytes {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/**
 * Finds where the fields of a row end: the first begins where the row does, each other one behind the delimiter.
 *
 * @param ends takes as many as it has room for
 * @returns how many fields there are; -1 for a row that is not understood
 */
export type FieldEnds = (row: RowBytes, ends: Int32Array) => number;

/** In text format a delimiter inside a value is escaped, so that every bare one separates. */
export const textFieldEnds =
  (delimiter: number): FieldEnds =>
  ({ bytes, start, end }, ends) => {
    let count = 0;
    for (let index = start; index < end; index += 1) {
      const byte = bytes[index]!;
      if (byte === delimiter) ends[count++] = index;
      else if (byte === backslash) index += 1;
    }
    ends[count++] = end;
    return count;
  };

export interface CsvMarks {
  readonly delimiter: number;
  readonly quote: number;
  readonly escape: number;
}

export const csvFieldEnds =
  ({ delimiter, quote, escape: before }: CsvMarks): FieldEnds =>
  ({ bytes, start, end }, ends) => {
    let count = 0;
    let quoted = false;
    for (let index = start; index < end; index += 1) {
      const byte = bytes[index]!;
      if (quoted && byte === before && (bytes[index + 1] === quote || bytes[index + 1] === before)) index += 1;
      else if (!quoted && byte === delimiter) ends[count++] = index;
      else if (byte === quote) quoted = !quoted;
    }
    ends[count++] = end;
    return quoted ? -1 : count;
  };

/** How values are written in one format. */
export interface CopyEncoding {
  readonly fieldEnds: FieldEnds;
  decode(field: Buffer): string;
  encode(value: string): string;
  readonly null: string;
}

const letters: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
const unescaped = (field: string): string => field.replace(/\\(.)/gs, (_, letter: string) => letters[letter] ?? letter);
const written: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

const textEncoding = ({ delimiter, null: word }: CopyDescription): CopyEncoding => ({
  fieldEnds: textFieldEnds(delimiter.charCodeAt(0)),
  decode: (field) => unescaped(field.toString('utf8')),
  encode: (value) =>
    Array.from(
      value,
      (character) => written[character] ?? (character === delimiter ? `\\${character}` : character),
    ).join(''),
  null: word,
});

const csvEncoding = ({ delimiter, quote, escape: before, null: word }: CopyDescription): CopyEncoding => {
  const marks = { delimiter: delimiter.charCodeAt(0), quote: quote.charCodeAt(0), escape: before.charCodeAt(0) };
  return {
    fieldEnds: csvFieldEnds(marks),
    decode: (field) => {
      const text = field.toString('utf8');
      const isQuoted = text.startsWith(quote) && text.endsWith(quote) && text.length > 1;
      return isQuoted ? text.slice(1, -1).replaceAll(before + quote, quote) : text;
    },
    encode: (value) => quote + value.replaceAll(quote, before + quote) + quote,
    null: word,
  };
};

export const copyEncoding = (description: CopyDescription): CopyEncoding =>
  description.format === 'csv' ? csvEncoding(description) : textEncoding(description);

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
  /** Of the row at hand. */
  readonly #ends: Int32Array;

  constructor(encoding: CopyEncoding, columns: readonly CopyColumn[]) {
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

  /** A column that no rule names: as it stands unless a detector finds something. */
  #look(row: Rewriter, start: number, end: number, index: number): void {
    const found = row.find(start, end);
    if (found === undefined || this.#isNull(row.bytes, start, end)) return;
    row.hidden.add(found.rules, this.#columns[index]!.name);
    for (const one of found.replacements) row.replace(one.start, one.end, one.bytes);
  }
}
