/** A body of rpc-v2-cbor as the JSON protocol would have it: bytes as base64, large integers as text, tags left out. */
import { GatewayError } from '@sallyport/core';
import { type CborItem, decodeCbor, plainCbor } from '../cbor.js';
import { maxInspectedBytes } from './body.js';
import { refuse } from './refuse.js';

const limits = { bytes: maxInspectedBytes, items: 1_000_000, depth: 64 };

/** An empty body is an input without members. */
export const parseCborInput = (body: Uint8Array): Readonly<Record<string, unknown>> => {
  if (body.length === 0) return {};
  const item = decode(body);
  return item.kind === 'map' ? mapOf(item) : refuse('the body is no CBOR map');
};

const decode = (body: Uint8Array): CborItem => {
  try {
    return decodeCbor(body, limits);
  } catch (cause) {
    return cause instanceof GatewayError ? refuse(cause.message) : refuse('the body is not CBOR');
  }
};

const mapOf = ({ entries }: CborItem & { kind: 'map' }): Record<string, unknown> => {
  const map: Record<string, unknown> = {};
  for (const [key, value] of entries) {
    const name = key.kind === 'text' ? key.value : refuse('a key of the CBOR is no text');
    // As in JSON: `__proto__` is a key like any other.
    Object.defineProperty(map, name, { value: plainOf(value), enumerable: true, writable: true, configurable: true });
  }
  return map;
};

const plainOf = (item: CborItem): unknown => {
  if (item.kind === 'map') return mapOf(item);
  if (item.kind === 'array') return item.items.map(plainOf);
  const value = item.kind === 'tag' && !isBigNumber(item) ? plainOf(item.item) : plainCbor(item);
  if (typeof value === 'bigint') return String(value);
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
};

/** RFC 8949, 3.4.3. */
const isBigNumber = ({ tag }: CborItem & { kind: 'tag' }): boolean => tag === 2 || tag === 3;
