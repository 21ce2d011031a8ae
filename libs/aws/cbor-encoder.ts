import type { CborItem } from './cbor.js';

/** Definite lengths, the shortest integers, floats as wide as they were. */
export const encodeCbor = (item: CborItem): Buffer => {
  const pieces: Uint8Array[] = [];
  write(item, pieces);
  return Buffer.concat(pieces);
};

const write = (item: CborItem, into: Uint8Array[]): void => {
  switch (item.kind) {
    case 'integer':
      into.push(item.value < 0 ? head(1, -1n - BigInt(item.value)) : head(0, item.value));
      return;
    case 'float':
      into.push(float(item));
      return;
    case 'bytes':
      into.push(head(2, item.value.length), item.value);
      return;
    case 'text': {
      const text = Buffer.from(item.value, 'utf8');
      into.push(head(3, text.length), text);
      return;
    }
    case 'array':
      into.push(head(4, item.items.length));
      for (const each of item.items) write(each, into);
      return;
    case 'map':
      into.push(head(5, item.entries.length));
      for (const entry of item.entries) for (const each of entry) write(each, into);
      return;
    case 'tag':
      into.push(head(6, item.tag));
      write(item.item, into);
      return;
    default:
      into.push(item.value < 24 ? Buffer.of(0xe0 | item.value) : Buffer.of(0xf8, item.value));
  }
};

const head = (major: number, argument: number | bigint): Buffer => {
  const type = major << 5;
  if (argument < 24) return Buffer.of(type | Number(argument));
  if (argument < 0x100) return Buffer.of(type | 24, Number(argument));
  if (argument < 0x10000) return Buffer.of(type | 25, Number(argument) >> 8, Number(argument) & 0xff);
  const wide = argument >= 0x1_0000_0000;
  const bytes = Buffer.alloc(wide ? 9 : 5);
  bytes[0] = type | (wide ? 27 : 26);
  if (wide) bytes.writeBigUInt64BE(BigInt(argument), 1);
  else bytes.writeUInt32BE(Number(argument), 1);
  return bytes;
};

const float = ({ value, width }: CborItem & { kind: 'float' }): Buffer => {
  if (width === 2) return halfFloat(value);
  const bytes = Buffer.alloc(1 + width);
  bytes[0] = width === 4 ? 0xfa : 0xfb;
  if (width === 4) bytes.writeFloatBE(value, 1);
  else bytes.writeDoubleBE(value, 1);
  return bytes;
};

/** Exact for every value that sixteen bits can hold, which are the only ones that come here. */
const halfFloat = (value: number): Buffer => {
  const magnitude = Math.abs(value);
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const exponent = Math.max(Math.floor(Math.log2(magnitude)), -14);
  const bits = Number.isNaN(value)
    ? 0x7e00
    : magnitude === Number.POSITIVE_INFINITY
      ? 0x7c00
      : magnitude < 2 ** -14
        ? magnitude * 2 ** 24
        : ((exponent + 15) << 10) | (magnitude / 2 ** (exponent - 10) - 1024);
  return Buffer.of(0xf9, (sign | bits) >> 8, bits & 0xff);
};
