/** Looking for pairs of bytes, four at a time. */

/** The same bytes, four at a time, the first one lowest; byte n is in word (n + shift) / 4. */
export interface Words {
  readonly words: Int32Array;
  readonly shift: number;
}

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
/** Shorter texts are not worth it. */
const leastBytes = 32;

/** @returns undefined where so few bytes, or bytes of this machine, are better read one by one */
export const wordsOf = ({ buffer, byteOffset }: Uint8Array, count: number): Words | undefined =>
  isLittleEndian && count >= leastBytes
    ? { words: new Int32Array(buffer, 0, buffer.byteLength >> 2), shift: byteOffset }
    : undefined;

/**
 * @param pairs a flag for each pair of bytes, the first of which is the lower one of the index
 * @param index of the second byte of a pair
 * @returns where four bytes begin of which one ends a pair with a flag, or where there are no four; `index` where they would not be aligned
 */
export const skip = (
  bytes: Uint8Array,
  { words, shift }: Words,
  pairs: Uint8Array,
  index: number,
  end: number,
): number => {
  let at = index + shift;
  if ((at & 3) !== 0) return index;
  at >>= 2;
  const stop = (end + shift) >> 2;
  for (let first = bytes[index - 1]!; at < stop; at += 1) {
    const word = words[at]!;
    const flags =
      pairs[first | ((word & 0xff) << 8)]! |
      pairs[word & 0xffff]! |
      pairs[(word >>> 8) & 0xffff]! |
      pairs[word >>> 16]!;
    if (flags !== 0) break;
    first = word >>> 24;
  }
  return (at << 2) - shift;
};

/** @returns the index of the next pair's first byte that has a flag, from `index` on; `end` where both its bytes are not before it */
export const nextPair = (
  bytes: Uint8Array,
  words: Words | undefined,
  pairs: Uint8Array,
  index: number,
  end: number,
): number => {
  let second = index + 1;
  while (second < end) {
    if (words !== undefined) second = skip(bytes, words, pairs, second, end);
    const stop = words === undefined ? end : Math.min(end, ((second + words.shift + 4) & ~3) - words.shift);
    for (; second < stop; second += 1) if (pairs[bytes[second - 1]! | (bytes[second]! << 8)] !== 0) return second - 1;
  }
  return end;
};
