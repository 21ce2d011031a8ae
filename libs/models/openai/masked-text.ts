/** What some proxy says in the place of the API. */
import { isUtf8 } from 'node:buffer';
import type { AnswerTexts } from '../line/answer-texts.js';
import { notUnderstood } from './received.js';

/** @throws GatewayError RESPONSE_NOT_UNDERSTOOD where it is no text */
export const maskedText = (body: Uint8Array, texts: AnswerTexts): Uint8Array => {
  if (!isUtf8(body)) throw notUnderstood('the answer is neither JSON nor a text');
  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString();
  const masked = texts.text(text);
  return masked === text ? body : Buffer.from(masked);
};
