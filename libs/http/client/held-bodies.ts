import { GatewayError } from '@sallyport/core';

export interface HeldBodiesOptions {
  /** Of one body that must be read whole to be described. */
  readonly one: number;
  /** Of all such bodies that one process holds at the same time. */
  readonly all: number;
  /** What a client should do instead of sending one that is too large. */
  readonly hint: string;
}

/** What one process holds of bodies that are being inspected. One owner gets half: whoever sends slowly holds up himself. */
export class HeldBodies {
  #held = 0;
  readonly #heldBy = new Map<string, number>();

  constructor(private readonly options: HeldBodiesOptions) {}

  /** A part for one call, to be given back at its end. */
  begin(): InspectedBytes {
    const { one, all, hint } = this.options;
    let mine = 0;
    let owner = '';
    return {
      belongTo: (key) => {
        owner = key;
      },
      take: (bytes) => {
        if (mine + bytes > one)
          throw new GatewayError('TOO_LARGE', `a body of more than ${one} bytes cannot be inspected`, { hint });
        if (this.#held + bytes > all || this.#of(owner) + bytes > all / 2)
          throw new GatewayError('RATE_LIMITED', 'too many large requests are being inspected at once', {
            hint: 'try again in a moment',
          });
        mine += bytes;
        this.#add(owner, bytes);
      },
      giveBack: () => {
        this.#add(owner, -mine);
        mine = 0;
      },
    };
  }

  #of(owner: string): number {
    return this.#heldBy.get(owner) ?? 0;
  }

  #add(owner: string, bytes: number): void {
    this.#held += bytes;
    const held = this.#of(owner) + bytes;
    if (held > 0) this.#heldBy.set(owner, held);
    else this.#heldBy.delete(owner);
  }
}

export interface InspectedBytes {
  /** Says whose they are, before any is taken: what stands for the ticket. */
  belongTo(key: string): void;
  /** @throws GatewayError TOO_LARGE for one body, RATE_LIMITED for all together */
  take(bytes: number): void;
  giveBack(): void;
}
