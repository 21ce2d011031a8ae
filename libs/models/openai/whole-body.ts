/** A body that is read whole: an answer that is not streamed, an error, or what some proxy said instead. */
import { isUtf8 } from 'node:buffer';
import type { AnswerTexts } from '../line/answer-texts.js';
import { notUnderstood } from './received.js';

/** More than any answer has. */
const mostBytes = 64 * 1024 * 1024;

/** @throws GatewayError RESPONSE_NOT_UNDERSTOOD where it is too long */
export const wholeBody = async (body: AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > mostBytes) throw notUnderstood(`the answer is longer than ${mostBytes} bytes`);
    chunks.push(Uint8Array.from(chunk));
  }
  return Buffer.concat(chunks);
};

/** @throws GatewayError RESPONSE_NOT_UNDERSTOOD where it is no text */
export const maskedText = (body: Uint8Array, texts: AnswerTexts): Uint8Array => {
  if (!isUtf8(body)) throw notUnderstood('the answer is neither JSON nor a text');
  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString();
  const masked = texts.text(text);
  return masked === text ? body : Buffer.from(masked);
};
