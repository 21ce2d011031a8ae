import { rounds, seededNumbers, seededRandom } from '@sallyport/testkit/seeded';
import { cbor as smithy } from '@smithy/core/cbor';
import { describe, expect, test } from 'vitest';
import { type CborItem, cborLimits, decodeCbor, encodeCbor, plainCbor } from './cbor.js';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const read = (text: string): CborItem => decodeCbor(hex(text));

// RFC 8949, appendix A; those that are written shortest and definite come back the same, byte for byte.
describe('the examples of the RFC', () => {
  test.each<[string, unknown]>([
    ['00', 0],
    ['17', 23],
    ['1818', 24],
    ['1903e8', 1000],
    ['1a000f4240', 1_000_000],
    ['1b000000e8d4a51000', 1_000_000_000_000],
    ['1bffffffffffffffff', 18446744073709551615n],
    ['3bffffffffffffffff', -18446744073709551616n],
    ['20', -1],
    ['3903e7', -1000],
    ['c249010000000000000000', 18446744073709551616n],
    ['c349010000000000000000', -18446744073709551617n],
    ['f90000', 0],
    ['f98000', -0],
    ['f93c00', 1],
    ['f93e00', 1.5],
    ['f97bff', 65504],
    ['f90001', 2 ** -24],
    ['f90400', 0.00006103515625],
    ['f9c400', -4],
    ['f97c00', Number.POSITIVE_INFINITY],
    ['f97e00', Number.NaN],
    ['f9fc00', Number.NEGATIVE_INFINITY],
    ['fa47c35000', 100000],
    ['fb3ff199999999999a', 1.1],
    ['fb7e37e43c8800759c', 1e300],
    ['f4', false],
    ['f5', true],
    ['f6', null],
    ['f7', undefined],
    ['f0', undefined],
    ['f8ff', undefined],
    ['c074323031332d30332d32315432303a30343a30305a', '2013-03-21T20:04:00Z'],
    ['c11a514b67b0', 1363896240],
    ['c1fb41d452d9ec200000', 1363896240.5],
    ['40', hex('')],
    ['4401020304', hex('01020304')],
    ['60', ''],
    ['62c3bc', 'ü'],
    ['64f0908591', '𐅑'],
    ['80', []],
    ['8301820203820405', [1, [2, 3], [4, 5]]],
    ['a201020304', { 1: 2, 3: 4 }],
    ['a26161016162820203', { a: 1, b: [2, 3] }],
  ])('%s', (text, value) => {
    expect(plainCbor(read(text))).toEqual(value);
    expect(encodeCbor(read(text)).toString('hex')).toBe(text);
  });

  test.each([
    ['5f42010243030405ff', '450102030405'],
    ['7f657374726561646d696e67ff', '6973747265616d696e67'],
    ['9fff', '80'],
    ['9f018202039f0405ffff', '8301820203820405'],
    ['bf61610161629f0203ffff', 'a26161016162820203'],
    ['bf6346756ef563416d7421ff', 'a26346756ef563416d7421'],
    ['1800', '00'],
    ['1b0000000000000001', '01'],
  ])('%s means what %s means', (text, definite) => {
    expect(encodeCbor(read(text)).toString('hex')).toBe(definite);
  });
});

test('one text changed leaves the rest as it was: integers and floats stay what they are', () => {
  const item = read('a36161637365636162016163fb3ff0000000000000');
  if (item.kind !== 'map') throw new Error('a map is not one');
  const entries = item.entries.map(
    ([key, value]) => [key, value.kind === 'text' ? { ...value, value: '***' } : value] as const,
  );
  expect(encodeCbor({ kind: 'map', entries }).toString('hex')).toBe('a36161632a2a2a6162016163fb3ff0000000000000');
});

test('a key named like an object’s prototype is a key like others', () => {
  const plain = plainCbor(read('a1695f5f70726f746f5f5fa1616101')) as Record<string, unknown>;
  expect(Object.keys(plain)).toEqual(['__proto__']);
  expect(({} as Record<string, unknown>)['a']).toBeUndefined();
});

