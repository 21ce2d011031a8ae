/** The events of an answer in their order: none overtakes one that waits. */
import { GatewayError } from '@sallyport/core';
import type { Entry } from './entry.js';

/** A value that is still open after so much is none that anybody would read. */
export const mostWaiting = 16 * 1024 * 1024;

export class Line<Event> {
  #waiting: Entry<Event>[] = [];
  #bytes = 0;

  get holds(): boolean {
    return this.#waiting.length > 0;
  }

  /** @throws GatewayError RESPONSE_NOT_UNDERSTOOD where too much waits */
  add(entry: Entry<Event>): void {
    this.#bytes += entry.size;
    if (this.#bytes > mostWaiting) throw tooMuch();
    this.#waiting.push(entry);
  }

  /** What waits is dropped. */
  clear(): void {
    [this.#waiting, this.#bytes] = [[], 0];
  }

  /** @returns what need not wait any more */
  *leaving(): Generator<Event> {
    let left = 0;
    try {
      for (const entry of this.#waiting) {
        if (!entry.isSettled) return;
        left += 1;
        this.#bytes -= entry.size;
        yield entry.leave();
      }
    } finally {
      if (left > 0) this.#waiting = this.#waiting.slice(left);
    }
  }
}

export const tooMuch = (): GatewayError =>
  new GatewayError(
    'RESPONSE_NOT_UNDERSTOOD',
    `more than ${mostWaiting} bytes of the answer would have to be held back`,
  );
