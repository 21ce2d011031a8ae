/** The body of a request: read whole and decoded, within bounds of size, time and how far it may expand. */
import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { GatewayError } from '@sallyport/core';
import { type Headers, headerOf, type Incoming, type InspectedBytes } from '@sallyport/http';
import { Patience } from './patience.js';

/** Of one request, decoded: what the APIs take themselves. */
export const wholeBodyBytes = 32 * 1024 * 1024;
const mostExpansion = 100;
/** Below this a body may be as repetitive as it likes. */
const freely = 1024 * 1024;

const decoders: Readonly<Record<string, (() => Transform) | undefined>> = {
  gzip: zlib.createGunzip,
  'x-gzip': zlib.createGunzip,
  deflate: zlib.createInflate,
  br: zlib.createBrotliDecompress,
  // There since Node 22.15 only.
  zstd: (zlib as { readonly createZstdDecompress?: () => Transform }).createZstdDecompress,
};

/** @throws GatewayError TOO_LARGE, RATE_LIMITED, CANCELLED, TIMED_OUT, UNSUPPORTED (coding), INVALID_INPUT */
export async function readBody(incoming: Incoming, budget: InspectedBytes): Promise<Buffer> {
  const decoder = decoderOf(incoming.headers);
  const announced = Number(headerOf(incoming.headers, 'content-length') ?? 0);
  if (announced > wholeBodyBytes) throw tooLarge(`a body of ${announced} bytes cannot be inspected`);
  const patience = new Patience(incoming);
  const all: Uint8Array[] = [];
  try {
    incoming.proceed();
    const pieces =
      decoder === undefined ? arriving(incoming, patience) : expanded(arriving(incoming, patience), decoder);
    for await (const piece of pieces) {
      budget.take(piece.length);
      all.push(piece);
    }
    return Buffer.concat(all);
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    throw new GatewayError('CANCELLED', 'the client left while it was sending', { cause: error });
  } finally {
    patience.end();
  }
}

async function* arriving({ body }: Incoming, patience: Patience): AsyncGenerator<Uint8Array> {
  // In HTTP/2 it is the stream that the answer goes by, too: it must outlive its end.
  for await (const piece of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
    patience.heard();
    yield piece;
  }
}

/** Piece by piece: what a decoder gives for one is taken before it gets more, so that nothing grows unseen. */
async function* expanded(pieces: AsyncIterable<Uint8Array>, decoder: Transform): AsyncGenerator<Uint8Array> {
  const seen = { received: 0, decoded: 0 };
  let broken: unknown;
  const fed = feed(pieces, decoder, seen).catch((error: unknown) => {
    broken = error;
    decoder.destroy();
  });
  try {
    for await (const piece of decoder as AsyncIterable<Uint8Array>) {
      seen.decoded += piece.length;
      if (seen.decoded > freely && seen.decoded > seen.received * mostExpansion)
        throw tooLarge(`the body expands to more than ${mostExpansion} times of what was sent`);
      yield piece;
    }
    await fed;
  } catch (cause) {
    if (broken !== undefined || cause instanceof GatewayError) throw broken ?? cause;
    throw new GatewayError('INVALID_INPUT', 'the body is not in the content coding that it is said to be in', {
      cause,
    });
  } finally {
    decoder.destroy();
  }
}

async function feed(pieces: AsyncIterable<Uint8Array>, into: Transform, seen: { received: number }): Promise<void> {
  for await (const piece of pieces) {
    seen.received += piece.length;
    if (!into.write(piece)) await roomIn(into);
    if (into.destroyed) return;
  }
  into.end();
}

const roomIn = (stream: Transform): Promise<void> =>
  new Promise((resolve) => {
    stream.once('drain', resolve).once('close', resolve);
  });

/** @throws GatewayError UNSUPPORTED: what cannot be read cannot be judged */
function decoderOf(headers: Headers): Transform | undefined {
  const coding = (headerOf(headers, 'content-encoding') ?? '').trim().toLowerCase();
  if (coding === '' || coding === 'identity') return undefined;
  const decoder = Object.hasOwn(decoders, coding) ? decoders[coding] : undefined;
  if (decoder !== undefined) return decoder();
  throw new GatewayError('UNSUPPORTED', `the gateway cannot read a body with the content coding "${coding}"`, {
    hint: 'send it without one, or with gzip alone',
  });
}

const tooLarge = (message: string): GatewayError =>
  new GatewayError('TOO_LARGE', message, { hint: 'send less in one request, without a content coding' });
