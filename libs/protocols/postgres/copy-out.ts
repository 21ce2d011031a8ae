/**
 * Cleans what COPY … TO STDOUT sends. A server sends one row in each CopyData message; the protocol does not promise it,
 * so a message that is not one whole row of the announced columns is not understood, and nothing of it is released.
 * Formats: https://www.postgresql.org/docs/current/sql-copy.html
 */
import { GatewayError } from '@sallyport/core';
import type { Masker } from '@sallyport/masking';
import type { CopyDescription } from '@sallyport/sql';
import type { CopyResponse } from './backend.js';
import { CopyRows, copyEncoding } from './copy-rows.js';
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
  const columns = masks.map((mask, index) => ({
    name: nameAt(names, index),
    mask: mask && (isNullPlain(description) ? mask : wholeMask(mask.rule)),
  }));
  const rows = new CopyRows(copyEncoding(description), columns, masker);
  return {
    clean: (data, hidden) => {
      if (header) {
        header = false;
        return data.raw;
      }
      const parts = rows.clean(data.body, hidden);
      if (parts === undefined) throw notUnderstood('a message of this COPY is not one row of the announced columns');
      return message('d', ...parts);
    },
  };
}

/**
 * Text format writes a value that is the same as the client's own word for NULL as it stands, so that the word would tell
 * which value is the same. CSV puts such a value into quotes, and writes \N as a value another way.
 */
const isNullPlain = ({ format, null: word }: CopyDescription): boolean =>
  format === 'csv' || word === '\\N' || word === '';

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

interface BinaryField {
  readonly mask: AnswerMask | undefined;
  readonly name: string;
  readonly masker: Masker;
  readonly hidden: Hidden;
}

const unknownType = { type: 0, format: 1 };

function cleanBinaryField(value: Buffer | null, { mask, masker, hidden, name }: BinaryField): Buffer | null {
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
