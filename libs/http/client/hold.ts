/** How long a request is held open while people are asked. */
import type { Refusal } from '@sallyport/core';
import type { Waiting } from '@sallyport/engine';
import type { Departure } from './departure.js';

/** Ends the waiting of one call when the client has gone, or when its client would soon give up by itself. */
export class Hold {
  #abandoned: AbortController | undefined;
  #callOff: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #notice: Waiting | undefined;
  #timedOut = false;

  constructor(
    private readonly gone: Departure,
    private readonly holdMs: number,
  ) {}

  /** Made for whoever asks, which is a call that waits for people. */
  get abandoned(): AbortSignal {
    return this.#abandonment.signal;
  }

  get #abandonment(): AbortController {
    if (this.#abandoned !== undefined) return this.#abandoned;
    const abandoned = new AbortController();
    this.#abandoned = abandoned;
    if (this.gone.isOver) abandoned.abort();
    else this.#callOff = this.gone.tell(() => abandoned.abort());
    return abandoned;
  }

  waiting(notice: Waiting): void {
    this.#notice = notice;
    this.#timer ??= setTimeout(() => {
      this.#timedOut = true;
      this.#abandonment.abort();
    }, this.holdMs);
  }

  /** Nobody waits any more, whatever the client does. */
  abandon(): void {
    this.#abandonment.abort();
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#callOff?.();
  }

  /** What a client is told that was let go before its review was settled. */
  inWords(refusal: Refusal): Refusal {
    if (!this.#timedOut || this.#notice === undefined || refusal.code !== 'CANCELLED') return refusal;
    const { review, message } = this.#notice;
    return {
      code: 'CANCELLED',
      message: `nothing was run yet: ${message}`,
      hint: `run exactly the same command again once review ${review} is approved, and it runs once; do not change it, and do not repeat it before`,
    };
  }
}
