/**
 * Hides masked fields in rows of COPY … TO STDOUT in text and CSV format, on bytes: what is not masked is neither decoded nor
 * written anew. https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.55.9 (File Formats)
 */
import type { Masker } from '@sallyport/masking';
import type { CopyDescription } from '@sallyport/sql';
import type { Hidden } from './hidden.js';
import type { AnswerMask } from './origin.js';

const backslash = 0x5c;

/** Where the fields of one row end; the first begins at 0, each other one behind the delimiter. */
export type FieldEnds = number[];

/** In text format a delimiter inside a value is escaped, so that every bare one separates. */
export function textFieldEnds(row: Buffer, end: number, delimiter: number): FieldEnds {
  const ends: FieldEnds = [];
  for (let index = 0; index < end; index += 1) {
    const byte = row[index]!;
    if (byte === delimiter) ends.push(index);
    else if (byte === backslash) index += 1;
  }
  ends.push(end);
  return ends;
}

export interface CsvMarks {
  readonly delimiter: number;
  readonly quote: number;
  readonly escape: number;
}

/** @returns undefined for a row that ends inside quotes */
export function csvFieldEnds(
  row: Buffer,
  end: number,
  { delimiter, quote, escape: before }: CsvMarks,
): FieldEnds | undefined {
  const ends: FieldEnds = [];
  let quoted = false;
  for (let index = 0; index < end; index += 1) {
    const byte = row[index]!;
    if (quoted && byte === before && (row[index + 1] === quote || row[index + 1] === before)) index += 1;
    else if (!quoted && byte === delimiter) ends.push(index);
    else if (byte === quote) quoted = !quoted;
  }
  ends.push(end);
  return quoted ? undefined : ends;
}

/** How values are written in one format. */
export interface CopyEncoding {
  /** @returns undefined where the row is not understood */
  fieldEnds(row: Buffer, end: number): FieldEnds | undefined;
  decode(field: Buffer): string;
  encode(value: string): string;
  readonly null: string;
}

const letters: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
const unescaped = (field: string): string => field.replace(/\\(.)/gs, (_, letter: string) => letters[letter] ?? letter);
const written: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

const textEncoding = ({ delimiter, null: word }: CopyDescription): CopyEncoding => ({
  fieldEnds: (row, end) => textFieldEnds(row, end, delimiter.charCodeAt(0)),
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
    fieldEnds: (row, end) => csvFieldEnds(row, end, marks),
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

/** Rows of one COPY. Knows its columns; holds one row at a time. */
export class CopyRows {
  readonly #encoding: CopyEncoding;
  readonly #columns: readonly CopyColumn[];
  readonly #hidden: readonly (HiddenColumn | undefined)[];
  readonly #null: Buffer;
  readonly #masker: Masker;

  constructor(encoding: CopyEncoding, columns: readonly CopyColumn[], masker: Masker) {
    this.#encoding = encoding;
    this.#columns = columns;
    this.#masker = masker;
    this.#null = Buffer.from(encoding.null, 'utf8');
    this.#hidden = columns.map(({ mask, name }) => {
      if (mask === undefined) return undefined;
      const constant = mask.action === 'redact' || mask.action === 'null' ? this.#written(mask, '') : undefined;
      return { mask, name, rules: [mask.rule], constant };
    });
  }

  /**
   * @param row with its line feed
   * @returns the parts of the row as it goes out; undefined where it is not one row of these columns
   */
  clean(row: Buffer, hidden: Hidden): Buffer[] | undefined {
    const end = row.length - 1;
    if (row[end] !== 0x0a) return undefined;
    const ends = this.#encoding.fieldEnds(row, end);
    if (ends?.length !== this.#hidden.length) return undefined;
    const parts: Buffer[] = [];
    let shownFrom = 0; // of the columns that are looked at next by the detectors, all at once
    let start = 0;
    for (let index = 0; index < ends.length; index += 1) {
      const column = this.#hidden[index];
      const fieldEnd = ends[index]!;
      if (column !== undefined) {
        this.#show(row, ends, { from: shownFrom, to: index }, parts, hidden);
        if (index > 0) parts.push(row.subarray(start - 1, start));
        parts.push(this.#hide(row.subarray(start, fieldEnd), column, hidden));
        shownFrom = index + 1;
      }
      start = fieldEnd + 1;
    }
    this.#show(row, ends, { from: shownFrom, to: ends.length }, parts, hidden);
    parts.push(row.subarray(end));
    return parts;
  }

  #hide(field: Buffer, { mask, rules, name, constant }: HiddenColumn, hidden: Hidden): Buffer {
    if (mask.hidesNull !== true && field.equals(this.#null)) return field;
    hidden.add(rules, name);
    return constant ?? this.#written(mask, this.#encoding.decode(field));
  }

  #written(mask: AnswerMask, value: string): Buffer {
    const shown = mask.apply(value);
    return shown === null ? this.#null : Buffer.from(this.#encoding.encode(shown), 'utf8');
  }

  /** Columns side by side that no rule names, with the delimiter before them: as they stand unless a detector finds something. */
  #show(
    row: Buffer,
    ends: FieldEnds,
    { from, to }: { from: number; to: number },
    parts: Buffer[],
    hidden: Hidden,
  ): void {
    if (from === to) return;
    const start = from === 0 ? 0 : ends[from - 1]!;
    const slice = row.subarray(start, ends[to - 1]);
    if (this.#masker.scan(slice) === undefined) return void parts.push(slice);
    for (let index = from; index < to; index += 1) {
      const fieldStart = index === 0 ? 0 : ends[index - 1]! + 1;
      if (index > 0) parts.push(row.subarray(fieldStart - 1, fieldStart));
      parts.push(this.#find(row.subarray(fieldStart, ends[index]), this.#columns[index]!.name, hidden));
    }
  }

  #find(field: Buffer, name: string, hidden: Hidden): Buffer {
    const found = field.equals(this.#null) ? undefined : this.#masker.scanText(field.toString('utf8'));
    if (found === undefined) return field;
    hidden.add(found.rules, name);
    return Buffer.from(found.text, 'utf8');
  }
}
