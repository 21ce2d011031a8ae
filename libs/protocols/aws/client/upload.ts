/**
 * The body of a request, decoded and verified while it passes.
 *
 * INVARIANT: its last piece goes to the agent only when all of it has been verified, so what the client has not signed is
 * never whole at the target.
 */

import type { BodyVerifier } from '@sallyport/aws';
import { GatewayError } from '@sallyport/core';
import type { InspectedBytes } from './budget.js';
import type { Incoming } from './incoming.js';
import type { Way } from './way.js';

/** A body that stands still this long is given up. */
const stillMs = 120_000;

/** Decoded pieces of the body as they come; throws where it is not what was signed. */
async function* pieces(incoming: Incoming, check: BodyVerifier): AsyncGenerator<Uint8Array> {
  let timer: NodeJS.Timeout | undefined;
  const still = (): void => void incoming.body.destroy(new GatewayError('TIMED_OUT', 'the body stopped arriving'));
  const rearm = (): void => {
    clearTimeout(timer);
    timer = setTimeout(still, stillMs);
  };
  try {
    rearm();
    // In HTTP/2 it is the stream that the answer goes by, too: it must outlive its end.
    for await (const chunk of incoming.body.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
      clearTimeout(timer); // whoever takes the piece may be slow: that is not the client's standstill
      for (const piece of check.push(chunk)) if (piece.length > 0) yield piece;
      rearm();
    }
    check.finish();
  } catch (error) {
    throw error instanceof GatewayError || incoming.body.errored === null ? error : gone(error);
  } finally {
    clearTimeout(timer);
  }
}

const gone = (cause: unknown): GatewayError =>
  new GatewayError('CANCELLED', 'the client left while it was sending', { cause });

/** @throws GatewayError TOO_LARGE, RATE_LIMITED, CANCELLED, TIMED_OUT, and SignatureRefused */
export async function readWhole(incoming: Incoming, check: BodyVerifier, budget: InspectedBytes): Promise<Buffer> {
  const all: Uint8Array[] = [];
  incoming.proceed();
  for await (const piece of pieces(incoming, check)) {
    budget.take(piece.length);
    all.push(piece);
  }
  return Buffer.concat(all);
}

/** Sends the body after the call's head; the last piece only when everything has been verified. */
export async function stream(incoming: Incoming, check: BodyVerifier, way: Way): Promise<void> {
  let held: Uint8Array | undefined;
  incoming.proceed();
  for await (const piece of pieces(incoming, check)) {
    if (held !== undefined && !way.more(held)) await way.drained();
    held = piece;
  }
  if (held !== undefined) way.more(held);
  way.last();
}
