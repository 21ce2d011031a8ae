/**
 * CBOR (RFC 8949) as items that keep what they are: an integer stays one and a float keeps its width, so that one text can be
 * changed and the rest encoded again means what it meant.
 */
export type CborItem =
  /** A bigint where a number would not be exact. */
  | { readonly kind: 'integer'; readonly value: number | bigint }
  | { readonly kind: 'float'; readonly value: number; readonly width: 2 | 4 | 8 }
  | { readonly kind: 'bytes'; readonly value: Uint8Array }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'array'; readonly items: readonly CborItem[] }
  | { readonly kind: 'map'; readonly entries: readonly CborEntry[] }
  | { readonly kind: 'tag'; readonly tag: number | bigint; readonly item: CborItem }
  /** 20 is false, 21 true, 22 null, 23 undefined. */
  | { readonly kind: 'simple'; readonly value: number };
export type CborEntry = readonly [key: CborItem, value: CborItem];

export interface CborLimits {
  readonly bytes: number;
  readonly items: number;
  readonly depth: number;
}
export const cborLimits: CborLimits = { bytes: 32 * 1024 * 1024, items: 1_000_000, depth: 64 };

export { decodeCbor } from './cbor-decoder.js';
export { encodeCbor } from './cbor-encoder.js';
export { plainCbor } from './cbor-plain.js';
