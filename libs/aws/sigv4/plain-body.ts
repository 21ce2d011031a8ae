import { createHash, type Hash, timingSafeEqual } from 'node:crypto';
import type { BodyEnd, BodyVerifier } from './body.js';
import { BodyError } from './body-error.js';

/** A body that is not encoded; checked against its hash where one was signed. */
export class PlainBody implements BodyVerifier {
  readonly #expected: Buffer | undefined;
  readonly #hash: Hash | undefined;
  #length = 0;

  /** @param sha256 in hexadecimal */
  constructor(sha256?: string) {
    if (sha256 === undefined) return;
    this.#expected = Buffer.from(sha256, 'hex');
    this.#hash = createHash('sha256');
  }

  push(bytes: Uint8Array): readonly Uint8Array[] {
    this.#length += bytes.length;
    this.#hash?.update(bytes);
    return bytes.length > 0 ? [bytes] : [];
  }

  finish(): BodyEnd {
    if (this.#expected && !timingSafeEqual(this.#hash!.digest(), this.#expected))
      throw new BodyError('hash', 'the body does not have the hash that x-amz-content-sha256 says');
    return { length: this.#length, trailers: [] };
  }
}
