/**
 * What the model has said, as it said it: the client was shown it with values hidden, and sends that back. The provider
 * checks what comes before its own thoughts, and must be given its own words again.
 */
import type { ConversationLedger } from '../ledger.js';

/** A text by what the client was shown of it; a call and a result by their ids, which the provider gave. */
export type SpokenKind = 'text' | 'input' | 'content';

const keyOf = (kind: SpokenKind, name: string): Uint8Array => Buffer.from(`spoken ${kind}\0${name}`);

export class Spoken {
  constructor(private readonly ledger: ConversationLedger) {}

  /** @param value JSON, as the provider wrote it; absent where the client was shown just that */
  keep(kind: SpokenKind, name: string, value?: Uint8Array): void {
    const key = keyOf(kind, name);
    this.ledger.keep(key, value === undefined ? key : Uint8Array.from(value));
  }

  /** @returns 'same' where the client was shown what was said; undefined where nothing is known */
  find(kind: SpokenKind, name: string): Uint8Array | 'same' | undefined {
    const key = keyOf(kind, name);
    const found = this.ledger.find(key);
    return found === key ? 'same' : found;
  }
}
