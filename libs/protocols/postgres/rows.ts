/** Cleans the rows of one result. Knows the columns; holds one row at a time. */
import { GatewayError } from '@sallyport/core';
import type { Masker } from '@sallyport/masking';
import { dataRow, type Field } from './backend.js';
import type { Hidden } from './hidden.js';
import type { AnswerMask } from './origin.js';
import { cleanValue, maskColumn } from './values.js';
import { Fields, type Message } from './wire.js';

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

export function rowCleaner({ fields, masks, own, masker }: RowContext): RowCleaner {
  const masked = masks.some((mask) => mask !== undefined);
  const detects = masker.detectorNames.length > 0;
  const ruleOf = masks.map((mask) => (mask === undefined ? undefined : [mask.rule]));
  return {
    clean: (row, hidden) => {
      const values = readRow(row, fields.length);
      if (!masked && !detects) return row.raw;
      let changed = false;
      const cleaned = values.map((value, index) => {
        const field = fields[index]!;
        const mask = masks[index];
        if (mask !== undefined && (value !== null || mask.hidesNull === true)) {
          changed = true;
          hidden.add(ruleOf[index]!, field.name);
          return maskColumn(value ?? nothing, field, mask);
        }
        if (value === null) return null;
        if (own[index] === true) return value;
        const found = cleanValue(value, field, masker);
        if (found === undefined) return value;
        changed = true;
        hidden.add(found.rules, field.name);
        return found.value;
      });
      return changed ? dataRow(cleaned) : row.raw;
    },
  };
}

const nothing = Buffer.alloc(0);

/** A row whose count or lengths are not those announced ends the session before a byte of it is released. */
function readRow({ body }: Message, columns: number): (Buffer | null)[] {
  const fields = new Fields(body);
  const count = fields.count();
  if (count !== columns)
    throw new GatewayError(
      'RESPONSE_NOT_UNDERSTOOD',
      `the target sent a row of ${count} columns after announcing ${columns}`,
    );
  const values = Array.from({ length: count }, () => fields.value());
  fields.end();
  return values;
}
