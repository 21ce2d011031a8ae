import { GatewayError } from '@sallyport/core';
import type { Incoming } from '@sallyport/http';

/** A body that stands still this long is given up. */
const stillMs = 60_000;
/** The largest body at a hundred kilobytes a second. */
const wholeMs = 330_000;

/** Gives a body up that stands still, or that never ends. */
export class Patience {
  #isOver = false;
  readonly #still: NodeJS.Timeout;
  readonly #whole: NodeJS.Timeout;

  constructor({ body }: Pick<Incoming, 'body'>) {
    const giveUp = (): void => {
      this.#isOver = true;
      body.destroy(new GatewayError('TIMED_OUT', 'the body did not arrive in time'));
    };
    this.#still = setTimeout(giveUp, stillMs);
    this.#whole = setTimeout(giveUp, wholeMs);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  heard(): void {
    this.#still.refresh();
  }

  end(): void {
    clearTimeout(this.#still);
    clearTimeout(this.#whole);
  }
}
