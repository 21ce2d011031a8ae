import { type Catalogue, qualify, type Relation } from './catalogue.js';
import { ancestorsOf, type CatalogueIndex, descendantsOf, indexOf } from './catalogue-index.js';
import type { SqlDescription, Touch } from './description.js';
import { revealingFlags } from './value-relations.js';

/** @returns the id of the masking rule that covers a column */
export type IsMasked = (schema: string, table: string, column: string) => string | undefined;

export interface Reach {
  readonly reaches: boolean;
  /** Rules whose columns are read for sure; empty where it reaches because nothing is known. */
  readonly rules: readonly string[];
  /** For the log and the record. */
  readonly why: string;
}

const unknownReach = (description: SqlDescription, catalogue: Catalogue | undefined): string | undefined => {
  if (description.error !== undefined) return 'the statement was not understood';
  if (!catalogue) return 'there is no catalogue';
  if (description.unresolved.length > 0) return `not resolved: ${description.unresolved.slice(0, 5).join(', ')}`;
  if (description.opaque) return 'runs code whose reads cannot be known';
  const revealing = description.flags.find((flag) => revealingFlags.has(flag));
  return revealing === undefined ? undefined : `reads ${revealing}, which may show any value`;
};

/** A write can fail with the whole row in its error text, so all columns of what is written count. */
const columnsAtStake = (touch: Touch, index: CatalogueIndex): readonly string[] => {
  if (!touch.written) return touch.columns;
  const relations = (index.relationsByName.get(touch.name) ?? []).filter(({ schema }) => schema === touch.schema);
  return [...touch.columns, ...relations.flatMap(({ columns }) => columns.map(({ name }) => name))];
};

/**
 * Whether a statement may read a masked column: directly, in `*` or a whole row, below a view, beside a partition,
 * behind a generated column. What cannot be known reaches. Ask only while column rules exist.
 */
export const reachOf = (description: SqlDescription, catalogue: Catalogue | undefined, isMasked: IsMasked): Reach => {
  const found = new Map<string, string>();
  const index = catalogue && indexOf(catalogue);
  for (const touch of index ? description.touches : []) {
    for (const column of columnsAtStake(touch, index!)) {
      const rule = isMasked(touch.schema, touch.name, column);
      if (rule !== undefined) found.set(rule, qualify(touch.schema, touch.name, column));
    }
  }
  const rules = [...found.keys()].sort();
  const unknown = unknownReach(description, catalogue);
  if (unknown !== undefined) return { reaches: true, rules, why: unknown };
  if (rules.length === 0) return { reaches: false, rules, why: 'reads no masked column' };
  return { reaches: true, rules, why: `reads ${[...new Set(found.values())].sort().join(', ')}` };
};

export interface Origin {
  /** A column of a table, partition or foreign table of the catalogue: its values are that column's own. */
  readonly isBaseColumn: boolean;
  readonly schema?: string;
  readonly table?: string;
  readonly column?: string;
  /** The masking rule that covers it, by its own name, a parent's or a partition's, or the columns it is computed from. */
  readonly rule?: string;
}

const sourcesOf = (relation: Relation, attnum: number): string[] => {
  const column = relation.columns.find((one) => one.attnum === attnum);
  if (!column) return [];
  return [
    column.name,
    ...(column.from ?? []).flatMap((source) => (source === attnum ? [] : sourcesOf(relation, source))),
  ];
};

const baseKinds: ReadonlySet<string> = new Set(['r', 'p', 'f']);

/**
 * What stands behind a table oid and column number of a RowDescription. An oid that the catalogue does not know
 * (a temporary table, one made since) is no base column: its values may come from anywhere.
 */
export const originOf = (catalogue: Catalogue, oid: number, attnum: number, isMasked: IsMasked): Origin => {
  const index = indexOf(catalogue);
  const relation = index.relationsByOid.get(oid);
  if (!relation || attnum === 0) return { isBaseColumn: false };
  // System columns (ctid, tableoid …) hold no values.
  if (attnum < 0) return { isBaseColumn: true, schema: relation.schema, table: relation.name };
  const names = sourcesOf(relation, attnum);
  const column = names[0];
  if (column === undefined) return { isBaseColumn: false };
  const family = [relation, ...ancestorsOf(relation, index), ...descendantsOf(relation, index)];
  const rule = family
    .flatMap((one) => names.map((name) => isMasked(one.schema, one.name, name)))
    .find((id) => id !== undefined);
  return {
    isBaseColumn: baseKinds.has(relation.kind),
    schema: relation.schema,
    table: relation.name,
    column,
    ...(rule !== undefined && { rule }),
  };
};
