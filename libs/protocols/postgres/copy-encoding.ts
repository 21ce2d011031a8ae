/** How rows of COPY are written in text and CSV format. https://www.postgresql.org/docs/current/sql-copy.html (File Formats) */
import type { CopyDescription } from '@sallyport/sql';

const backslash = 0x5c;

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
  /** A value without this byte is written as it is; so is one that has it around itself only, where it is a quote. */
  readonly mark: number;
  readonly isQuote: boolean;
  /**
   * What parts fields may look like a part of the values beside it, or is met in values that detectors know, or it or the quote
   * in what stands for them.
   */
  readonly isOdd: boolean;
}

const letters: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
const unescaped = (field: string): string => field.replace(/\\(.)/gs, (_, letter: string) => letters[letter] ?? letter);
const written: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** They end every word, and no value that a detector knows needs one. */
const isUsual = (delimiter: string): boolean => ['\t', ',', ';', '|'].includes(delimiter);

const textEncoding = ({ delimiter, null: word }: CopyDescription): CopyEncoding => ({
  fieldEnds: textFieldEnds(delimiter.charCodeAt(0)),
  decode: (field) => unescaped(field.toString('utf8')),
  encode: (value) =>
    Array.from(
      value,
      (character) => written[character] ?? (character === delimiter ? `\\${character}` : character),
    ).join(''),
  null: word,
  mark: backslash,
  isQuote: false,
  isOdd: !isUsual(delimiter),
});

const csvEncoding = ({ delimiter, quote, escape: before, null: word }: CopyDescription): CopyEncoding => {
  const marks = { delimiter: delimiter.charCodeAt(0), quote: quote.charCodeAt(0), escape: before.charCodeAt(0) };
  const escapes = (next: string | undefined) => next === quote || next === before;
  return {
    fieldEnds: csvFieldEnds(marks),
    decode: (field) => {
      const text = field.toString('utf8');
      const isQuoted = text.startsWith(quote) && text.endsWith(quote) && text.length > 1;
      return isQuoted ? withoutEscapes(text.slice(1, -1), before, escapes) : text;
    },
    encode: (value) => quote + Array.from(value, (one) => (escapes(one) ? before + one : one)).join('') + quote,
    null: word,
    mark: marks.quote,
    isQuote: before === quote, // or there may be escapes without a quote in between
    isOdd: !isUsual(delimiter) || quote !== '"',
  };
};

function withoutEscapes(text: string, before: string, escapes: (next: string | undefined) => boolean): string {
  let value = '';
  for (let index = 0; index < text.length; index += 1) {
    if (text[index] === before && escapes(text[index + 1])) index += 1;
    value += text[index]!;
  }
  return value;
}

export const copyEncoding = (description: CopyDescription): CopyEncoding =>
  description.format === 'csv' ? csvEncoding(description) : textEncoding(description);
