import { type Catalogue, qualify } from './catalogue.js';
import { indexOf } from './catalogue-index.js';
import type { SqlDescription } from './description.js';
import type { ColumnSource } from './lineage-tracer.js';
import { type IsMasked, originOf } from './reach.js';

/** What a statement does with masked columns, as policies may speak about it; each `schema.table.column`, sorted. */
export interface MaskedFacts {
  readonly masked_columns: readonly string[];
  /** A client could guess values of these: by which rows come, how many, in which order, or by whether an error does. */
  readonly masked_columns_probed: readonly string[];
  /** Of those probed: compared once, for equality with one value that the client has sent, and used in no other way. */
  readonly masked_columns_looked_up: readonly string[];
  /** Their values are stored where their own rule does not cover them. */
  readonly masked_columns_stored: readonly string[];
  /** Something is computed with these, and not only shown: with a function of the client's choice it may raise an error. */
  readonly masked_columns_computed: readonly string[];
}

export const noMaskedFacts: MaskedFacts = {
  masked_columns: [],
  masked_columns_probed: [],
  masked_columns_looked_up: [],
  masked_columns_stored: [],
  masked_columns_computed: [],
};

/** @returns the id of the rule that covers a column by its own name, a parent's or a partition's, or what it is computed from */
export const ruleOf = (
  { schema, relation, column }: ColumnSource,
  catalogue: Catalogue | undefined,
  isMasked: IsMasked,
): string | undefined => {
  const own = isMasked(schema, relation, column);
  if (own !== undefined || catalogue === undefined) return own;
  for (const found of indexOf(catalogue).relationsByName.get(relation) ?? []) {
    const attnum = found.schema === schema ? found.columns.find(({ name }) => name === column)?.attnum : undefined;
    const rule = attnum === undefined ? undefined : originOf(catalogue, found.oid, attnum, isMasked).rule;
    if (rule !== undefined) return rule;
  }
  return undefined;
};

const nameOf = ({ schema, relation, column }: ColumnSource): string => qualify(schema, relation, column);

/** Ask only where column rules exist. */
export const maskedFactsOf = (
  { statements }: SqlDescription,
  catalogue: Catalogue | undefined,
  isMasked: IsMasked,
): MaskedFacts => {
  const covered = (source: ColumnSource): boolean => ruleOf(source, catalogue, isMasked) !== undefined;
  const named = (sources: readonly ColumnSource[]): string[] =>
    [...new Set(sources.filter(covered).map(nameOf))].sort();
  const of = (
    pick: (lineage: SqlDescription['statements'][number]['lineage']) => readonly ColumnSource[],
  ): ColumnSource[] => statements.flatMap(({ lineage }) => pick(lineage));
  const probed = named(of((one) => one.probed));
  // Several statements look up several values, or do more with a column than one of them says.
  const probing = statements.map(({ lineage }) => ({
    probed: new Set(named(lineage.probed)),
    lookedUp: new Set(named(lineage.lookedUp)),
  }));
  const isLookedUp = (name: string): boolean => {
    const [one, ...others] = probing.filter((each) => each.probed.has(name));
    return one?.lookedUp.has(name) === true && others.length === 0;
  };
  const touched = statements.flatMap(({ touches }) =>
    touches.flatMap(({ schema, name, columns }) => columns.map((column) => ({ schema, relation: name, column }))),
  );
  // A value under another column's rule is shown in that one's form, which may keep more of it.
  const rule = (source: ColumnSource): string | undefined => ruleOf(source, catalogue, isMasked);
  const stored = of((one) =>
    one.stored.flatMap(({ into, from }) => from.filter((source) => into === undefined || rule(into) !== rule(source))),
  );
  return {
    masked_columns: named(touched),
    masked_columns_probed: probed,
    masked_columns_looked_up: probed.filter(isLookedUp),
    masked_columns_stored: named(stored),
    masked_columns_computed: named(of((one) => one.computed)),
  };
};
