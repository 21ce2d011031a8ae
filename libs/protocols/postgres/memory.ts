/**
 * What a session is known to hold at the target: prepared statements, portals, cursors, temporary relations, and
 * whether its search_path is still the catalogue's. Both halves keep one, each for its own judgement.
 */
import type { SessionEffects, SqlSession } from '@sallyport/sql';
import { Statements, type Undo } from './statements.js';

/** A prepared statement as we know it; undefined text: the target may have another under this name. */
export interface Prepared {
  readonly text: string | undefined;
}

export class SessionMemory<Statement extends Prepared = Prepared> {
  readonly statements = new Statements<Statement>();
  readonly #cursors = new Map<string, string>();
  #temporary: Set<string> | 'any' = new Set();
  #searchPathCertain = true;
  #catalogueStale = false;
  #version = 0;
  #view: { readonly version: string; readonly session: SqlSession } | undefined;
  readonly #prepare: (text: string | undefined) => Statement;

  /** @param prepare makes the caller's own record of a statement that SQL's PREPARE has made */
  constructor(prepare: (text: string | undefined) => Statement) {
    this.#prepare = prepare;
  }

  sqlSession(): SqlSession {
    const version = `${this.#version}:${this.statements.version}`;
    if (this.#view?.version !== version) this.#view = { version, session: this.#snapshot() };
    return this.#view.session;
  }

  /**
   * Takes note of what a statement leaves behind if it runs.
   * @returns what to do when it failed: then what it may have left is not known
   */
  apply(effects: SessionEffects): Undo {
    this.#version += 1;
    if (effects.changesSearchPath) this.#searchPathCertain = false;
    if (effects.ddl) this.#catalogueStale = true;
    if (effects.createsTemporary && this.#temporary !== 'any')
      for (const name of effects.createsTemporary) this.#temporary.add(name);
    if (effects.deallocates === 'all') this.statements.clear();
    else for (const name of effects.deallocates ?? []) this.statements.forget(name);
    if (effects.closes === 'all') this.#cursors.clear();
    else for (const name of effects.closes ?? []) this.#cursors.delete(name);
    for (const { name, text } of effects.declares ?? []) this.#cursors.set(name, text);
    for (const { name, text } of effects.prepares ?? [])
      if (this.statements.statement(name) === undefined) this.statements.set(name, this.#prepare(text));
    return () => this.#forgetMade(effects);
  }

  /** The catalogue has been read after what this session changed was committed or rolled back. */
  catalogueRead(): void {
    this.#version += 1;
    this.#catalogueStale = false;
  }

  /** Code ran that may have made temporary relations of any name. */
  ranOpaqueCode(): void {
    this.#version += 1;
    this.#temporary = 'any';
  }

  #forgetMade({ declares = [], prepares = [] }: SessionEffects): void {
    this.#version += 1;
    for (const { name } of declares) this.#cursors.delete(name);
    for (const { name } of prepares) this.statements.set(name, this.#prepare(undefined));
  }

  #snapshot(): SqlSession {
    const prepared = new Map<string, string>();
    for (const [name, { text }] of this.statements.entries())
      if (name !== '' && text !== undefined) prepared.set(name, text);
    return {
      prepared,
      cursors: new Map(this.#cursors),
      temporary: this.#temporary === 'any' ? 'any' : new Set(this.#temporary),
      searchPathCertain: this.#searchPathCertain,
      ...(this.#catalogueStale ? { catalogueStale: true } : {}),
    };
  }
}
