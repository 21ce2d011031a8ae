import { maxInspectedBytes } from '@sallyport/aws';
import { GatewayError } from '@sallyport/core';

/** Of one body that must be read whole to be described. */
export const wholeBodyBytes = maxInspectedBytes;
/** Of all such bodies that one process holds at the same time. */
const allBytes = 256 * 1024 * 1024;
/** Of those of one ticket: whoever sends slowly holds up himself. */
const ticketBytes = allBytes / 2;

/** What one process holds of bodies that are being inspected. */
export class InspectionBudget {
  #held = 0;
  readonly #heldBy = new Map<string, number>();

  /** A part for one call, to be given back at its end. */
  begin(): InspectedBytes {
    let mine = 0;
    let owner = '';
    return {
      belongTo: (key) => {
        owner = key;
      },
      take: (bytes) => {
        if (mine + bytes > wholeBodyBytes)
          throw new GatewayError('TOO_LARGE', `a body of more than ${wholeBodyBytes} bytes cannot be inspected`, {
            hint: 'send less in one request; objects of any size go through S3',
          });
        if (this.#held + bytes > allBytes || this.#of(owner) + bytes > ticketBytes)
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
  /** Says whose they are, before any is taken: the access key id, which is one for each ticket. */
  belongTo(key: string): void;
  /** @throws GatewayError TOO_LARGE for one body, RATE_LIMITED for all together */
  take(bytes: number): void;
  giveBack(): void;
}
