/**
 * Which text a prepared statement or portal of the target stands for, as the messages that went by say.
 *
 * A change counts from the moment it is sent, for what is sent behind it before the next Sync: if it does not happen,
 * neither does that. Across a Sync it is in doubt until the target has answered, wherever the name had a meaning before.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
 */

/** What becomes of a change: the target has made it, or has not. Once settled, a second call does nothing. */
export interface Change {
  confirm(): void;
  undo(): void;
}

/** Bounds what one client can make the gateway remember; PostgreSQL has no bound of its own. */
export const statementLimit = 10_000;

interface Layer<Value> {
  /** Undefined: the name is free. */
  readonly value: Value | undefined;
  readonly group: number;
  pending: boolean;
}

/** Names with their meanings: the last one that is certain below, those that wait for the target's answer above it. */
export class Names<Value> {
  readonly #stacks = new Map<string, Layer<Value>[]>();
  readonly #ambiguous = new Set<string>();
  #group = 0;
  #namedVersion = 0;

  get size(): number {
    return this.#stacks.size;
  }

  /** Grows with every change of a name that is not empty, so that what is derived from those can be kept. */
  get namedVersion(): number {
    return this.#namedVersion;
  }

  get(name: string): Value | undefined {
    return this.#stacks.get(name)?.at(-1)?.value;
  }

  *entries(): Generator<[string, Value]> {
    for (const name of this.#stacks.keys()) {
      const value = this.get(name);
      if (value !== undefined) yield [name, value];
    }
  }

  /** What is sent from here on runs whether or not what was sent before it did. */
  nextGroup(): void {
    this.#group += 1;
  }

  /** Whether the target may know another meaning of a name than `get` gives: of this one, or of any that is not empty. */
  doubtful(name?: string): boolean {
    if (name !== undefined) return this.#isDoubtful(name);
    for (const one of this.#ambiguous) if (one !== '' && this.#isDoubtful(one)) return true;
    return false;
  }

  change(name: string, value: Value | undefined): Change {
    const layer: Layer<Value> = { value, group: this.#group, pending: true };
    this.#keep(name, [...(this.#stacks.get(name) ?? []), layer]);
    return {
      confirm: () => {
        const stack = this.#stacks.get(name) ?? [];
        const at = stack.indexOf(layer);
        if (at < 0) return;
        layer.pending = false;
        this.#keep(name, stack.slice(at));
      },
      undo: () => {
        const stack = this.#stacks.get(name) ?? [];
        if (layer.pending && stack.includes(layer))
          this.#keep(
            name,
            stack.filter((one) => one !== layer),
          );
      },
    };
  }

  /** For sure, whatever waits. */
  set(name: string, value: Value): void {
    this.#keep(name, [{ value, group: this.#group, pending: false }]);
  }

  /** Code ran that may have given every name but the empty one another meaning. */
  forget(unknown: () => Value): void {
    for (const name of [...this.#stacks.keys()]) if (name !== '') this.set(name, unknown());
  }

  #keep(name: string, stack: Layer<Value>[]): void {
    if (name !== '') this.#namedVersion += 1;
    const free = stack.every(({ value, pending }) => value === undefined && !pending);
    if (free) this.#stacks.delete(name);
    else this.#stacks.set(name, stack);
    if (stack.length > 1) this.#ambiguous.add(name);
    else this.#ambiguous.delete(name);
  }

  #isDoubtful(name: string): boolean {
    const stack = this.#stacks.get(name) ?? [];
    return stack.length > 1 && stack.some(({ pending, group }) => pending && group < this.#group);
  }
}
