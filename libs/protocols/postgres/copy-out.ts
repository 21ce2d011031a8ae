/**
 * Cleans what COPY … TO STDOUT sends. A server sends one row in each CopyData message; the protocol does not promise it,
 * so a message that is not one whole row of the announced columns is not understood, and nothing of it is released.
 * Formats: https://www.postgresql.org/docs/current/sql-copy.html
 */
import { GatewayError } from '@sallyport/core';
import type { Masker } from '@sallyport/masking';
import type { CopyDescription } from '@sallyport/sql';
import type { CopyResponse } from './backend.js';
import type { Hidden } from './hidden.js';
import { type AnswerMask, wholeMask } from './origin.js';
import { cleanValue } from './values.js';
import { Fields, int16, int32, type Message, message } from './wire.js';

export interface CopyCleaner {
  clean(data: Message, hidden: Hidden): Buffer;
}

export interface CopyContext {
  readonly response: CopyResponse;
  readonly description: CopyDescription | undefined;
  /** One for each column; undefined where the columns are not known. */
  readonly masks: readonly (AnswerMask | undefined)[] | undefined;
  readonly masker: Masker;
  /** As the client knows them, as far as it does. */
  readonly names: readonly (string | undefined)[];
}

const nameAt = (names: CopyContext['names'], index: number): string => names[index] ?? `column ${index + 1}`;

export function copyCleaner(context: CopyContext): CopyCleaner {
  const { response, masks, masker, names } = context;
  const masked = masks?.some((mask) => mask !== undefined) ?? true;
  if (masked && masks?.length !== response.columns)
    throw notUnderstood('the columns of this COPY are not those of the catalogue');
  if (response.binary) return binaryCleaner(masks ?? [], masker, names);
  return masked ? maskingTextCleaner(context, masks!) : detectingTextCleaner(masker);
}

/** No column is masked: only detectors look at the row, as it stands. */
const detectingTextCleaner = (masker: Masker): CopyCleaner => ({
  clean: (data, hidden) => {
    const found = masker.scan(data.body);
    if (found === undefined) return data.raw;
    hidden.add(found.rules, 'a row of this COPY');
    return message('d', Buffer.from(found.bytes ?? '\n'));
  },
});

function maskingTextCleaner(
  { description, masker, names }: CopyContext,
  masks: readonly (AnswerMask | undefined)[],
): CopyCleaner {
  if (description === undefined || description.delimiter.length !== 1)
    throw notUnderstood('the format of this COPY is not known');
  let header = description.header;
  const hiding = masks.map((mask) => mask && (isNullPlain(description) ? mask : wholeMask(mask.rule)));
  return {
    clean: (data, hidden) => {
      if (header) {
        header = false;
        return data.raw;
      }
      const line = data.body.toString('utf8');
      if (!line.endsWith('\n')) throw notUnderstood('a COPY row does not end with its message');
      const fields =
        description.format === 'csv'
          ? splitCsv(line.slice(0, -1), description)
          : splitText(line.slice(0, -1), description.delimiter);
      if (fields.length !== masks.length) throw notUnderstood('a COPY row has not the announced columns');
      const cleaned = fields.map((field, index) =>
        cleanField({ field, mask: hiding[index], name: nameAt(names, index), description, masker, hidden }),
      );
      return message('d', Buffer.from(`${cleaned.join(description.delimiter)}\n`, 'utf8'));
    },
  };
}

/**
 * Text format writes a value that is the same as the client's own word for NULL as it stands, so that the word would tell
 * which value is the same. CSV puts such a value into quotes, and writes \N as a value another way.
 */
const isNullPlain = ({ format, null: word }: CopyDescription): boolean =>
  format === 'csv' || word === '\\N' || word === '';

interface FieldToClean {
  readonly field: string;
  readonly mask: AnswerMask | undefined;
  readonly name: string;
  readonly description: CopyDescription;
  readonly masker: Masker;
  readonly hidden: Hidden;
}

function cleanField({ field, mask, name, description, masker, hidden }: FieldToClean): string {
  if (field === description.null && mask?.hidesNull !== true) return field;
  if (mask !== undefined) {
    hidden.add([mask.rule], name);
    const masked = mask.apply(description.format === 'csv' ? unquote(field, description) : unescaped(field));
    return masked === null
      ? description.null
      : description.format === 'csv'
        ? quote(masked, description)
        : escaped(masked);
  }
  const found = masker.scanText(field);
  if (found === undefined) return field;
  hidden.add(found.rules, name);
  return found.text;
}

