/**
 * The body of a request, decoded and verified while it passes.
 *
 * INVARIANT: its last piece goes to the agent only when all of it has been verified, so what the client has not signed is
 * never whole at the target.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BodyVerifier } from '@sallyport/aws';
import { GatewayError } from '@sallyport/core';
import type { Incoming, Way } from '@sallyport/http';
import type { InspectedBytes } from './budget.js';

/** A body that stands still this long is given up. */
const stillMs = 120_000;
/** A piece of this size is one of many: what else has arrived comes with the next one. */
const oneOfMany = 16 * 1024;

/** Decoded pieces of the body as they come; throws where it is not what was signed. */
async function* pieces(incoming: Incoming, check: BodyVerifier): AsyncGenerator<Uint8Array> {
  let isWaiting = true;
  const timer = setTimeout(() => {
    if (isWaiting) incoming.body.destroy(stopped());
  }, stillMs);
  try {
    // In HTTP/2 it is the stream that the answer goes by, too: it must outlive its end.
    for await (const chunk of incoming.body.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
      isWaiting = false; // whoever takes the piece may be slow: that is not the client's standstill
      for (const piece of check.push(chunk)) if (piece.length > 0) yield piece;
      if (chunk.length >= oneOfMany) await nextTurn();
      isWaiting = true;
      timer.refresh();
    }
    check.finish();
  } catch (error) {
    throw error instanceof GatewayError || incoming.body.errored === null ? error : gone(error);
  } finally {
    clearTimeout(timer);
  }
}

const stopped = (): GatewayError => new GatewayError('TIMED_OUT', 'the body stopped arriving');

const gone = (cause: unknown): GatewayError =>
  new GatewayError('CANCELLED', 'the client left while it was sending', { cause });

/**
 * Nearly every call has such a body, and a small one: an iterator over it would cost more than reading it.
 * @throws GatewayError TOO_LARGE, RATE_LIMITED, CANCELLED, TIMED_OUT, and SignatureRefused
 */
export function readWhole(
  incoming: Incoming,
  check: Pick<BodyVerifier, 'push' | 'finish'>,
  budget: InspectedBytes,
): Promise<Buffer> {
  const { body } = incoming;
  const all: Uint8Array[] = [];
  incoming.proceed();
  return new Promise((resolve, reject) => {
    const take = (chunk: Uint8Array): void => {
      still.refresh();
      attempt(() => {
        for (const piece of check.push(chunk)) {
          budget.take(piece.length);
          all.push(piece);
        }
      });
    };
    const ended = (): void =>
      attempt(() => {
        check.finish();
        settle();
        resolve(Buffer.concat(all));
      });
    const giveUp = (error: Error): void => {
      settle();
      body.pause();
      reject(error);
    };
    const broke = (error?: unknown): void => giveUp(error instanceof GatewayError ? error : gone(error));
    const attempt = (act: () => void): void => {
      try {
        act();
      } catch (error) {
        giveUp(error as Error);
      }
    };
    const settle = (): void => {
      clearTimeout(still);
      body.off('data', take).off('end', ended).off('error', broke).off('close', broke);
    };
    const still = setTimeout(() => body.destroy(stopped()), stillMs);
    // While its session was opened, or in HTTP/2 with its head.
    if (body.readableEnded) return ended();
    if (body.destroyed) return broke(body.errored);
    body.on('data', take).on('end', ended).on('error', broke).on('close', broke);
  });
}

/** Sends the body after the call's head; the last piece only when everything has been verified. */
export async function stream(incoming: Incoming, check: BodyVerifier, way: Way<unknown>): Promise<void> {
  let held: Uint8Array | undefined;
  incoming.proceed();
  for await (const piece of pieces(incoming, check)) {
    if (held !== undefined && !way.more(held)) await way.drained();
    held = piece;
  }
  if (held !== undefined) way.more(held);
  way.last();
}
