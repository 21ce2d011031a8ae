/**
 * What a session is known to hold at the target: prepared statements, portals, cursors, temporary relations, and
 * whether its search_path is still the catalogue's. Both halves keep one, each for its own judgement.
 */
import type { Catalogue, SessionEffects, SqlDescription, SqlSession } from '@sallyport/sql';
import { type Change, Names } from './statements.js';

/** A prepared statement as we know it; undefined text: the target may have another under this name. */
export interface Prepared {
  readonly text: string | undefined;
}

/** A portal that Bind has made, or a cursor of SQL's DECLARE: the target keeps both under the same names. */
export interface Portal<Statement extends Prepared = Prepared> {
  readonly statement: Statement | undefined;
  /** Text of the DECLARE. */
  readonly cursor?: string;
}

export interface MemoryOptions<Statement, OnePortal> {
  /** Makes the caller's own record of a statement that SQL's PREPARE has made. */
  readonly prepare: (text: string | undefined) => Statement;
  /** … and of a cursor. */
  readonly declare: (text: string | undefined) => OnePortal;
}

/** What a statement leaves behind, once it is known whether it ran. */
export interface Aftermath {
  done(): void;
  failed(): void;
}

export class SessionMemory<
  Statement extends Prepared = Prepared,
  OnePortal extends Portal<Statement> = Portal<Statement>,
