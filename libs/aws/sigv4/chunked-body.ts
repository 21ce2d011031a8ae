import { createHash, type Hash } from 'node:crypto';
import type { BodyEnd, BodyVerifier } from './body.js';
import { BodyError } from './body-error.js';
import { type ChunkChain, sameSignature } from './chunk-chain.js';
import { LineBuffer } from './line-buffer.js';
import type { ChunkedProtection } from './payload.js';
import { Trailers } from './trailers.js';

/** Ten digits of a size and a signature fit well. */
const chunkLineLimit = 128;
/** S3's largest part; a chunk cannot be larger. */
const chunkSizeLimit = 5 * 2 ** 30;
const chunkLine = /^([0-9a-fA-F]{1,10})(?:;chunk-signature=([0-9a-f]{64}))?$/;

type State = 'size' | 'data' | 'data-end' | 'trailers' | 'done';

/**
 * aws-chunked: `size[;chunk-signature=…]`, the bytes, …, a chunk of none, trailers, an empty line; every line with CRLF.
 * A checksum may end with LF, and an empty line after it: so AWS's documentation of signed trailers has it, and minio-go.
 */
export class ChunkedBody implements BodyVerifier {
  readonly #chain: ChunkChain | undefined;
  readonly #expected: number | undefined;
  readonly #line = new LineBuffer();
  readonly #trailers: Trailers;
  #state: State = 'size';
  /** Of the chunk that is being read. */
  #left = 0;
  #hash: Hash | undefined;
  #signature = '';
  #length = 0;
  #isAfterBare = false;

  /** @param chain where the chunks are signed */
  constructor({ kind, length, trailers }: ChunkedProtection, chain?: ChunkChain) {
    this.#chain = chain;
    this.#expected = length;
    this.#trailers = new Trailers(trailers, kind === 'chunked-signed-trailer' ? chain : undefined);
  }

  push(given: Uint8Array): readonly Uint8Array[] {
    const bytes = Buffer.from(given.buffer, given.byteOffset, given.length);
    const decoded: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; ) {
      if (this.#state === 'data') {
        const piece = bytes.subarray(at, at + Math.min(this.#left, bytes.length - at));
        this.#takeData(piece);
        decoded.push(piece);
        at += piece.length;
      } else at = this.#takeLine(bytes, at);
    }
    return decoded;
  }

  finish(): BodyEnd {
    if (this.#state !== 'done') throw new BodyError('truncated', 'the body ends before its last chunk');
    if (this.#expected !== undefined && this.#length !== this.#expected)
      throw new BodyError('length', 'the body is shorter than x-amz-decoded-content-length says');
    return { length: this.#length, trailers: this.#trailers.finish() };
  }

  #takeData(piece: Buffer): void {
    this.#hash?.update(piece);
    this.#trailers.update(piece);
    this.#left -= piece.length;
    if (this.#left > 0) return;
    this.#checkChunk();
    this.#state = 'data-end';
  }

  #takeLine(bytes: Buffer, at: number): number {
    if (this.#state === 'done') throw new BodyError('malformed', 'bytes come after the end of the body');
    const isTrailer = this.#state === 'trailers';
    const limit = isTrailer ? this.#trailers.lineLimit : chunkLineLimit;
    const { next, line, isBare } = this.#line.take(bytes, at, limit, isTrailer && !this.#isAfterBare);
    if (line === undefined) return next;
    if (isBare && line === '') throw new BodyError('malformed', 'a line between chunks does not end with CRLF');
    if (this.#isAfterBare) this.#passEmpty(line);
    else this.#understand(line);
    this.#isAfterBare = isBare === true;
    return next;
  }

  #passEmpty(line: string): void {
    if (line !== '') throw new BodyError('malformed', 'a line between chunks does not end with CRLF');
  }

  #understand(line: string): void {
    if (this.#state === 'size') this.#beginChunk(line);
    else if (this.#state === 'data-end') {
      if (line !== '') throw new BodyError('malformed', 'a chunk is longer than its size says');
      this.#state = 'size';
    } else if (line !== '') this.#trailers.add(line);
    else {
      this.#trailers.end();
      this.#state = 'done';
    }
  }

  #beginChunk(line: string): void {
    const match = chunkLine.exec(line);
    if (!match) throw new BodyError('malformed', 'the line before a chunk is not understood');
    const size = Number.parseInt(match[1]!, 16);
    if (size > chunkSizeLimit) throw new BodyError('malformed', 'a chunk of more than 5 GiB');
    this.#expectSignature(match[2]);
    this.#length += size;
    if (this.#expected !== undefined && this.#length > this.#expected)
      throw new BodyError('length', 'the body is longer than x-amz-decoded-content-length says');
    this.#left = size;
    this.#state = size > 0 ? 'data' : 'trailers';
    if (size === 0) this.#checkChunk();
  }

  #expectSignature(signature: string | undefined): void {
    if (this.#chain && !signature) throw new BodyError('signature', 'a chunk is not signed');
    if (!this.#chain && signature) throw new BodyError('malformed', 'a chunk is signed in a body of unsigned chunks');
    if (!signature) return;
    this.#signature = signature;
    this.#hash = createHash('sha256');
  }

  #checkChunk(): void {
    if (!this.#chain) return;
    if (!sameSignature(this.#chain.chunk(this.#hash!.digest('hex')), this.#signature))
      throw new BodyError('signature', 'the signature of a chunk does not match');
  }
}
