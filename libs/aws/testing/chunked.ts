import { createHash } from 'node:crypto';
import type { Authorization } from '../sigv4/authorization.js';
import { ChunkChain } from '../sigv4/chunk-chain.js';
import { deriveSigningKey } from '../sigv4/signing-keys.js';

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

export interface ChunkedOptions {
  readonly size: number;
  /** `name:value` without line ends. */
  readonly trailers?: readonly string[];
}

/** A body as a client sends it in signed chunks; with trailers, those are signed too. */
export const signedChunks = (
  body: Uint8Array,
  { size, trailers }: ChunkedOptions,
  secret: string,
  seed: Pick<Authorization, 'signature' | 'amzDate' | 'scope'>,
): Buffer => {
  const chain = new ChunkChain(deriveSigningKey(secret, seed.scope), seed);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += size) {
    const piece = body.subarray(at, at + size);
    pieces.push(line(piece.length, chain.chunk(sha256(piece))), piece, Buffer.from('\r\n'));
  }
  pieces.push(line(0, chain.chunk(sha256(''))));
  if (trailers) {
    const signature = chain.trailer(sha256(trailers.map((trailer) => `${trailer}\n`).join(''))).toString('hex');
    for (const trailer of [...trailers, `x-amz-trailer-signature:${signature}`])
      pieces.push(Buffer.from(`${trailer}\r\n`));
  }
  return Buffer.concat([...pieces, Buffer.from('\r\n')]);
};

const line = (size: number, signature: Buffer): Buffer =>
  Buffer.from(`${size.toString(16)};chunk-signature=${signature.toString('hex')}\r\n`);

export const unsignedChunks = (body: Uint8Array, { size, trailers = [] }: ChunkedOptions): Buffer => {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += size) {
    const piece = body.subarray(at, at + size);
    pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
  }
  return Buffer.concat([...pieces, Buffer.from(`0\r\n${trailers.map((trailer) => `${trailer}\r\n`).join('')}\r\n`)]);
};
