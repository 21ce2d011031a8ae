import type { Relation } from './catalogue.js';

/** A column as one FROM item shows it, with the columns of real relations behind it; none for a derived one. */
export type Sources = readonly (readonly [relation: Relation, column: string])[];

export interface ScopeItem {
  readonly alias: string | undefined;
  /** Where a relation is named without an alias: it can be named with its schema too. */
  readonly relations: readonly Relation[];
  readonly aliased?: boolean;
  readonly columns: ReadonlyMap<string, Sources>;
  /** Shows more columns than are known. */
  readonly open: boolean;
}

/** Visible columns of a derived table; undefined where they are not known. */
export type OutputNames = readonly string[] | undefined;

export interface Scope {
  readonly items: ScopeItem[];
  readonly ctes: ReadonlyMap<string, OutputNames>;
  readonly parent?: Scope;
}

export const emptyScope: Scope = { items: [], ctes: new Map() };

export const scopeIn = (parent: Scope | undefined, ctes: Scope['ctes'], items: ScopeItem[] = []): Scope => ({
  items,
  ctes,
  ...(parent && { parent }),
});

/** The aliases of `AS t (a, b)` replace the first names, in order. */
export const renamed = <Entry>(entries: readonly (readonly [string, Entry])[], names: readonly string[]) =>
  entries.map(([name, entry], position) => [names[position] ?? name, entry] as const);

export const derived = (alias: string | undefined, names: OutputNames, renames: readonly string[] = []): ScopeItem => ({
  alias,
  relations: [],
  columns: new Map<string, Sources>(
    renamed(
      (names ?? renames).map((name) => [name, []] as const),
      renames,
    ),
  ),
  open: names === undefined,
});

/** Several candidates for one name: a column of any of them counts. */
export const real = (
  alias: string | undefined,
  relations: readonly Relation[],
  renames: readonly string[],
  aliased: boolean,
): ScopeItem => {
  const columns = new Map<string, (readonly [Relation, string])[]>();
  for (const relation of relations) {
    for (const [shown, name] of renamed(
      relation.columns.map((column) => [column.name, column.name] as const),
      renames,
    )) {
      const sources = columns.get(shown) ?? [];
      sources.push([relation, name]);
      columns.set(shown, sources);
    }
  }
  return { alias, relations, aliased, columns, open: relations.length === 0 };
};

/** Every column of every relation behind an item. */
export const wholeOf = (item: ScopeItem): Sources => [...item.columns.values()].flat();

export const levels = function* (scope: Scope): Generator<Scope> {
  for (let level: Scope | undefined = scope; level; level = level.parent) yield level;
};

/** Every relation has these; they hold no values. */
export const systemColumns: ReadonlySet<string> = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid', 'oid']);
