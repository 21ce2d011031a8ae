import { GatewayError } from '@sallyport/core';
import { type CborEntry, type CborItem, type CborLimits, cborLimits } from './cbor.js';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const indefinite = 31;
const breakCode = 0xff;
const violation = (what: string): GatewayError => new GatewayError('PROTOCOL_VIOLATION', `the CBOR is wrong: ${what}`);

/**
 * @returns the one item that the bytes are
 * @throws GatewayError PROTOCOL_VIOLATION: not well-formed, a key twice in a map, text that is not UTF-8, bytes left over;
 *   TOO_LARGE for more than the limits
 */
export const decodeCbor = (bytes: Uint8Array, limits: CborLimits = cborLimits): CborItem => {
  if (bytes.length > limits.bytes) throw new GatewayError('TOO_LARGE', `CBOR of more than ${limits.bytes} bytes`);
  return new Decoder(bytes, limits).whole();
};

class Decoder {
  readonly #bytes: Buffer;
  readonly #limits: CborLimits;
  #at = 0;
  #items = 0;

  constructor(bytes: Uint8Array, limits: CborLimits) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#limits = limits;
  }

  whole(): CborItem {
    const item = this.#item(0);
    if (this.#at < this.#bytes.length) throw violation('bytes after its end');
    return item;
  }

  #take(size: number): number {
    const at = this.#at;
    if (size > this.#bytes.length - at) throw violation('it ends too early');
    this.#at += size;
    return at;
  }

  #item(depth: number): CborItem {
    if (depth > this.#limits.depth)
      throw new GatewayError('TOO_LARGE', `CBOR that nests deeper than ${this.#limits.depth}`);
    if (++this.#items > this.#limits.items)
      throw new GatewayError('TOO_LARGE', `CBOR of more than ${this.#limits.items} items`);
    const first = this.#bytes[this.#take(1)]!;
    const [major, info] = [first >> 5, first & 0x1f];
    if (info > 27 && info < indefinite) throw violation('a reserved length');
    switch (major) {
      case 0:
        return { kind: 'integer', value: this.#argument(info) };
      case 1:
        return { kind: 'integer', value: negative(this.#argument(info)) };
      case 2:
        return { kind: 'bytes', value: this.#string(major, info) };
      case 3:
        return { kind: 'text', value: this.#text(info) };
      case 4:
        return { kind: 'array', items: this.#sequence(info, () => this.#item(depth + 1)) };
      case 5:
        return { kind: 'map', entries: this.#map(info, depth) };
      case 6:
        return { kind: 'tag', tag: this.#argument(info), item: this.#item(depth + 1) };
      default:
        return this.#simple(info);
    }
  }

  #argument(info: number): number | bigint {
    if (info < 24) return info;
    if (info === 24) return this.#bytes[this.#take(1)]!;
    if (info === 25) return this.#bytes.readUInt16BE(this.#take(2));
    if (info === 26) return this.#bytes.readUInt32BE(this.#take(4));
    if (info === indefinite) throw violation('an indefinite length where none can be');
    const value = this.#bytes.readBigUInt64BE(this.#take(8));
    return value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
  }

  /** A length is never believed before that many bytes are known to be there: an item takes one at least. */
  #length(info: number): number {
    const length = Number(this.#argument(info));
    if (length > this.#bytes.length - this.#at) throw violation('it ends too early');
    return length;
  }

  #string(major: number, info: number): Buffer {
    if (info !== indefinite) {
      const length = this.#length(info);
      const at = this.#take(length);
      return this.#bytes.subarray(at, at + length);
    }
    const pieces: Buffer[] = [];
    for (let first = this.#head(); first !== breakCode; first = this.#head()) {
      // RFC 8949, 3.2.3: pieces are definite, and of the string's own type.
      if (first >> 5 !== major || (first & 0x1f) > 27) throw violation('a string in pieces of another type');
      const piece = this.#string(major, first & 0x1f);
      if (major === 3) decodeText(piece);
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  }

  #head(): number {
    if (++this.#items > this.#limits.items)
      throw new GatewayError('TOO_LARGE', `CBOR of more than ${this.#limits.items} items`);
    return this.#bytes[this.#take(1)]!;
  }

  #text(info: number): string {
    return decodeText(this.#string(3, info));
  }

  #sequence<T>(info: number, read: () => T): T[] {
    const found: T[] = [];
    if (info !== indefinite) for (let left = this.#length(info); left > 0; left -= 1) found.push(read());
    else {
      while (this.#bytes[this.#at] !== breakCode) found.push(read());
      this.#at += 1;
    }
    return found;
  }

  #map(info: number, depth: number): CborEntry[] {
    const seen = new Set<string>();
    return this.#sequence(info, () => {
      const key = this.#item(depth + 1);
      const identity = keyOf(key);
      if (seen.has(identity)) throw violation('a key twice in one map');
      seen.add(identity);
      return [key, this.#item(depth + 1)] as const;
    });
  }

  #simple(info: number): CborItem {
    if (info === 25) return { kind: 'float', width: 2, value: halfFloat(this.#bytes.readUInt16BE(this.#take(2))) };
    if (info === 26) return { kind: 'float', width: 4, value: this.#bytes.readFloatBE(this.#take(4)) };
    if (info === 27) return { kind: 'float', width: 8, value: this.#bytes.readDoubleBE(this.#take(8)) };
    if (info === indefinite) throw violation('an end of nothing');
    const value = info < 24 ? info : this.#bytes[this.#take(1)]!;
    if (info === 24 && value < 32) throw violation('a simple value in two bytes that fits one');
    return { kind: 'simple', value };
  }
}

const negative = (argument: number | bigint): number | bigint => {
  const value = -1n - BigInt(argument);
  return value >= Number.MIN_SAFE_INTEGER ? Number(value) : value;
};

const decodeText = (bytes: Uint8Array): string => {
  try {
    return utf8.decode(bytes);
  } catch {
    throw violation('text that is not UTF-8');
  }
};

const halfFloat = (bits: number): number => {
  const [exponent, fraction] = [(bits >> 10) & 0x1f, bits & 0x3ff];
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
};

/** Two keys are the same where their values are, however they are written (RFC 8949, 5.6). Keys of AWS are text. */
const keyOf = (key: CborItem): string => {
  if (key.kind === 'text') return `t${key.value}`;
  if (key.kind === 'integer') return `i${key.value}`;
  throw violation('a map’s key that is neither text nor an integer');
};
