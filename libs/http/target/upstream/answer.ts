import { GatewayError } from '@sallyport/core';
import type { UpstreamAnswer } from './client.js';

/** @throws RESPONSE_NOT_UNDERSTOOD where it is larger than it may be */
export async function wholeAnswer(answer: UpstreamAnswer, limit: number): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const piece of answer.body) {
      size += piece.length;
      if (size > limit) throw new GatewayError('RESPONSE_NOT_UNDERSTOOD', 'the target’s answer is far too large');
      pieces.push(piece);
    }
    return Buffer.concat(pieces, size);
  } finally {
    answer.close();
  }
}