/** In text format a delimiter inside a value is escaped, so that every bare one separates. */
function splitText(line: string, delimiter: string): string[] {
  const fields: string[] = [];
  let field = '';
  for (let index = 0; index < line.length; index += 1) {
    const character = line[index]!;
    if (character === delimiter) {
      fields.push(field);
      field = '';
    } else if (character === '\\') field += character + (line[++index] ?? '');
    else field += character;
  }
  return [...fields, field];
}

/** Keeps the quotes with the field, so that an untouched field goes out as it came. */
function splitCsv(line: string, { delimiter, quote: mark, escape: before }: CopyDescription): string[] {
  const fields: string[] = [];
  let field = '';
  let quoted = false;
  for (let index = 0; index < line.length; index += 1) {
    const character = line[index]!;
    if (quoted && character === before && (line[index + 1] === mark || line[index + 1] === before))
      field += character + line[++index]!;
    else if (!quoted && character === delimiter) {
      fields.push(field);
      field = '';
    } else {
      if (character === mark) quoted = !quoted;
      field += character;
    }
  }
  if (quoted) throw notUnderstood('a COPY row ends inside quotes');
  return [...fields, field];
}

const unquote = (field: string, { quote: mark, escape: before }: CopyDescription): string =>
  field.startsWith(mark) && field.endsWith(mark) && field.length > 1
    ? field.slice(1, -1).replaceAll(before + mark, mark)
    : field;
const quote = (text: string, { quote: mark, escape: before }: CopyDescription): string =>
  mark + text.replaceAll(mark, before + mark) + mark;

const letters: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
const unescaped = (field: string): string => field.replace(/\\(.)/gs, (_, letter: string) => letters[letter] ?? letter);
const escaped = (text: string): string =>
  text.replace(/[\\\n\r\t]/g, (character) => ({ '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' })[character]!);

const signature = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');

/** Binary format: a header, then tuples of length-prefixed fields, then -1. Types are not told, so detectors decide on bytes. */
function binaryCleaner(
  masks: readonly (AnswerMask | undefined)[],
  masker: Masker,
  names: CopyContext['names'],
): CopyCleaner {
  return {
    clean: (data, hidden) => {
      const start = data.body.subarray(0, signature.length).equals(signature) ? headerSize(data.body) : 0;
      const fields = new Fields(data.body.subarray(start));
      const out: Buffer[] = [data.body.subarray(0, start)];
      while (fields.left > 0) out.push(...cleanTuple(fields, { masks, masker, names, hidden }));
      return message('d', ...out);
    },
  };
}

function headerSize(body: Buffer): number {
  const fields = new Fields(body.subarray(signature.length));
  fields.int32(); // flags
  fields.bytes(fields.int32());
  return signature.length + fields.offset;
}

interface BinaryColumns {
  readonly masks: readonly (AnswerMask | undefined)[];
  readonly hidden: Hidden;
}

function* cleanTuple(
  fields: Fields,
  { masks, masker, names, hidden }: Pick<CopyContext, 'masker' | 'names'> & BinaryColumns,
): Generator<Buffer> {
  const count = fields.int16();
  yield int16(count);
  if (count === -1) return;
  if (masks.length > 0 && count !== masks.length) throw notUnderstood('a COPY row has not the announced columns');
  for (let index = 0; index < count; index += 1) {
    const value = fields.value();
    const cleaned =
      value === null && masks[index]?.hidesNull !== true
        ? null
        : cleanBinaryField(value, { mask: masks[index], masker, hidden, name: nameAt(names, index) });
    yield int32(cleaned === null ? -1 : cleaned.length);
    if (cleaned !== null) yield cleaned;
  }
}

const unknownType = { type: 0, format: 1 };

function cleanBinaryField(
  value: Buffer | null,
  { mask, masker, hidden, name }: Pick<FieldToClean, 'mask' | 'masker' | 'hidden' | 'name'>,
): Buffer | null {
  if (mask !== undefined) {
    hidden.add([mask.rule], name);
    return null;
  }
  const found = value === null ? undefined : cleanValue(value, unknownType, masker);
  if (found === undefined) return value;
  hidden.add(found.rules, name);
  return found.value;
}

const notUnderstood = (text: string): GatewayError =>
  new GatewayError('RESPONSE_NOT_UNDERSTOOD', text, {
    hint: 'use COPY with the columns named, in text, csv or binary format, or SELECT',
  });
