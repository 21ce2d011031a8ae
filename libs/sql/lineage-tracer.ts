import { Draft } from './draft.js';
import type { Names } from './names.js';

/** A column of a relation, by the names that masking rules use. */
export interface ColumnSource {
  readonly schema: string;
  readonly relation: string;
  readonly column: string;
}

export interface OutputColumn {
  readonly name: string | undefined;
  /** Every column that its value may depend on, by data or by control flow inside its own expression. */
  readonly sources: readonly ColumnSource[];
  /** The one column whose values it shows unchanged, whatever aliases, subqueries and views stand between. */
  readonly bare?: ColumnSource;
  /** Code or names whose reads cannot be known take part. */
  readonly opaque: boolean;
  /** Made of the client's own constants and parameters alone. */
  readonly constant?: boolean;
}

export interface StoredValue {
  /** Undefined: a relation that is made here. */
  readonly into: ColumnSource | undefined;
  readonly from: readonly ColumnSource[];
}

export interface Lineage {
  /** In the order of the row description; undefined where rows may come whose columns cannot be told. */
  readonly outputs: readonly OutputColumn[] | undefined;
  /** Columns that decide which rows come, how many, in which order, or whether an error does. */
  readonly probed: readonly ColumnSource[];
  /** Those of `probed` that are compared once, for equality with a constant or parameter, and used in no other way. */
  readonly lookedUp: readonly ColumnSource[];
  readonly stored: readonly StoredValue[];
  /** Columns that take part in any expression: what is only shown, named or compared elsewhere is not among them. */
  readonly computed: readonly ColumnSource[];
  /** Not all of the statement was traced: what is said above may lack something. */
  readonly incomplete?: boolean;
}

/** A column's name while it is traced: `schema NUL relation NUL column`. */
export type SourceKey = string;

export const keyOf = (schema: string, relation: string, column: string): SourceKey =>
  `${schema}\0${relation}\0${column}`;

export const sourcesOf = (keys: Iterable<SourceKey>): ColumnSource[] =>
  [...keys].sort().map((key) => {
    const [schema = '', relation = '', column = ''] = key.split('\0');
    return { schema, relation, column };
  });

export interface Value {
  readonly sources: ReadonlySet<SourceKey>;
  readonly bare?: SourceKey;
  readonly opaque: boolean;
  readonly constant?: boolean;
}

export interface Column extends Value {
  readonly name: string | undefined;
  readonly generated?: boolean;
  /** Stands for several columns that could not be told: neither its name nor its place proves anything. */
  readonly untold?: boolean;
}

const noSources: ReadonlySet<SourceKey> = new Set();
export const constant: Value = { sources: noSources, opaque: false, constant: true };
export const nothing: Value = { sources: noSources, opaque: false };

export const union = (values: Iterable<Value>): Value => {
  const sources = new Set<SourceKey>();
  let opaque = false;
  let isConstant = true;
  for (const value of values) {
    for (const source of value.sources) sources.add(source);
    opaque ||= value.opaque;
    isConstant &&= value.constant === true;
  }
  return { sources, opaque, ...(isConstant && !opaque && sources.size === 0 && { constant: true }) };
};

/** One item of FROM, or the row that is written. */
export interface Item {
  readonly alias: string | undefined;
  readonly schemas: readonly string[];
  /** Under another name than its own, so that no name with a schema means it. */
  readonly aliased?: boolean;
  readonly columns: readonly Column[];
  /** Shows more columns than are known: whatever is not found may be one of them. */
  readonly open: boolean;
}

export interface TraceScope {
  readonly items: Item[];
  /** What `*` shows, in order; undefined where it cannot be told. */
  visible: readonly Column[] | undefined;
  readonly queries: ReadonlyMap<string, readonly Column[] | undefined>;
  /** What the windows depend on that the query has given names. */
  readonly windows: Map<string, Value>;
  readonly parent?: TraceScope;
}

export const scopeUnder = (parent: TraceScope | undefined): TraceScope => ({
  items: [],
  visible: [],
  queries: parent?.queries ?? new Map(),
  windows: new Map(),
  ...(parent && { parent }),
});

/** Steps of one statement: beyond it nothing more is traced, and everything counts. */
const mostSteps = 50_000;

/** What one statement is found to read, compare and store, while it is walked. */
export class Tracer {
  depth = 0;
  /** How often something was met that may raise an error. Which branch is taken may decide whether it does. */
  hazards = 0;
  /** Something was left out: too much of it, or a query that is named before it is known. */
  incomplete = false;
  readonly stored: StoredValue[] = [];
  readonly #hard = new Set<SourceKey>();
  readonly #equal = new Set<SourceKey>();
  readonly #seen = new Set<SourceKey>();
  readonly #computed = new Set<SourceKey>();
  #listeners: Set<SourceKey>[] = [];
  #steps = 0;

  constructor(readonly names: Names) {}

  /** Counts work. @returns false once there was too much of it */
  step(): boolean {
    this.#steps += 1;
    this.incomplete ||= this.#steps >= mostSteps;
    return this.#steps < mostSteps;
  }

  see(keys: Iterable<SourceKey>): void {
    for (const key of keys) this.#seen.add(key);
  }

  /** Every column that was come across. */
  everything(): ReadonlySet<SourceKey> {
    return this.#seen;
  }

  /** What stands for something that is not understood. */
  unknown(): Value {
    return { sources: new Set(this.#seen), opaque: true };
  }

  /** What stands for columns that cannot be told apart, or counted. */
  untold(others: Iterable<Value> = []): Column {
    return { name: undefined, ...union([this.unknown(), ...others]), untold: true };
  }

  compute({ sources }: Value): void {
    for (const source of sources) this.#computed.add(source);
  }

  computed(): ColumnSource[] {
    return sourcesOf(this.#computed);
  }

  probe({ sources }: Value): void {
    for (const source of sources) {
      this.#hard.add(source);
      for (const heard of this.#listeners) heard.add(source);
    }
  }

  /** Compared with a constant, in a condition that stands by itself. Twice in one statement is more than a look-up. */
  lookUp({ sources }: Value): void {
    for (const source of sources) {
      if (this.#equal.has(source)) this.#hard.add(source);
      this.#equal.add(source);
      for (const heard of this.#listeners) heard.add(source);
    }
  }

  /** @returns what was probed while `work` ran: it decides whether and which row a subquery gives */
  listen<Result>(work: () => Result): { readonly result: Result; readonly heard: ReadonlySet<SourceKey> } {
    const heard = new Set<SourceKey>();
    this.#listeners = [...this.#listeners, heard];
    try {
      return { result: work(), heard };
    } finally {
      this.#listeners = this.#listeners.filter((one) => one !== heard);
    }
  }

  store(into: SourceKey | undefined, { sources }: Value): void {
    if (sources.size === 0) return;
    this.stored.push({ into: into === undefined ? undefined : sourcesOf([into])[0]!, from: sourcesOf(sources) });
  }

  probed(): ColumnSource[] {
    return sourcesOf(new Set([...this.#hard, ...this.#equal]));
  }

  lookedUp(): ColumnSource[] {
    return sourcesOf([...this.#equal].filter((source) => !this.#hard.has(source)));
  }

  /** Judges by the rules of names.ts without leaving a mark on the statement's own draft. @returns whether code runs that is not known */
  conceals(judge: (names: Names) => void): boolean {
    const draft = new Draft();
    judge({ ...this.names, draft });
    return draft.opaque || draft.unresolved.size > 0 || draft.risk === 'unknown';
  }
}
