/** The head of a response as it travels between the halves, in the text of HTTP/1.1 (RFC 9112, 4 and 5). */
import { GatewayError } from '@sallyport/core';

export interface ResponseHead {
  readonly status: number;
  /** Lower-case names; a name may come several times. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Of the whole head. */
export const headLimit = 256 * 1024;
const token = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
// Visible ASCII, space, tab, and bytes beyond ASCII: what Node takes as a header's value.
const value = /^[\t\x20-\x7e\x80-\xff]*$/;

/** @throws GatewayError RESPONSE_NOT_UNDERSTOOD for what would not be read back the same */
export function encodeResponseHead({ status, headers }: ResponseHead): Buffer {
  if (!Number.isInteger(status) || status < 200 || status > 599) throw notUnderstood(`status ${status}`);
  const lines = headers.map(([name, text]) => {
    if (!token.test(name) || !value.test(text)) throw notUnderstood('a header');
    return `${name}: ${text.trim()}\r\n`;
  });
  const bytes = Buffer.from(`HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`, 'latin1');
  if (bytes.length > headLimit) throw notUnderstood('headers of that size');
  return bytes;
}

/** @throws GatewayError RESPONSE_NOT_UNDERSTOOD */
export function decodeResponseHead(bytes: Uint8Array): ResponseHead {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const [first, ...lines] = text.split('\r\n');
  const status = /^HTTP\/1\.1 ([2-5]\d\d)$/.exec(first ?? '')?.[1];
  if (status === undefined || bytes.length > headLimit) throw notUnderstood('a status line');
  if (lines.pop() !== '' || lines.pop() !== '') throw notUnderstood('a head without an end');
  return { status: Number(status), headers: lines.map(headerOf) };
}

function headerOf(line: string): [string, string] {
  const colon = line.indexOf(':');
  const name = line.slice(0, colon);
  const text = line.slice(colon + 1).trim();
  if (colon < 1 || !token.test(name) || !value.test(text)) throw notUnderstood('a header');
  return [name, text];
}

const notUnderstood = (what: string): GatewayError =>
  new GatewayError('RESPONSE_NOT_UNDERSTOOD', `the response has ${what} that the gateway does not understand`);
