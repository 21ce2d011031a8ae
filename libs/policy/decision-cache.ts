import type { Decision } from '@sallyport/core';

/** Longer keys (a statement that touches a thousand columns) are decided afresh, so that the cache's size is known. */
const maxKeyLength = 8_192;

/** The decisions used last, for one version of the policies. */
export class DecisionCache {
  readonly #entries = new Map<string, Decision>();

  constructor(private readonly maxEntries: number) {}

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Decision | undefined {
    const found = this.#entries.get(key);
    if (found === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, found);
    return found;
  }

  set(key: string, decision: Decision): void {
    if (key.length > maxKeyLength) return;
    this.#entries.set(key, decision);
    if (this.#entries.size <= this.maxEntries) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }

  clear(): void {
    this.#entries.clear();
  }
}
