/** Leave to send a call to its target: there from the start, or given once the call is on record. */
import { GatewayError } from '@sallyport/core';

/** Far longer than a control plane takes to record something or to give it up. */
const mostMs = 30_000;

export class Clearance {
  #isGiven: boolean;
  #wake: (() => void) | undefined;

  /** @param held until `give` */
  constructor(
    held: boolean,
    private readonly signal: AbortSignal,
  ) {
    this.#isGiven = !held;
  }

  give(): void {
    this.#isGiven = true;
    this.#wake?.();
  }

  /** @throws TIMED_OUT, and what the signal was aborted with */
  async given(): Promise<void> {
    this.signal.throwIfAborted();
    if (!this.#isGiven) await this.#change();
    this.signal.throwIfAborted();
    if (!this.#isGiven)
      throw new GatewayError(
        'TIMED_OUT',
        'the control plane did not say that this call is on record, so it was not sent',
      );
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.signal.removeEventListener('abort', settle);
        resolve();
      };
      const timer = setTimeout(settle, mostMs);
      this.signal.addEventListener('abort', settle, { once: true });
      this.#wake = settle;
    });
  }
}
