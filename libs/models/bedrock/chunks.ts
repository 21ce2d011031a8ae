/** Frames of InvokeModelWithResponseStream: each carries a document in the model's own words, in base64. */
import { member, parseJson, stringOf } from '../json-spans.js';
import { notUnderstood } from '../openai/received.js';
import type { EventFrame } from './frames.js';

export const isChunk = ({ type, isException }: EventFrame): boolean => type === 'chunk' && isException !== true;

/** @throws GatewayError RESPONSE_NOT_UNDERSTOOD */
export const documentIn = ({ payload }: EventFrame): Buffer => {
  const node = parseJson(payload, { code: 'RESPONSE_NOT_UNDERSTOOD', what: 'a frame of the answer' });
  const text = stringOf(payload, member(node, 'bytes'));
  if (text === undefined) throw notUnderstood('a frame of the answer carries no bytes');
  const document = Buffer.from(text, 'base64');
  // Decoders forgive what is no base64, each in its own way: the client would not read what is read here.
  if (document.toString('base64') !== text) throw notUnderstood('a frame of the answer carries no base64');
  return document;
};

/** Without the padding that hides from onlookers how long a word is: this frame travels inside the gateway's own TLS. */
export const chunkOf = (document: Uint8Array): EventFrame => ({
  type: 'chunk',
  payload: Buffer.from(JSON.stringify({ bytes: Buffer.from(document).toString('base64') })),
});
