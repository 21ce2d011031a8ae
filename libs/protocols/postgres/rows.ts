/** Cleans the rows of one result. Knows the columns; holds nothing of a row. */
import { GatewayError } from '@sallyport/core';
import type { Findings, Masker } from '@sallyport/masking';
import type { Field } from './backend.js';
import type { AnswerMask } from './origin.js';
import type { Rewriter, RowCleaner } from './rewriter.js';
import { cleanValue, isConstant, type Look, lookAt, maskColumn } from './values.js';
import { int32, violation } from './wire.js';

export interface RowContext {
  readonly fields: readonly Field[];
  readonly masks: readonly (AnswerMask | undefined)[];
  /** Columns that hold what the client has sent: detectors leave them alone. */
  readonly own: readonly boolean[];
  readonly masker: Masker;
}

export const rowCleaner = (context: RowContext): RowCleaner => new Rows(context);

const nothing = Buffer.alloc(0);
const lengthSize = 4;

/** A value with its length, as it stands in a row; null is SQL NULL. */
const inRow = (value: Uint8Array | null): Buffer => Buffer.concat([int32(value?.length ?? -1), value ?? nothing]);

class Rows implements RowCleaner {
  readonly masker: Masker;
  readonly #context: RowContext;
  readonly #treatments: readonly (Look | 'masked')[];
  readonly #rules: readonly (readonly string[])[];
  /** What stands for every value of a column, where its mask does not look at it. */
  readonly #constants: readonly (Buffer | undefined)[];

  constructor(context: RowContext) {
    const { fields, masks, own, masker } = context;
    const detects = masker.detectorNames.length > 0;
    this.#context = context;
    this.masker = masker;
    this.#treatments = fields.map((field, index) => {
      if (masks[index] !== undefined) return 'masked';
      return own[index] === true || !detects ? 'never' : lookAt(field);
    });
    this.#rules = masks.map((mask) => (mask === undefined ? [] : [mask.rule]));
    this.#constants = masks.map((mask, index) =>
      mask !== undefined && isConstant(mask) ? inRow(maskColumn(nothing, fields[index]!, mask)) : undefined,
    );
  }

  /** A row whose count or lengths are not those announced ends the session before a byte of it is released. */
  clean(row: Rewriter, start: number, end: number): void {
    const { bytes } = row;
    const treatments = this.#treatments;
    this.#count(row, start, end);
    let at = start + 2;
    for (let index = 0; index < treatments.length; index += 1) {
      const value = at + lengthSize;
      if (value > end) throw tooShort();
      const length = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
      at = length === -1 ? value : value + length;
      if (length < -1 || at > end) throw tooShort();
      const treatment = treatments[index]!;
      if (treatment === 'masked') this.#hide(row, index, { value, end: at, isNull: length === -1 });
      else if (treatment !== 'never' && length > 0) this.#look(row, index, value, at);
    }
    if (at !== end) throw violation(`${end - at} bytes are left over in a message`);
  }

  #count({ bytes }: Rewriter, start: number, end: number): void {
    if (start + 2 > end) throw tooShort();
    const count = (bytes[start]! << 8) | bytes[start + 1]!;
    const announced = this.#treatments.length;
    if (count === announced) return;
    throw new GatewayError(
      'RESPONSE_NOT_UNDERSTOOD',
      `the target sent a row of ${count} columns after announcing ${announced}`,
    );
  }

  #hide(row: Rewriter, index: number, { value, end, isNull }: { value: number; end: number; isNull: boolean }): void {
    const mask = this.#context.masks[index]!;
    if (isNull && mask.hidesNull !== true) return;
    const field = this.#context.fields[index]!;
    row.hidden.add(this.#rules[index]!, field.name);
    const instead = this.#constants[index] ?? inRow(maskColumn(row.bytes.subarray(value, end), field, mask));
    row.replace(value - lengthSize, end, instead);
  }

  #look(row: Rewriter, index: number, value: number, end: number): void {
    const treatment = this.#treatments[index];
    const found = treatment === 'decoded' ? undefined : row.find(value, end);
    if (treatment === 'in place') {
      if (found !== undefined) this.#replaceIn(row, index, { value, end, found });
    } else if (treatment === 'decoded' || found !== undefined) this.#replaceWhole(row, index, value, end);
  }

  #replaceIn(
    row: Rewriter,
    index: number,
    { value, end, found }: { value: number; end: number; found: Findings },
  ): void {
    row.hidden.add(found.rules, this.#context.fields[index]!.name);
    if (found.nulls) return row.replace(value - lengthSize, end, inRow(null));
    let length = end - value;
    for (const one of found.replacements) length += one.bytes.length - (one.end - one.start);
    row.replace(value - lengthSize, value, int32(length));
    for (const one of found.replacements) row.replace(one.start, one.end, one.bytes);
  }

  /** A value of a type in which a part cannot be replaced by any text. */
  #replaceWhole(row: Rewriter, index: number, value: number, end: number): void {
    const field = this.#context.fields[index]!;
    const found = cleanValue(row.bytes.subarray(value, end), field, this.masker);
    if (found === undefined) return;
    row.hidden.add(found.rules, field.name);
    row.replace(value - lengthSize, end, inRow(found.value));
  }
}

const tooShort = (): GatewayError => violation('a message is shorter than its fields');
