/** The head of a request as it goes out: a character for each byte. */
import { GatewayError } from '@sallyport/core';
import type { Header } from '../../header-list.js';

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const target = /^[\x21-\x7e\x80-\xff]+$/;
const printable = /^[\t\x20-\x7e\x80-\xff]*$/;
const framing = new Set(['connection', 'transfer-encoding', 'upgrade']);

export interface HeadParts {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly Header[];
}

/** @throws PROTOCOL_VIOLATION for what could be read as another request than this one, or as two */
export function requestHead({ method, path, headers }: HeadParts): string {
  if (!token.test(method) || !target.test(path)) throw unsendable();
  let text = `${method} ${path} HTTP/1.1\r\n`;
  for (const [name, value] of headers) {
    if (!token.test(name) || !printable.test(value) || framing.has(name)) throw unsendable();
    text += `${name}: ${value}\r\n`;
  }
  return `${text}connection: keep-alive\r\n\r\n`;
}

/** @throws PROTOCOL_VIOLATION where it is said twice, or is no number */
export function announcedLength(headers: readonly Header[]): number | undefined {
  const [first, ...more] = headers.filter(([name]) => name === 'content-length');
  if (first === undefined) return undefined;
  if (more.length > 0 || !/^\d{1,15}$/.test(first[1])) throw unsendable();
  return Number(first[1]);
}

const unsendable = (): GatewayError =>
  new GatewayError('PROTOCOL_VIOLATION', 'the path or a header of the call holds characters that none may');
