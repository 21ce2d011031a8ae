import type { Risk } from '@sallyport/core';
import type { Lineage } from './lineage-tracer.js';

/** What a session is known to hold when a statement comes; part of what a description depends on. */
export interface SqlSession {
  /** Prepared statements by name: the text of a `PREPARE …` statement, or of the statement itself (protocol Parse). */
  readonly prepared: ReadonlyMap<string, string>;
  /** False once the session's search_path may differ from the catalogue's: then every schema's relation counts. */
  readonly searchPathCertain: boolean;
  /** Open cursors by name: the text of their DECLARE. */
  readonly cursors?: ReadonlyMap<string, string>;
  /** Temporary relations that the session made, or `any` where code ran that may have made some. */
  readonly temporary?: ReadonlySet<string> | 'any';
  /** Definitions changed since the catalogue was read: no name is certain until it has been read again. */
  readonly catalogueStale?: boolean;
}

export interface NamedText {
  readonly name: string;
  readonly text: string;
}

/** What changes for the statements that follow in the session. Absent means: nothing. */
export interface SessionEffects {
  readonly prepares?: readonly NamedText[];
  readonly deallocates?: readonly string[] | 'all';
  readonly declares?: readonly NamedText[];
  readonly closes?: readonly string[] | 'all';
  readonly changesSearchPath?: boolean;
  /** Names of settings that were set or reset. */
  readonly settings?: readonly string[];
  readonly createsTemporary?: readonly string[];
  /** Relations, functions or types may have changed: the catalogue should be read again. */
  readonly ddl?: boolean;
  readonly transaction?: boolean;
  readonly identity?: boolean;
  readonly listens?: boolean;
  readonly locks?: boolean;
  /** Code of the target's own runs, which may change everything above. */
  readonly runsCode?: boolean;
}

/** How the bytes of a COPY are to be read. */
export interface CopyDescription {
  readonly direction: 'in' | 'out';
  readonly format: 'text' | 'csv' | 'binary';
  /** Absent for `COPY (query)` and where the relation does not resolve to exactly one. */
  readonly relation?: { readonly oid: number; readonly schema: string; readonly name: string };
  /** In the order of the fields; absent where not known for sure. */
  readonly columns?: readonly string[];
  readonly header: boolean;
  readonly delimiter: string;
  readonly null: string;
  readonly quote: string;
  readonly escape: string;
}

/** One relation that a statement reads or writes, with what stands behind it (below a view, beside a partition). */
export interface Touch {
  readonly schema: string;
  readonly name: string;
  /** Columns read or written, sorted. */
  readonly columns: readonly string[];
  readonly written: boolean;
}

interface Described {
  readonly risk: Risk;
  readonly verbs: readonly string[];
  /** `schema.table`, read or written; a view counts as itself and as all that it stands on. */
  readonly relations: readonly string[];
  readonly written: readonly string[];
  /** `schema.table.column`, read or written. */
  readonly columns: readonly string[];
  readonly functions: readonly string[];
  /** False when any UPDATE or DELETE has no WHERE, or one that does not depend on the row. */
  readonly hasWhere: boolean;
  /** Names that the catalogue does not explain. */
  readonly unresolved: readonly string[];
  readonly flags: readonly string[];
  /** Runs code whose reads cannot be known. */
  readonly opaque: boolean;
  readonly touches: readonly Touch[];
  readonly copy?: readonly CopyDescription[];
  readonly sessionEffects: SessionEffects;
}

export interface SqlStatement extends Described {
  readonly text: string;
  /** Where its output columns come from, and what it tells without showing it. */
  readonly lineage: Lineage;
}

/** The whole text: the union of its statements, and the worst of their risks. */
export interface SqlDescription extends Described {
  readonly statements: readonly SqlStatement[];
  /** Why the text could not be described; the risk is then `unknown`. */
  readonly error?: string;
}
