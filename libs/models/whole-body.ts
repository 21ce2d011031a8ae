/** A body that is read whole. */
import { GatewayError } from '@sallyport/core';

/** More than any answer has. */
const mostBytes = 64 * 1024 * 1024;

/** @throws GatewayError RESPONSE_NOT_UNDERSTOOD where it is too long */
export const wholeBody = async (body: AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > mostBytes)
      throw new GatewayError('RESPONSE_NOT_UNDERSTOOD', `the answer is longer than ${mostBytes} bytes`);
    chunks.push(Uint8Array.from(chunk));
  }
  return Buffer.concat(chunks);
};
