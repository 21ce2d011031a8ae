import type { BodyError } from './body-error.js';
import type { ChunkChain } from './chunk-chain.js';
import { ChunkedBody } from './chunked-body.js';
import type { BodyProtection } from './payload.js';
import { PlainBody } from './plain-body.js';

export interface BodyEnd {
  /** Decoded. */
  readonly length: number;
  /** In wire order, without their signature. */
  readonly trailers: readonly (readonly [name: string, value: string])[];
}

/**
 * Takes a body as it comes over the wire and gives it back decoded. What `push` gives may go on at once, but the last of
 * it must not count as the end before `finish` has returned: until then nothing is proven of an unsigned or plainly
 * hashed body, and of a chunk only once it is whole.
 */
export interface BodyVerifier {
  /**
   * @returns decoded bytes, views of those given
   * @throws BodyError
   */
  push(bytes: Uint8Array): readonly Uint8Array[];
  /** @throws BodyError where not everything was there and right */
  finish(): BodyEnd;
}

export const bodyVerifier = (protection: BodyProtection, chain: () => ChunkChain): BodyVerifier => {
  switch (protection.kind) {
    case 'hash':
      return new FailsForGood(new PlainBody(protection.sha256));
    case 'unsigned':
      return new FailsForGood(new PlainBody());
    case 'chunked-unsigned-trailer':
      return new FailsForGood(new ChunkedBody(protection));
    default:
      return new FailsForGood(new ChunkedBody(protection, chain()));
  }
};

/** A body that has failed once stays failed, and one that has ended takes no more: whoever asks again is told again. */
class FailsForGood implements BodyVerifier {
  readonly #body: BodyVerifier;
  #error: BodyError | undefined;
  #end: BodyEnd | undefined;

  constructor(body: BodyVerifier) {
    this.#body = body;
  }

  push(bytes: Uint8Array): readonly Uint8Array[] {
    if (this.#end) throw new Error('a body was pushed on after its end');
    return this.#once(() => this.#body.push(bytes));
  }

  finish(): BodyEnd {
    return (this.#end ??= this.#once(() => this.#body.finish()));
  }

  #once<T>(step: () => T): T {
    if (this.#error) throw this.#error;
    try {
      return step();
    } catch (error) {
      this.#error = error as BodyError;
      throw error;
    }
  }
}

/** The decoded body as it comes; throws in place of its end where that is not right. */
export async function* verifiedBody(
  source: AsyncIterable<Uint8Array>,
  verifier: BodyVerifier,
): AsyncGenerator<Uint8Array, BodyEnd> {
  for await (const bytes of source) yield* verifier.push(bytes);
  return verifier.finish();
}
