/** The ledgers of the conversations that this agent has seen lately. */
import { ConversationLedger } from '@sallyport/models';

/** A ledger holds at most 8 MiB, usually a few dozen kilobytes: most blocks pass unchanged and are not in it. */
const mostConversations = 256;

/**
 * In memory only, and bounded: a conversation whose ledger is gone (a restart, another agent of a pool) is masked again,
 * which gives the same bytes as long as the rules are the same.
 */
export class Ledgers {
  readonly #kept = new Map<string, ConversationLedger>();

  /** @param person whose conversation it is: another's of the same name is another one */
  of(person: string, conversation: string): ConversationLedger {
    const key = `${person.length} ${person}${conversation}`;
    const ledger = this.#kept.get(key) ?? new ConversationLedger();
    this.#kept.delete(key);
    this.#kept.set(key, ledger);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= mostConversations) break;
      this.#kept.delete(oldest);
    }
    return ledger;
  }
}
