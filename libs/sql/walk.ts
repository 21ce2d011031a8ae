import type { Draft } from './draft.js';
import { grammar } from './grammar.js';
import type { Names } from './names.js';
import { emptyScope, type Scope } from './scope.js';
import { type Branch, isTree, type Tree } from './tree.js';

export type Handler = (body: Tree, scope: Scope, walk: Walk) => void;

/** Prepared statements and cursors as they stand before one statement, and that statement's own text. */
export interface Surroundings {
  readonly text: string;
  readonly prepared: ReadonlyMap<string, string>;
  readonly cursors: ReadonlyMap<string, string>;
  /** How many EXECUTEs deep. */
  readonly depth: number;
}

/** One walk over one statement. Kinds without a handler are walked field by field; kinds off the list are `unknown`. */
export class Walk {
  constructor(
    readonly names: Names,
    readonly around: Surroundings,
    private readonly handlers: Readonly<Record<string, Handler>>,
    private readonly topLevel: (kind: string) => Handler | undefined,
  ) {}

  /** The same walk one EXECUTE or FETCH deeper. */
  deeper(): Walk {
    return new Walk(this.names, { ...this.around, depth: this.around.depth + 1 }, this.handlers, this.topLevel);
  }

  /** Describes a whole statement by its kind; a kind that is not listed is `unknown`. */
  statement(kind: string, body: Tree): void {
    const handler = this.topLevel(kind);
    if (handler && grammar.has(kind)) this.check(kind, body);
    if (handler) handler(body, emptyScope, this);
    else this.draft.raise('unknown', 'unknown-syntax', `syntax:${kind}`);
  }

  get draft(): Draft {
    return this.names.draft;
  }

  /** Walks anything: a wrapped node, a list, a value. */
  visit(branch: Branch, scope: Scope): void {
    if (Array.isArray(branch)) {
      for (const item of branch as readonly Branch[]) this.visit(item, scope);
    } else if (isTree(branch)) {
      for (const kind in branch) {
        const body = branch[kind];
        this.node(kind, isTree(body) ? body : {}, scope);
      }
    }
  }

  /** Walks a node by its kind, after its kind and its fields were found on the list. */
  node(kind: string, body: Tree | undefined, scope: Scope): void {
    if (!body || !this.check(kind, body)) return;
    const handler = this.handlers[kind];
    if (handler) handler(body, scope, this);
    else this.fields(kind, body, scope);
  }

  /** Walks the fields of a node but for those named, which the caller has dealt with. */
  fields(kind: string, body: Tree, scope: Scope, except: readonly string[] = []): void {
    const shape = grammar.get(kind);
    for (const field in body) {
      if (except.includes(field)) continue;
      const [held, branch] = [shape?.get(field), body[field]];
      if (held !== undefined && isTree(branch)) this.node(held, branch, scope);
      else if (typeof branch === 'object') this.visit(branch, scope);
    }
  }

  /** Whether a kind is listed at all; notes the kind, or those of its fields, that are not. */
  check(kind: string, body: Tree): boolean {
    const shape = grammar.get(kind);
    if (!shape) this.draft.raise('unknown', 'unknown-syntax', `syntax:${kind}`);
    else
      for (const field in body)
        if (!shape.has(field)) this.draft.raise('unknown', 'unknown-syntax', `syntax:${kind}.${field}`);
    return shape !== undefined;
  }
}
