import { maxInspectedBytes } from '@sallyport/aws';
import { GatewayError } from '@sallyport/core';

/** Of one body that must be read whole to be described. */
export const wholeBodyBytes = maxInspectedBytes;
/** Of all such bodies that one process holds at the same time. */
const allBytes = 256 * 1024 * 1024;

/** What one process holds of bodies that are being inspected. */
export class InspectionBudget {
  #held = 0;

  /** A part for one call, to be given back at its end. */
  begin(): InspectedBytes {
    let mine = 0;
    return {
      take: (bytes) => {
        if (mine + bytes > wholeBodyBytes)
          throw new GatewayError('TOO_LARGE', `a body of more than ${wholeBodyBytes} bytes cannot be inspected`, {
            hint: 'send less in one request; objects of any size go through S3',
          });
        if (this.#held + bytes > allBytes)
          throw new GatewayError('RATE_LIMITED', 'too many large requests are being inspected at once', {
            hint: 'try again in a moment',
          });
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

export interface InspectedBytes {
  /** @throws GatewayError TOO_LARGE for one body, RATE_LIMITED for all together */
  take(bytes: number): void;
  giveBack(): void;
}
