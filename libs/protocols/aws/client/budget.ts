import { maxInspectedBytes } from '@sallyport/aws';
import { HeldBodies } from '@sallyport/http';

export type { InspectedBytes } from '@sallyport/http';

/** Of one body that must be read whole to be described. */
export const wholeBodyBytes = maxInspectedBytes;

/** What one process holds of bodies of calls to AWS that are being inspected. */
export class InspectionBudget extends HeldBodies {
  constructor() {
    super({
      one: wholeBodyBytes,
      all: 256 * 1024 * 1024,
      hint: 'send less in one request; objects of any size go through S3',
    });
  }
}
