import type { CborItem } from './cbor.js';

const literals: Readonly<Record<number, unknown>> = { 20: false, 21: true, 22: null };

/**
 * The item as plain JavaScript: maps as objects without a prototype, bytes as they are, tags left out (an epoch time stays
 * its number) but for big numbers, which become bigints.
 */
export const plainCbor = (item: CborItem): unknown => {
  switch (item.kind) {
    case 'array':
      return item.items.map(plainCbor);
    case 'map':
      return plainMap(item);
    case 'tag':
      return bigNumber(item) ?? plainCbor(item.item);
    case 'simple':
      return literals[item.value];
    default:
      return item.value;
  }
};

const plainMap = ({ entries }: CborItem & { kind: 'map' }): Record<string, unknown> => {
  const map = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of entries) map[String(plainCbor(key))] = plainCbor(value);
  return map;
};

/** RFC 8949, 3.4.3. */
const bigNumber = ({ tag, item }: CborItem & { kind: 'tag' }): bigint | undefined => {
  if ((tag !== 2 && tag !== 3) || item.kind !== 'bytes') return undefined;
  const magnitude = BigInt(`0x0${Buffer.from(item.value).toString('hex')}`);
  return tag === 2 ? magnitude : -1n - magnitude;
};
