/** Cleans the rows of one result. Knows the columns; holds one row at a time. */
import { GatewayError } from '@sallyport/core';
import type { Masker } from '@sallyport/masking';
import type { Field } from './backend.js';
import type { Hidden } from './hidden.js';
import type { AnswerMask } from './origin.js';
import { cleanValue, lookAt, maskColumn } from './values.js';
import { Fields, int32, type Message, message } from './wire.js';

export interface RowCleaner {
  /** @returns the message itself where nothing had to be hidden; throws when the row is not what was announced */
  clean(row: Message, hidden: Hidden): Buffer;
}

export interface RowContext {
  readonly fields: readonly Field[];
  readonly masks: readonly (AnswerMask | undefined)[];
  /** Columns that hold what the client has sent: detectors leave them alone. */
  readonly own: readonly boolean[];
  readonly masker: Masker;
}

export function rowCleaner(context: RowContext): RowCleaner {
  const rows = new Rows(context);
  return { clean: (row, hidden) => rows.clean(row, hidden) };
}

type Treatment = 'masked' | 'never' | 'as it stands' | 'decoded';

const nothing = Buffer.alloc(0);
const lengthSize = 4;

/**
 * Values that stand behind one another are looked at in one go, with their lengths between them. A length whose last byte is
 * no control character might look like a part of the value behind it, so there a new go begins.
 */
const parts = (length: number): boolean => (length & 0xff) < 32;

class Rows {
  readonly #context: RowContext;
  readonly #treatments: readonly Treatment[];
  readonly #rules: readonly (readonly string[])[];
  readonly #isShown: boolean;
  /** Of the row at hand: where each value begins, and how long it is; -1 for NULL. */
  readonly #starts: Int32Array;
  readonly #lengths: Int32Array;
  /** What stands instead of values of the row at hand. */
  readonly #instead = new Map<number, Buffer | null>();

  constructor(context: RowContext) {
    const { fields, masks, own, masker } = context;
    const detects = masker.detectorNames.length > 0;
    this.#context = context;
    this.#treatments = fields.map((field, index) => {
      if (masks[index] !== undefined) return 'masked';
      return own[index] === true || !detects ? 'never' : lookAt(field);
    });
    this.#rules = masks.map((mask) => (mask === undefined ? [] : [mask.rule]));
    this.#isShown = this.#treatments.every((treatment) => treatment === 'never');
    this.#starts = new Int32Array(fields.length);
    this.#lengths = new Int32Array(fields.length);
  }

  clean(row: Message, hidden: Hidden): Buffer {
    this.#measure(row);
    if (this.#isShown) return row.raw;
    this.#instead.clear();
    this.#hide(row.body, hidden);
    this.#look(row.body, hidden);
    return this.#instead.size === 0 ? row.raw : this.#anew(row.body);
  }

  /** A row whose count or lengths are not those announced ends the session before a byte of it is released. */
  #measure({ body }: Message): void {
    const columns = this.#treatments.length;
    const fields = new Fields(body);
    const count = fields.count();
    if (count !== columns)
      throw new GatewayError(
        'RESPONSE_NOT_UNDERSTOOD',
        `the target sent a row of ${count} columns after announcing ${columns}`,
      );
    for (let index = 0; index < columns; index += 1) {
      const length = fields.int32();
      this.#starts[index] = fields.offset;
      this.#lengths[index] = length;
      if (length !== -1) fields.skip(length);
    }
    fields.end();
  }

  #valueAt(body: Buffer, index: number): Buffer {
    const start = this.#starts[index]!;
    return body.subarray(start, start + Math.max(0, this.#lengths[index]!));
  }

  #hide(body: Buffer, hidden: Hidden): void {
    const { fields, masks } = this.#context;
    for (let index = 0; index < masks.length; index += 1) {
      const mask = masks[index];
      if (mask === undefined) continue;
      const isNull = this.#lengths[index] === -1;
      if (isNull && mask.hidesNull !== true) continue;
      const field = fields[index]!;
      hidden.add(this.#rules[index]!, field.name);
      this.#instead.set(index, maskColumn(isNull ? nothing : this.#valueAt(body, index), field, mask));
    }
  }

  #look(body: Buffer, hidden: Hidden): void {
    for (let index = 0; index < this.#treatments.length; index += 1) {
      if (this.#lengths[index] === -1) continue;
      if (this.#treatments[index] === 'decoded') this.#find(body, index, hidden);
      if (this.#treatments[index] === 'as it stands') index = this.#lookAtNeighbours(body, index, hidden);
    }
  }

  /** @returns the last column that was looked at */
  #lookAtNeighbours(body: Buffer, first: number, hidden: Hidden): number {
    let last = first;
    while (this.#joins(last + 1)) last += 1;
    const end = this.#starts[last]! + this.#lengths[last]!;
    if (this.#context.masker.scan(body.subarray(this.#starts[first], end)) === undefined) return last;
    for (let index = first; index <= last; index += 1) this.#find(body, index, hidden);
    return last;
  }

  #joins(index: number): boolean {
    const length = this.#lengths[index];
    return length !== undefined && length !== -1 && this.#treatments[index] === 'as it stands' && parts(length);
  }

  #find(body: Buffer, index: number, hidden: Hidden): void {
    const field = this.#context.fields[index]!;
    const found = cleanValue(this.#valueAt(body, index), field, this.#context.masker);
    if (found === undefined) return;
    hidden.add(found.rules, field.name);
    this.#instead.set(index, found.value);
  }

  /** What is not hidden goes over as it stands, with its neighbours. */
  #anew(body: Buffer): Buffer {
    const out: Buffer[] = [];
    let from = 0;
    for (let index = 0; index < this.#treatments.length; index += 1) {
      const value = this.#instead.get(index);
      if (value === undefined) continue;
      const start = this.#starts[index]!;
      out.push(body.subarray(from, start - lengthSize), int32(value?.length ?? -1));
      if (value !== null) out.push(value);
      from = start + Math.max(0, this.#lengths[index]!);
    }
    out.push(body.subarray(from));
    return message('D', ...out);
  }
}
