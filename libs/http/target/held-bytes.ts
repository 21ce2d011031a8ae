/** What one target's calls hold of bodies at once: each is bounded, and so are all together. */
import { GatewayError } from '@sallyport/core';

const most = 256 * 1024 * 1024;

export class HeldBytes {
  readonly #one: number;
  readonly #all: number;
  #held = 0;

  /** @param one of one body */
  constructor(one: number, all = most) {
    this.#one = one;
    this.#all = Math.max(one, all);
  }

  /** A part for one call, to be given back at its end. */
  begin(): HeldPart {
    let mine = 0;
    return {
      fits: (bytes) => mine + bytes <= this.#one && this.#held + bytes <= this.#all,
      take: (bytes) => {
        if (mine + bytes > this.#one) throw tooLarge(this.#one);
        if (this.#held + bytes > this.#all) throw tooMany();
        mine += bytes;
        this.#held += bytes;
      },
      giveBack: () => {
        this.#held -= mine;
        mine = 0;
      },
    };
  }
}

export interface HeldPart {
  /** Would `take` take them? */
  fits(bytes: number): boolean;
  /** @throws TOO_LARGE for one body, RATE_LIMITED for all together */
  take(bytes: number): void;
  giveBack(): void;
}

const tooLarge = (limit: number): GatewayError =>
  new GatewayError('TOO_LARGE', `the body of this call is larger than ${limit} bytes`, {
    hint: 'an administrator can raise "max_body" in the agent’s configuration',
  });

const tooMany = (): GatewayError =>
  new GatewayError('RATE_LIMITED', 'too many large requests are under way at once', { hint: 'try again in a moment' });
