/** Cleans the rows of one result. Knows the columns; holds one row at a time. */
import { GatewayError } from '@sallyport/core';
import type { ColumnMask, Masker } from '@sallyport/masking';
import { dataRow, type Field } from './backend.js';
import { cleanValue, maskColumn } from './values.js';
import { Fields, type Message } from './wire.js';

/** Counts what was hidden in one exchange. */
export class Hidden {
  fields = 0;
  readonly rules = new Set<string>();

  add(rules: readonly string[]): void {
    this.fields += 1;
    for (const rule of rules) this.rules.add(rule);
  }
}

export interface RowCleaner {
  /** @returns the message itself where nothing had to be hidden; throws when the row is not what was announced */
  clean(row: Message, hidden: Hidden): Buffer;
}

export function rowCleaner(
  fields: readonly Field[],
  masks: readonly (ColumnMask | undefined)[],
  masker: Masker,
): RowCleaner {
  const masked = masks.some((mask) => mask !== undefined);
  const detects = masker.detectorNames.length > 0;
  return {
    clean: (row, hidden) => {
      const values = readRow(row, fields.length);
      if (!masked && !detects) return row.raw;
      let changed = false;
      const cleaned = values.map((value, index) => {
        if (value === null) return null;
        const field = fields[index]!;
        const mask = masks[index];
        if (mask !== undefined) {
          changed = true;
          hidden.add([mask.rule]);
          return maskColumn(value, field, mask);
        }
        const found = cleanValue(value, field, masker);
        if (found === undefined) return value;
        changed = true;
        hidden.add(found.rules);
        return found.value;
      });
      return changed ? dataRow(cleaned) : row.raw;
    },
  };
}

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
