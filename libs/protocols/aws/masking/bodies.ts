/** Bodies as they arrive: read whole within a bound, or decoded on their way. */
import { Readable } from 'node:stream';
import zlib from 'node:zlib';
import { notUnderstood } from './not-understood.js';

export type Body = AsyncIterable<Uint8Array>;

export async function* nothing(): Body {}
export async function* only(bytes: Uint8Array): Body {
  if (bytes.length > 0) yield bytes;
}

/** @throws GatewayError RESPONSE_NOT_UNDERSTOOD where it is longer */
export const readWhole = async (body: Body, most: number): Promise<Uint8Array> => {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of body) {
    length += piece.length;
    if (length > most) throw notUnderstood(`an answer is longer than the ${most} bytes that are read at once`);
    pieces.push(piece);
  }
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
};

/** @returns the first piece that is not empty, and the whole body again */
export const peeked = async (body: Body): Promise<{ first: Uint8Array; whole: Body }> => {
  const iterator = body[Symbol.asyncIterator]();
  let first: Uint8Array = new Uint8Array(0);
  let done = false;
  while (first.length === 0 && !done) {
    const next = await iterator.next();
    if (next.done === true) done = true;
    else first = next.value;
  }
  async function* again(): Body {
    try {
      if (first.length > 0) yield first;
      while (!done) {
        const next = await iterator.next();
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      await iterator.return?.();
    }
  }
  return { first, whole: again() };
};

interface Coding {
  decoder(): NodeJS.ReadWriteStream;
  encoder(): NodeJS.ReadWriteStream;
}

/** Node has Zstandard from 22.15 on. */
const zstd = zlib as unknown as Record<string, (() => NodeJS.ReadWriteStream) | undefined>;

const codings: Readonly<Record<string, Coding | undefined>> = {
  gzip: { decoder: () => zlib.createGunzip(), encoder: () => zlib.createGzip() },
  'x-gzip': { decoder: () => zlib.createGunzip(), encoder: () => zlib.createGzip() },
  deflate: { decoder: () => zlib.createInflate(), encoder: () => zlib.createDeflate() },
  br: {
    decoder: () => zlib.createBrotliDecompress(),
    // The default quality of 11 would be slower than the network.
    encoder: () => zlib.createBrotliCompress({ params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } }),
  },
  ...(zstd['createZstdDecompress'] && zstd['createZstdCompress']
    ? { zstd: { decoder: zstd['createZstdDecompress'], encoder: zstd['createZstdCompress'] } }
    : {}),
};

/** `aws-chunked` is left of an upload: it says nothing about the body of the answer. */
const saysNothing = new Set(['', 'identity', 'aws-chunked']);

/** @throws GatewayError RESPONSE_NOT_UNDERSTOOD for an encoding that is not known here, or for several */
export const codingOf = (header: string | undefined): Coding | undefined => {
  const names = (header ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => !saysNothing.has(name));
  if (names.length === 0) return undefined;
  const coding = names.length === 1 && Object.hasOwn(codings, names[0]!) ? codings[names[0]!] : undefined;
  if (!coding) throw notUnderstood(`the answer is encoded as ${JSON.stringify(header)}, which cannot be masked here`);
  return coding;
};

/** How much more may come out than went in, once enough has come out to tell: a bomb is no answer. */
const mostRatio = 250;
const enough = 16 * 1024 * 1024;

/** @throws GatewayError RESPONSE_NOT_UNDERSTOOD while it is read, for a bomb or a broken body */
export async function* decoded(body: Body, coding: Coding): Body {
  let taken = 0;
  let given = 0;
  async function* counted(): Body {
    for await (const piece of body) {
      taken += piece.length;
      yield piece;
    }
  }
  try {
    for await (const piece of through(counted(), coding.decoder())) {
      given += piece.length;
      if (given > enough && given > taken * mostRatio) throw notUnderstood('the answer inflates to too many bytes');
      yield piece;
    }
  } catch (error) {
    if (isZlibError(error)) throw notUnderstood('the encoding of the answer is broken', error);
    throw error;
  }
}

const isZlibError = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  typeof error.code === 'string' &&
  /^(Z_|ERR_(BROTLI_|_ERROR|ZSTD)|ERR__)/.test(error.code);

export const encoded = (body: Body, coding: Coding): Body => through(body, coding.encoder());

async function* through(body: Body, transform: NodeJS.ReadWriteStream): Body {
  const source = Readable.from(body, { objectMode: false });
  source.on('error', (error) => (transform as unknown as { destroy(error: Error): void }).destroy(error));
  source.pipe(transform);
  try {
    for await (const piece of transform) yield piece as Uint8Array;
  } finally {
    source.destroy();
  }
}
