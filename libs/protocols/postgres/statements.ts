/**
 * Which text a prepared statement or portal of the target stands for, as the messages that went by say.
 *
 * A change counts from the moment it is sent and is taken back when the target says that it did not happen, so that
 * what is judged is what runs. https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
 */
import type { Bind } from './frontend.js';

export interface Portal<Statement> {
  readonly statement: Statement | undefined;
  readonly bind: Bind;
}

export type Undo = () => void;

/** Bounds what one client can make the gateway remember; PostgreSQL has no bound of its own. */
export const statementLimit = 10_000;

export class Statements<Statement> {
  readonly #statements = new Map<string, Statement>();
  readonly #portals = new Map<string, Portal<Statement>>();
  #version = 0;

  get size(): number {
    return this.#statements.size + this.#portals.size;
  }

  statement(name: string): Statement | undefined {
    return this.#statements.get(name);
  }

  portal(name: string): Portal<Statement> | undefined {
    return this.#portals.get(name);
  }

  entries(): IterableIterator<[string, Statement]> {
    return this.#statements.entries();
  }

  /** Grows with every change, so that what is derived from the entries can be kept. */
  get version(): number {
    return this.#version;
  }

  /**
   * A named statement stays what it is until it is closed: the target refuses to parse over it, and we keep the old one.
   * The unnamed one is replaced.
   */
  parse(name: string, statement: Statement): Undo {
    if (name !== '' && this.#statements.has(name)) return () => undefined;
    return this.#changed(replace(this.#statements, name, statement));
  }

  bind(bind: Bind): Undo {
    return replace(this.#portals, bind.portal, { statement: this.#statements.get(bind.statement), bind });
  }

  close(kind: 'S' | 'P', name: string): Undo {
    return kind === 'S'
      ? this.#changed(replace(this.#statements, name, undefined))
      : replace(this.#portals, name, undefined);
  }

  /** DEALLOCATE ALL and DISCARD ALL. */
  clear(): void {
    this.#statements.clear();
    this.#version += 1;
  }

  forget(name: string): void {
    this.#statements.delete(name);
    this.#version += 1;
  }

  set(name: string, statement: Statement): void {
    this.#statements.set(name, statement);
    this.#version += 1;
  }

  #changed(undo: Undo): Undo {
    this.#version += 1;
    return () => {
      this.#version += 1;
      undo();
    };
  }
}

function replace<T>(map: Map<string, T>, name: string, value: T | undefined): Undo {
  const before = map.get(name);
  if (value === undefined) map.delete(name);
  else map.set(name, value);
  return () => {
    if (before === undefined) map.delete(name);
    else map.set(name, before);
  };
}
