/** How long a request is held open while people are asked. */
import type { Refusal } from '@sallyport/core';
import type { Waiting } from '@sallyport/engine';

/** Ends the waiting of one call when the client has gone, or when its client would soon give up by itself. */
export class Hold {
  readonly #abandoned = new AbortController();
  readonly #holdMs: number;
  #timer: NodeJS.Timeout | undefined;
  #notice: Waiting | undefined;
  #timedOut = false;

  constructor(gone: AbortSignal, holdMs: number) {
    this.#holdMs = holdMs;
    if (gone.aborted) this.#abandoned.abort();
    else gone.addEventListener('abort', () => this.#abandoned.abort(), { once: true, signal: this.#abandoned.signal });
  }

  get abandoned(): AbortSignal {
    return this.#abandoned.signal;
  }

  waiting(notice: Waiting): void {
    this.#notice = notice;
    this.#timer ??= setTimeout(() => {
      this.#timedOut = true;
      this.#abandoned.abort();
    }, this.#holdMs);
  }

  end(): void {
    clearTimeout(this.#timer);
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
