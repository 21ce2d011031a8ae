/**
 * Cleans what COPY … TO STDOUT sends. A server sends one row in each CopyData message; the protocol does not promise it,
 * so a message that is not one whole row of the announced columns is not understood, and nothing of it is released.
 * Formats: https://www.postgresql.org/docs/current/sql-copy.html
 */
import { GatewayError } from '@sallyport/core';
import type { Masker } from '@sallyport/masking';
import type { CopyDescription } from '@sallyport/sql';
import type { CopyResponse } from './backend.js';
import { copyEncoding } from './copy-encoding.js';
import { CopyRows } from './copy-rows.js';
import { type AnswerMask, wholeMask } from './origin.js';
import type { Rewriter, RowCleaner } from './rewriter.js';
import { cleanValue } from './values.js';
import { Fields, int32 } from './wire.js';

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

export function copyCleaner(context: CopyContext): RowCleaner {
  const { response, masks, masker, names } = context;
  const masked = masks?.some((mask) => mask !== undefined) ?? true;
  if (masked && masks?.length !== response.columns)
    throw notUnderstood('the columns of this COPY are not those of the catalogue');
  if (response.binary) return binaryCleaner(masks ?? [], masker, names);
  return masked ? maskingTextCleaner(context, masks!) : detectingTextCleaner(context);
}

/** No column is masked: only detectors look at the row, as it stands, or field by field where that would hide something. */
function detectingTextCleaner({ masker, description, response, names }: CopyContext): RowCleaner {
  const encoding = description?.delimiter.length === 1 ? copyEncoding(description) : undefined;
  const columns = Array.from({ length: response.columns }, (_, at) => ({ name: nameAt(names, at), mask: undefined }));
  const rows = encoding && new CopyRows(encoding, columns, masker);
  return {
    masker,
    clean: (row, start, end) => {
      const byField = rows !== undefined && (encoding?.isOdd === true || rows.isEscaped(row.bytes, start, end));
      if (byField && rows.clean(row, start, end)) return;
      const found = row.find(start, end);
      if (found === undefined) return;
      row.hidden.add(found.rules, 'a row of this COPY');
      if (found.nulls) row.replace(start, end, emptyRow);
      else for (const one of found.replacements) row.replace(one.start, one.end, one.bytes);
    },
  };
}

const emptyRow = Buffer.from('\n');

function maskingTextCleaner(
  { description, masker, names }: CopyContext,
  masks: readonly (AnswerMask | undefined)[],
): RowCleaner {
  if (description === undefined || description.delimiter.length !== 1)
    throw notUnderstood('the format of this COPY is not known');
  let header = description.header;
  const columns = masks.map((mask, index) => ({
    name: nameAt(names, index),
    mask: mask && (isNullPlain(description) ? mask : wholeMask(mask.rule)),
  }));
  const rows = new CopyRows(copyEncoding(description), columns, masker);
  return {
    masker,
    clean: (row, start, end) => {
      const understood = header || rows.clean(row, start, end);
      header = false;
      if (!understood) throw notUnderstood('a message of this COPY is not one row of the announced columns');
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
): RowCleaner {
  return {
    masker,
    clean: (row, start, end) => {
      const body = row.bytes.subarray(start, end);
      const fields = new Fields(body);
      if (body.subarray(0, signature.length).equals(signature)) fields.skip(headerSize(body));
      while (fields.left > 0) cleanTuple(row, { fields, start }, { masks, masker, names });
    },
  };
}

function headerSize(body: Buffer): number {
  const fields = new Fields(body.subarray(signature.length));
  fields.int32(); // flags
  fields.bytes(fields.int32());
  return signature.length + fields.offset;
}

type BinaryColumns = Pick<CopyContext, 'masker' | 'names'> & { readonly masks: readonly (AnswerMask | undefined)[] };

interface BinaryTuple {
  readonly fields: Fields;
  /** Where in the row's piece the fields begin. */
  readonly start: number;
}

function cleanTuple(row: Rewriter, { fields, start }: BinaryTuple, columns: BinaryColumns): void {
  const count = fields.int16();
  if (count === -1) return;
  if (columns.masks.length > 0 && count !== columns.masks.length)
    throw notUnderstood('a COPY row has not the announced columns');
  for (let index = 0; index < count; index += 1) {
    const from = start + fields.offset;
    const value = fields.value();
    const cleaned = cleanField(row, value, index, columns);
    if (cleaned !== value) row.replace(from, start + fields.offset, cleaned === null ? nullField : field(cleaned));
  }
}

const nullField = int32(-1);
const field = (value: Buffer): Buffer => Buffer.concat([int32(value.length), value]);

const unknownType = { type: 0, format: 1 };

/** @returns the value itself where nothing of it is hidden */
function cleanField(
  { hidden }: Rewriter,
  value: Buffer | null,
  index: number,
  { masks, masker, names }: BinaryColumns,
): Buffer | null {
  const mask = masks[index];
  if (value === null && mask?.hidesNull !== true) return null;
  if (mask !== undefined) {
    hidden.add([mask.rule], nameAt(names, index));
    return null;
  }
  const found = value === null ? undefined : cleanValue(value, unknownType, masker);
  if (found === undefined) return value;
  hidden.add(found.rules, nameAt(names, index));
  return found.value;
}

const notUnderstood = (text: string): GatewayError =>
  new GatewayError('RESPONSE_NOT_UNDERSTOOD', text, {
    hint: 'use COPY with the columns named, in text, csv or binary format, or SELECT',
  });
