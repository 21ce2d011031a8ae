/** What describing needs to know of one database as one role sees it: names, types and dependencies, no rows, no code. */
export interface Catalogue {
  readonly database: string;
  /** As `server_version_num`: 150018 is 15.18. */
  readonly serverVersion: number;
  /** The schemas of the role's search path that exist; pg_catalog comes first unless it is listed. */
  readonly searchPath: readonly string[];
  readonly role: string;
  readonly relations: readonly Relation[];
  /** Every function outside pg_catalog and information_schema; built-in ones come from a shipped list. */
  readonly functions: readonly Fn[];
  readonly types: readonly UserType[];
  /** User-defined operators whose function is not trusted. */
  readonly operators: readonly UserOperator[];
  /** Code of users that runs without being named: by a cast that is applied unasked, by one that is asked for, on DDL. */
  readonly hiddenCode?: readonly ('implicit-cast' | 'explicit-cast' | 'event-trigger')[];
}

export interface Column {
  readonly attnum: number;
  readonly name: string;
  /** Oid of its type. */
  readonly type: number;
  /** For a generated column, the columns that it is computed from. */
  readonly from?: readonly number[];
  /** Of a view: what it shows, as far as its definition proves it. */
  readonly shows?: ViewColumn;
}

export type SourceName = readonly [schema: string, relation: string, column: string];

export interface ViewColumn {
  readonly sources: readonly SourceName[];
  /** The one whose values it shows unchanged. */
  readonly bare?: SourceName;
  readonly opaque?: boolean;
}

/** As pg_class.relkind: table, partitioned table, view, materialised view, foreign table, sequence. */
export type RelationKind = 'r' | 'p' | 'v' | 'm' | 'f' | 'S';

export interface Relation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: RelationKind;
  readonly columns: readonly Column[];
  /** Of a view: relations that it uses, with the column where its definition proves that no whole row is used. */
  readonly dependsOn?: readonly { readonly oid: number; readonly attnum?: number }[];
  /** Of a view: oids of user functions that its definition runs. */
  readonly usesFunctions?: readonly number[];
  /** Of a view: built-in functions that its definition calls and that are no plain reads. */
  readonly calls?: readonly string[];
  /** Of a view: columns that decide which rows it has. */
  readonly probes?: readonly SourceName[];
  /** Oids of inheritance parents (a partition's table). */
  readonly parent?: readonly number[];
  /** Has rules that rewrite what is written to it. */
  readonly rules?: boolean;
  /** Code of users that runs when it is read (row security) or written (triggers, defaults, checks, indexes). */
  readonly hiddenCode?: readonly ('read' | 'write')[];
  /** Relations whose foreign keys refer to this one; whether a change here changes rows there. */
  readonly referencedBy?: readonly { readonly oid: number; readonly cascades: boolean }[];
}

export interface Fn {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly volatility: 'i' | 's' | 'v';
  readonly language: string;
  readonly securityDefiner: boolean;
  readonly argTypes: readonly number[];
  readonly extension?: string;
}

export interface UserType {
  readonly schema: string;
  readonly name: string;
  /** Using it can run code of a user: checks of a domain, a cast or an input function that is not trusted. */
  readonly runsCode: boolean;
}

export interface UserOperator {
  readonly schema: string;
  readonly name: string;
}

/**
 * Immutable code that an extension has brought, or a range type with it: neither writes nor reads tables. Code in C or of
 * the server's own under another name is not trusted without one: `query_to_xml` can be anything's name.
 * A stable function is not trusted even from an extension: tablefunc's crosstab is stable and runs SQL given as text.
 */
export const isTrusted = (fn: Fn): boolean =>
  fn.volatility === 'i' && !fn.securityDefiner && (fn.extension !== undefined || fn.language === 'constructor');

/** Joins a name as facts and rules write it; a part that holds a dot or a quote is quoted, so that no two names meet. */
export const qualify = (...parts: readonly string[]): string =>
  parts.map((part) => (/[."]/.test(part) ? `"${part.replaceAll('"', '""')}"` : part)).join('.');
