/**
 * Headers of the client that go on to the API. Unknown ones pass: a beta's header and its member of the body belong
 * together. What is about the connection, or says who asks, is ours to say.
 */
import { GatewayError } from '@sallyport/core';
import type { Header } from '@sallyport/http';

const owned = new Set([
  'accept-encoding',
  'authorization',
  'api-key',
  'connection',
  'content-encoding',
  'content-length',
  'cookie',
  'expect',
  'forwarded',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
  'x-api-key',
  'x-http-method-override',
  'x-real-ip',
]);
const printable = /^[\t\x20-\x7e\x80-\xff]*$/;

/** @throws PROTOCOL_VIOLATION where a value cannot be sent */
export function requestHeaders(client: readonly Header[]): Header[] {
  const sent = client.filter(([name]) => !owned.has(name) && !/^(x-forwarded-|proxy-|sec-|:)/.test(name));
  if (!sent.every(([, value]) => printable.test(value)))
    throw new GatewayError('PROTOCOL_VIOLATION', 'a header of the call holds characters that none may');
  return sent;
}
