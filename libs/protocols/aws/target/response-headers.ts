/** Headers of an answer that go on to the client, and the text they travel as. */
import { GatewayError } from '@sallyport/core';
import type { Header } from './header-list.js';

/** Between two neighbours only, or about the host that we asked and the client must not. */
const dropped = new Set([
  'alt-svc',
  'connection',
  'keep-alive',
  'nel',
  'proxy-authenticate',
  'proxy-connection',
  'report-to',
  'set-cookie',
  'strict-transport-security',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'www-authenticate',
]);

export const answerHeaders = (status: number, headers: readonly Header[]): Header[] =>
  headers.filter(([name]) => !dropped.has(name) && !(name === 'location' && status >= 300 && status < 400));

const nameShape = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
const valueShape = /^[\t\x20-\x7e\x80-\xff]*$/;

/** @throws RESPONSE_NOT_UNDERSTOOD where it would not be read as what it is */
export function encodeHead(status: number, headers: readonly Header[]): Buffer {
  if (!headers.every(([name, value]) => nameShape.test(name) && valueShape.test(value)))
    throw new GatewayError('RESPONSE_NOT_UNDERSTOOD', 'a header of the answer is none');
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`, 'latin1');
}