> {
  readonly statements = new Names<Statement>();
  readonly portals = new Names<OnePortal>();
  #temporary: Set<string> | 'any' = new Set();
  #searchPath: string | undefined;
  #searchPathCertain = true;
  #staleSince = 0;
  #codeSince = 0;
  #version = 0;
  #tainted = false;
  #view: { readonly version: number; readonly session: SqlSession } | undefined;
  readonly #options: MemoryOptions<Statement, OnePortal>;

  constructor(options: MemoryOptions<Statement, OnePortal>) {
    this.#options = options;
  }

  /** @param catalogue what names are looked up in; its search path counts only while it is the session's first one */
  sqlSession(catalogue?: Catalogue): SqlSession {
    if (catalogue !== undefined && catalogue !== this.#catalogue) {
      this.#catalogue = catalogue;
      const path = JSON.stringify(catalogue.searchPath);
      if (path !== (this.#searchPath ??= path)) this.#setPathUncertain();
    }
    // Each of them only grows, so that their sum stands for all three.
    const version = this.#version + this.statements.namedVersion + this.portals.namedVersion;
    if (this.#view?.version !== version) this.#view = { version, session: this.#snapshot() };
    return this.#view.session;
  }
  #catalogue: Catalogue | undefined;

  /** Code of the target's own ran since the catalogue was read: it may have defined anything anew. */
  get codeRan(): boolean {
    return this.#codeSince > 0;
  }

  /** A value that nobody may see was put into a setting of the session, where anything may show it. */
  get tainted(): boolean {
    return this.#tainted;
  }

  taint(): void {
    this.#tainted = true;
  }

  /** Whether a name that a message uses may mean something else by now, or any name for what may use any. */
  doubtful(): boolean {
    return this.statements.doubtful() || this.portals.doubtful();
  }

  nextGroup(): void {
    this.statements.nextGroup();
    this.portals.nextGroup();
  }

  /**
   * Takes note of what a text leaves behind if it runs, statement by statement.
   * @param exchange which one sends it: what is read of the catalogue later makes up for it
   */
  apply(description: SqlDescription, exchange: number): Aftermath {
    const { statements, sessionEffects } = description;
    if (leavesNothing(description)) return nothingLeft;
    const parts = statements.length > 0 ? statements.map((one) => one.sessionEffects) : [sessionEffects];
    const changes = parts.flatMap((effects) => this.#applyOne(effects, exchange));
    const names = parts.flatMap(namesChanged);
    return {
      done: () => {
        for (const change of changes) change.confirm();
      },
      failed: () => {
        for (const change of changes) change.undo();
        if (statements.length > 1) this.#forget(names); // nobody knows how far it came
      },
    };
  }

  /** The catalogue has been read after what exchanges up to this one changed was committed or rolled back. */
  catalogueRead(exchange: number): void {
    this.#version += 1;
    if (this.#staleSince <= exchange) this.#staleSince = 0;
    if (this.#codeSince <= exchange) this.#codeSince = 0;
  }

  #applyOne(effects: SessionEffects, exchange: number): Change[] {
    if (Object.keys(effects).length === 0) return [];
    this.#version += 1;
    if (effects.changesSearchPath) this.#setPathUncertain();
    if (effects.ddl) this.#staleSince = exchange;
    if (effects.runsCode) this.#ranCode(exchange);
    if (effects.createsTemporary && this.#temporary !== 'any')
      for (const name of effects.createsTemporary) this.#temporary.add(name);
    return [
      ...this.#gone(this.statements, effects.deallocates),
      ...this.#gone(this.portals, effects.closes),
      ...(effects.declares ?? []).map(({ name, text }) => this.portals.change(name, this.#options.declare(text))),
      ...(effects.prepares ?? []).map(({ name, text }) => this.statements.change(name, this.#options.prepare(text))),
    ];
  }

  #gone(names: Names<unknown>, gone: readonly string[] | 'all' = []): Change[] {
    const all = gone === 'all' ? [...names.entries()].map(([name]) => name).filter((name) => name !== '') : gone;
    return all.map((name) => names.change(name, undefined));
  }

  /** It may have prepared, declared, set and made anything under any name. */
  #ranCode(exchange: number): void {
    this.#codeSince = exchange;
    this.#temporary = 'any';
    this.#setPathUncertain();
    this.statements.forget(() => this.#options.prepare(undefined));
    this.portals.forget(() => this.#options.declare(undefined));
  }

  #forget(names: readonly { readonly kind: 'statement' | 'portal'; readonly name: string }[]): void {
    for (const { kind, name } of names) {
      if (kind === 'statement') this.statements.set(name, this.#options.prepare(undefined));
      else this.portals.set(name, this.#options.declare(undefined));
    }
  }

  #setPathUncertain(): void {
    if (!this.#searchPathCertain) return;
    this.#searchPathCertain = false;
    this.#version += 1;
  }

  #snapshot(): SqlSession {
    const prepared = new Map<string, string>();
    for (const [name, { text }] of this.statements.entries())
      if (name !== '' && text !== undefined) prepared.set(name, text);
    const cursors = new Map<string, string>();
    for (const [name, { cursor, statement }] of this.portals.entries()) {
      const text = cursor ?? statement?.text;
      if (name !== '' && text !== undefined) cursors.set(name, text);
    }
    return {
      prepared,
      cursors,
      temporary: this.#temporary === 'any' ? 'any' : new Set(this.#temporary),
      searchPathCertain: this.#searchPathCertain,
      ...(this.#staleSince > 0 ? { catalogueStale: true } : {}),
    };
  }
}

const nothingLeft: Aftermath = { done: () => undefined, failed: () => undefined };
const leaveNothing = new WeakMap<SqlDescription, boolean>();

/** Most statements: told once for each description. */
function leavesNothing(description: SqlDescription): boolean {
  const known = leaveNothing.get(description);
  if (known !== undefined) return known;
  const { statements, sessionEffects } = description;
  const nothing = [sessionEffects, ...statements.map((one) => one.sessionEffects)].every(
    (effects) => Object.keys(effects).length === 0,
  );
  leaveNothing.set(description, nothing);
  return nothing;
}

function namesChanged({ prepares = [], declares = [], deallocates = [], closes = [] }: SessionEffects) {
  const of = (kind: 'statement' | 'portal', names: readonly string[] | 'all') =>
    names === 'all' ? [] : names.map((name) => ({ kind, name }));
  return [
    ...of('statement', deallocates),
    ...of(
      'statement',
      prepares.map(({ name }) => name),
    ),
    ...of('portal', closes),
    ...of(
      'portal',
      declares.map(({ name }) => name),
    ),
  ];
}
