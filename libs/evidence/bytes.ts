import { createHash, hash } from 'node:crypto';
import { type Digest, GatewayError } from '@sallyport/core';

const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export const utf8 = (text: string): Uint8Array => utf8Encoder.encode(text);

/** Throws INVALID_INPUT for bytes that are not UTF-8: a replacement character would hide a change. */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return utf8Decoder.decode(bytes);
  } catch (cause) {
    throw new GatewayError('INVALID_INPUT', 'these bytes are not utf-8', { cause });
  }
}

/** SHA-256 of the concatenation, 32 bytes. */
export function sha256(...parts: readonly (Uint8Array | string)[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export const digestOf = (...parts: readonly (Uint8Array | string)[]): Digest =>
  (parts.length === 1 ? hash('sha256', parts[0]!, 'hex') : toHex(sha256(...parts))) as Digest;

export const isDigest = (value: unknown): value is Digest => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);

/** Standard base64 with padding (RFC 4648, section 4). */
export const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** Accepts the one canonical spelling only, so that no two texts mean the same bytes. Throws INVALID_INPUT. */
export function fromBase64(text: string, what: string, length?: number): Uint8Array {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text || (length !== undefined && bytes.length !== length)) {
    throw new GatewayError(
      'INVALID_INPUT',
      `${what} is not base64${length === undefined ? '' : ` of ${length} bytes`}`,
    );
  }
  return bytes;
}

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
