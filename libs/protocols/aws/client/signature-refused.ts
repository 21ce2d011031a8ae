import { GatewayError } from '@sallyport/core';
import type { SignatureFault } from '../refuse.js';

export class SignatureRefused extends GatewayError {
  constructor(
    readonly fault: SignatureFault,
    message: string,
  ) {
    super('UNAUTHENTICATED', message, { hint: 'sign with the keys of "sallyport connect", and set the clock' });
  }
}
