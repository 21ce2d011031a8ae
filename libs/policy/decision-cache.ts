import { type Decision, type Facts, type Identity, isImmutable } from '@sallyport/core';
import type { AttributesRead } from './policy-set.js';
import type { PolicyRequest } from './request.js';

/** Longer keys (a statement that touches a thousand columns) are decided afresh, so that the cache's size is known. */
const maxKeyLength = 8_192;

/** The last decision about the very same facts for the very same identity, with all else that it depended on. */
interface Remembered extends Pick<PolicyRequest, 'connection' | 'turn' | 'assurance' | 'soFar'> {
  readonly action: string;
  readonly risk: string;
  readonly decision: Decision;
}

/** The decisions used last, for one version of the policies. */
export class DecisionCache {
  readonly #entries = new Map<string, Decision>();

  #again = new WeakMap<Identity, WeakMap<Facts, Remembered>>();

  constructor(private readonly maxEntries: number) {}

  /** Spares to write a key for what one session asks again and again. */
  decidedAgain(request: PolicyRequest, read: AttributesRead): Decision | undefined {
    const last = this.#again.get(request.identity)?.get(request.operation.facts);
    return last !== undefined && isSame(last, request, read) ? last.decision : undefined;
  }

  remember(request: PolicyRequest, decision: Decision): void {
    const { identity, operation, connection, turn, assurance, soFar } = request;
    const { action, risk } = operation;
    if (!isImmutable(operation.facts)) return;
    const ofIdentity = this.#again.get(identity) ?? new WeakMap<Facts, Remembered>();
    this.#again.set(identity, ofIdentity);
    ofIdentity.set(operation.facts, { connection, turn, assurance, action, risk, decision, ...(soFar && { soFar }) });
  }

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
    this.#again = new WeakMap();
    this.#entries.clear();
  }
}

const isSame = (a: Remembered, b: PolicyRequest, read: AttributesRead): boolean =>
  a.turn === b.turn &&
  (a.soFar === b.soFar || !(read.has('turn_writes') || read.has('untrusted_content'))) &&
  a.assurance === b.assurance &&
  a.action === b.operation.action &&
  a.risk === b.operation.risk &&
  a.connection.name === b.connection.name &&
  a.connection.protocol === b.connection.protocol &&
  a.connection.labels === b.connection.labels;
