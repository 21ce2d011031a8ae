import { GatewayError } from '@sallyport/core';
import { type Checksum, checksumOf } from './checksums.js';

/** S3 takes none smaller than 8 KB but the last; SDKs send as many. */
const chunkBytes = 64 * 1024;
const crlf = Buffer.from('\r\n');
const lineFor = (size: number): Buffer => Buffer.from(`${size.toString(16)}\r\n`);

/**
 * A body in unsigned chunks with its checksums as trailers, for `STREAMING-UNSIGNED-PAYLOAD-TRAILER`. Needs no key: what goes
 * to AWS over TLS keeps the checksum that the client asked for.
 *
 * @param trailers what `x-amz-trailer` names
 * @throws GatewayError UNSUPPORTED for a trailer that is no known checksum
 */
export async function* encodeChunked(
  source: AsyncIterable<Uint8Array>,
  trailers: readonly string[],
): AsyncGenerator<Uint8Array> {
  const checksums = trailers.map((name) => [name, knownChecksum(name)] as const);
  const chunk = new Chunk();
  for await (const bytes of source) {
    for (const [, checksum] of checksums) checksum.update(bytes);
    for (let at = 0; at < bytes.length; ) {
      const piece = bytes.subarray(at, at + chunk.room);
      at += piece.length;
      if (chunk.add(piece)) yield* chunk.take();
    }
  }
  yield* chunk.take();
  const lines = checksums.map(([name, checksum]) => `${name}:${checksum.digest()}\r\n`);
  yield Buffer.from(`0\r\n${lines.join('')}\r\n`);
}

/** The length of what `encodeChunked` makes of a body of that length. */
export const chunkedLength = (length: number, trailers: readonly string[]): number => {
  const [full, rest] = [Math.floor(length / chunkBytes), length % chunkBytes];
  const of = (size: number): number => lineFor(size).length + size + crlf.length;
  const lines = trailers.map((name) => name.length + 1 + knownChecksum(name).digest().length + crlf.length);
  return full * of(chunkBytes) + (rest > 0 ? of(rest) : 0) + lines.reduce((sum, size) => sum + size, 5);
};

const knownChecksum = (name: string): Checksum => {
  const make = checksumOf(name);
  if (!make) throw new GatewayError('UNSUPPORTED', `the trailer ${JSON.stringify(name.slice(0, 64))} is not supported`);
  return make();
};

/** One chunk, put together from views of what comes. */
class Chunk {
  #pieces: Uint8Array[] = [];
  #size = 0;

  get room(): number {
    return chunkBytes - this.#size;
  }

  /** @returns whether the chunk is full */
  add(piece: Uint8Array): boolean {
    this.#pieces.push(piece);
    this.#size += piece.length;
    return this.room === 0;
  }

  take(): Uint8Array[] {
    const chunk = this.#size > 0 ? [lineFor(this.#size), ...this.#pieces, crlf] : [];
    [this.#pieces, this.#size] = [[], 0];
    return chunk;
  }
}
