import { GatewayError } from '@sallyport/core';

// Without a cause: a parser's own words repeat what it was given.
export const malformed = (what: string): GatewayError =>
  new GatewayError('INVALID_INPUT', what, { hint: 'send OTLP 1 over HTTP, as JSON or protobuf' });

export const tooLarge = (what: string): GatewayError =>
  new GatewayError('TOO_LARGE', what, { hint: 'let the client export smaller batches' });

export const tooManyParts = (): GatewayError => tooLarge('the body has too many parts');
