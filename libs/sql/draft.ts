import { type Risk, worstRisk } from '@sallyport/core';
import { qualify, type Relation } from './catalogue.js';
import type { CopyDescription, SessionEffects, SqlStatement } from './description.js';

interface DraftTouch {
  readonly schema: string;
  readonly name: string;
  readonly columns: Set<string>;
  /** Written, without being read. */
  readonly assigned: Set<string>;
  written: boolean;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const sorted = (values: Iterable<string>): string[] => [...new Set(values)].sort();

/** One statement's description while it is being made; everything is a union, and the risk only rises. */
export class Draft {
  risk: Risk = 'read';
  hasWhere = true;
  opaque = false;
  /** Inside EXPLAIN without ANALYZE, or PREPARE: what the verb does is not done; what functions do may be (folding). */
  planned: 'explain' | 'prepare' | undefined;
  readonly effects: Mutable<SessionEffects> = {};
  readonly verbs = new Set<string>();
  readonly functions = new Set<string>();
  readonly flags = new Set<string>();
  readonly unresolved = new Set<string>();
  readonly copies: CopyDescription[] = [];
  private readonly touches = new Map<string, DraftTouch>();
  /** Names written as they stand in the text, because nothing is known of them. */
  private readonly strangers = new Map<string, boolean>();

  raise(risk: Risk, ...flags: readonly string[]): void {
    this.risk = worstRisk([this.risk, risk]);
    for (const flag of flags) this.flags.add(flag);
  }

  /** What a verb does, and its risk; only what is planned does nothing yet. */
  act(verb: string, risk: Risk, ...flags: readonly string[]): void {
    if (this.planned !== 'explain') this.verbs.add(verb);
    this.raise(this.planned ? 'read' : risk, ...flags);
  }

  /** Something that the catalogue does not explain: could be anything. */
  miss(name: string): void {
    this.unresolved.add(name);
    this.raise('unknown');
  }

  /** Code whose reads and effects cannot be known. */
  conceal(...flags: readonly string[]): void {
    this.opaque = true;
    if (this.planned !== 'prepare') this.effects.runsCode = true;
    this.raise('unknown', ...flags);
  }

  touch(
    relation: Relation,
    {
      written = false,
      columns = [],
      assigned = [],
    }: { written?: boolean; columns?: Iterable<string>; assigned?: Iterable<string> } = {},
  ): void {
    const key = qualify(relation.schema, relation.name);
    const touch = this.touches.get(key) ?? {
      schema: relation.schema,
      name: relation.name,
      columns: new Set(),
      assigned: new Set(),
      written: false,
    };
    this.touches.set(key, touch);
    touch.written ||= written && !this.planned;
    for (const column of columns) touch.columns.add(column);
    for (const column of assigned) touch.assigned.add(column);
  }

  /** A relation that is made here, or that does not resolve. */
  name(name: string, written: boolean): void {
    this.strangers.set(name, (this.strangers.get(name) ?? false) || (written && !this.planned));
  }

  done(text: string): Omit<SqlStatement, 'lineage'> {
    const touches = [...this.touches.values()];
    const names = (written: boolean): string[] => [
      ...touches.filter((touch) => !written || touch.written).map((touch) => qualify(touch.schema, touch.name)),
      ...[...this.strangers].filter(([, isWritten]) => !written || isWritten).map(([name]) => name),
    ];
    return {
      text,
      risk: this.risk,
      verbs: [...this.verbs],
      relations: sorted(names(false)),
      written: sorted(names(true)),
      columns: sorted(
        touches.flatMap(({ schema, name, columns, assigned }) =>
          [...columns, ...assigned].map((column) => qualify(schema, name, column)),
        ),
      ),
      functions: sorted(this.functions),
      hasWhere: this.hasWhere,
      unresolved: sorted(this.unresolved),
      flags: sorted(this.flags),
      opaque: this.opaque,
      touches: touches.map(({ schema, name, columns, written }) => ({
        schema,
        name,
        columns: sorted(columns),
        written,
      })),
      ...(this.copies.length > 0 && { copy: this.copies }),
      sessionEffects: this.effects,
    };
  }
}
