/** What a conversation has sent already, so that it is sent again as it was. */
import { hash } from 'node:crypto';

const mostBlocks = 4_096;
const mostBytes = 8 * 1024 * 1024;
/** Of a block that was sent as it came nothing need be kept but that it was. */
const asItCame = new Uint8Array(0);

/**
 * Append only: the bytes that once went to the model for a block of the client's stay what they were, although rules and
 * detectors change meanwhile. New rules act on new blocks. Bounded: what is forgotten is masked again, deterministically.
 */
export class ConversationLedger {
  readonly #sent = new Map<string, Uint8Array>();
  #bytes = 0;

  /** @returns what was sent for this block before; the block itself where that is it */
  find(block: Uint8Array): Uint8Array | undefined {
    const sent = this.#sent.get(keyOf(block));
    return sent === asItCame ? block : sent;
  }

  /** @param sent kept as it is: not to be written to afterwards */
  keep(block: Uint8Array, sent: Uint8Array): void {
    const key = keyOf(block);
    if (this.#sent.has(key)) return;
    const kept = sent === block || Buffer.compare(sent, block) === 0 ? asItCame : sent;
    this.#sent.set(key, kept);
    this.#bytes += kept.length;
    for (const [oldest, bytes] of this.#sent) {
      if (this.#sent.size <= mostBlocks && this.#bytes <= mostBytes) return;
      this.#sent.delete(oldest);
      this.#bytes -= bytes.length;
    }
  }
}

const keyOf = (block: Uint8Array): string => hash('sha256', block, 'base64');