describe('is refused:', () => {
  test.each([
    ['nothing', ''],
    ['bytes left over', '0000'],
    ['a reserved length', '1c'],
    ['an argument cut short', '19ff'],
    ['a text cut short', '6261'],
    ['a length that lies', '9b00000000ffffffff00'],
    ['a length past every number', 'bbffffffffffffffff'],
    ['a tag of nothing', 'c1'],
    ['a tag without a definite number', 'df00'],
    ['an integer without a definite length', '1f'],
    ['an end of nothing', 'ff'],
    ['a list without end', '9f01'],
    ['a key without a value', 'bf6161ff'],
    ['a key twice', 'a2616101616102'],
    ['a key twice, written in two ways', 'a2616101780161f6'],
    ['a key twice among integers', 'a200000018000000'],
    ['a key that is a list', 'a18000'],
    ['text that is not UTF-8', '62c328'],
    ['a character cut in two by pieces', '7f61c361bcff'],
    ['pieces of another type', '5f6161ff'],
    ['pieces of pieces', '5f5f4101ffff'],
    ['a simple value in two bytes that fits one', 'f818'],
  ])('%s', (_, text) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'PROTOCOL_VIOLATION' }));
  });

  test('more than the limits', () => {
    const tooLarge = expect.objectContaining({ code: 'TOO_LARGE' });
    expect(() => decodeCbor(hex('8101'), { ...cborLimits, depth: 1 })).not.toThrow();
    expect(() => decodeCbor(hex('818101'), { ...cborLimits, depth: 1 })).toThrow(tooLarge);
    expect(() => decodeCbor(hex('820101'), { ...cborLimits, items: 2 })).toThrow(tooLarge);
    expect(() => decodeCbor(hex('5f40404040ff'), { ...cborLimits, items: 3 })).toThrow(tooLarge);
    expect(() => decodeCbor(hex('820101'), { ...cborLimits, bytes: 2 })).toThrow(tooLarge);
    expect(() => decodeCbor(Buffer.alloc(1 << 20, 0x81))).toThrow(tooLarge);
    expect(() => decodeCbor(Buffer.alloc(1 << 20, 0xc1))).toThrow(tooLarge);
  });
});

const random = seededNumbers(6);
const randomBytes = seededRandom(7);
const upTo = (limit: number): number => Math.floor(random() * limit);
const value = (depth: number): unknown => {
  switch (upTo(depth === 0 ? 6 : 8)) {
    case 0:
      return Math.round((random() - 0.5) * 2 ** upTo(54)) || 0; // the SDK has no negative zero among integers
    case 1:
      return (random() - 0.5) * 2 ** upTo(60);
    case 2:
      return ['', 'a', 'é😀', 'x'.repeat(upTo(300))][upTo(4)];
    case 3:
      return Buffer.from(randomBytes(upTo(40)));
    case 4:
      return random() < 0.5;
    case 5:
      return null;
    case 6:
      return Array.from({ length: upTo(30) }, () => value(depth - 1));
    default:
      return Object.fromEntries(Array.from({ length: upTo(30) }, (_, index) => [`k${index}`, value(depth - 1)]));
  }
};

test('what the SDK writes is read, written again, and read by the SDK as the same', () => {
  for (let round = 0; round < rounds(40); round += 1) {
    const original = { value: value(3) };
    const item = decodeCbor(smithy.serialize(original));
    expect(smithy.deserialize(encodeCbor(item))).toEqual(original);
  }
});

test('bytes at random are read or refused, and what is read can be written and read again', () => {
  let taken = 0;
  for (let round = 0; round < rounds(2500); round += 1) {
    const bytes = randomBytes(1 + upTo(24));
    try {
      const item = decodeCbor(bytes);
      taken += 1;
      expect(decodeCbor(encodeCbor(item))).toEqual(item);
    } catch (error) {
      expect(error).toMatchObject({ code: 'PROTOCOL_VIOLATION' });
    }
  }
  expect(taken).toBeGreaterThan(rounds(20));
});
