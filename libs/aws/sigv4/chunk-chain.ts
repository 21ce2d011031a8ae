import { timingSafeEqual } from 'node:crypto';
import { emptyHash } from './canonical.js';
import { type CredentialScope, hmac, scopeText } from './scope.js';

/** What chunk signatures hang on: the request's own signature, date and scope. */
export interface ChainSeed {
  readonly signature: string;
  readonly amzDate: string;
  readonly scope: CredentialScope;
}

/**
 * The signatures of a body's chunks, each over the one before it.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html, and sigv4-streaming-trailers.html
 */
export class ChunkChain {
  readonly #key: Uint8Array;
  readonly #date: string;
  readonly #scope: string;
  #previous: string;

  constructor(key: Uint8Array, { signature, amzDate, scope }: ChainSeed) {
    this.#key = key;
    this.#date = amzDate;
    this.#scope = scopeText(scope);
    this.#previous = signature;
  }

  /** @returns the signature of the next chunk */
  chunk(sha256: string): Buffer {
    return this.#next('AWS4-HMAC-SHA256-PAYLOAD', `${emptyHash}\n${sha256}`);
  }

  /** @param sha256 of the trailers in canonical form; comes after the last chunk */
  trailer(sha256: string): Buffer {
    return this.#next('AWS4-HMAC-SHA256-TRAILER', sha256);
  }

  #next(kind: string, hashes: string): Buffer {
    const signature = hmac(this.#key, `${kind}\n${this.#date}\n${this.#scope}\n${this.#previous}\n${hashes}`);
    this.#previous = signature.toString('hex');
    return signature;
  }
}

/** @param given 64 hexadecimal digits */
export const sameSignature = (expected: Uint8Array, given: string): boolean =>
  timingSafeEqual(expected, Buffer.from(given, 'hex'));
