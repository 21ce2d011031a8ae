import { GatewayError } from '@sallyport/core';

/** Why a body is not what its request promised; S3 answers each with a code of its own. */
export const bodyReasons = [
  /** A chunk or the trailer is not signed as it must be. */
  'signature',
  /** Its SHA-256 is not the signed one. */
  'hash',
  /** A checksum in the trailer is not that of the bytes. */
  'checksum',
  /** Longer or shorter than announced. */
  'length',
  /** It ends before its end. */
  'truncated',
  'malformed',
] as const;
export type BodyReason = (typeof bodyReasons)[number];

export class BodyError extends GatewayError {
  constructor(
    readonly reason: BodyReason,
    message: string,
  ) {
    super('PROTOCOL_VIOLATION', message);
  }
}
