/** Where an output column comes from, by the relation and attribute that RowDescription names, and what must be hidden of it. */
import type { ColumnMask, Masker } from '@sallyport/masking';
import { type Catalogue, originOf, type Touch } from '@sallyport/sql';
import type { Field } from './backend.js';

/** As a column's own mask; of a value that was made of others even whether there is one says something of them. */
export interface AnswerMask extends ColumnMask {
  readonly hidesNull?: boolean;
}

/** Hides a value whole and irreversibly, whatever was kept of what it was made of. */
export const wholeMask = (rule: string): AnswerMask => ({
  rule,
  action: 'redact',
  apply: () => '[redacted]',
  hidesNull: true,
});

/** What hides a value whose origin cannot be proven. */
export const unprovenMask = wholeMask('unproven-origin');

export interface OriginContext {
  readonly masker: Masker;
  readonly catalogue: Catalogue | undefined;
  /** The statement may read a masked column. */
  readonly reaches: boolean;
  /** What it writes: a column that it returns of that may hold what it has read elsewhere. */
  readonly written: readonly Touch[] | 'any';
}

/**
 * @returns the mask of a column, undefined where it may be shown (detectors still look at it)
 *
 * A plain column of a table is masked by its own rules. A column of a view, an expression, or anything that the
 * catalogue does not know is masked whole when its statement may read a masked column at all.
 */
export function maskOf(
  { table, attribute }: Pick<Field, 'table' | 'attribute'>,
  { masker, catalogue, reaches, written }: OriginContext,
): AnswerMask | undefined {
  if (!masker.hasColumnRules) return undefined;
  const unproven = reaches ? unprovenMask : undefined;
  if (table === 0 || attribute === 0 || catalogue === undefined) return unproven;
  let mask: ColumnMask | undefined;
  const origin = originOf(catalogue, table, attribute, (...names) => (mask ??= masker.column(...names))?.rule);
  if (mask !== undefined) return mask;
  const isWritten =
    written === 'any' || written.some(({ schema, name }) => schema === origin.schema && name === origin.table);
  if (origin.isBaseColumn) return isWritten && attribute > 0 ? unproven : undefined;
  return origin.schema === undefined ? unprovenMask : unproven; // a relation that nobody has heard of may hold anything
}
