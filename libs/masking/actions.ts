import { createHmac } from 'node:crypto';
import type { MaskingAction } from '@sallyport/core';

/** From the one that says least about a value to the one that says most. */
const byStrictness: readonly MaskingAction[] = ['null', 'redact', 'hash', 'partial'];

export const isStricter = (left: MaskingAction, right: MaskingAction): boolean =>
  byStrictness.indexOf(left) < byStrictness.indexOf(right);

export const stricter = (left: MaskingAction, right: MaskingAction): MaskingAction =>
  isStricter(right, left) ? right : left;

/** Values longer than this are redacted, whatever the action: hiding stays bounded in memory. */
export const longestKept = 4096;

/** @param label says what was hidden where the rule does not: the detector's name */
export const redacted = (label?: string): string => (label === undefined ? '[redacted]' : `[redacted:${label}]`);

const star = 0x2a;
const leastTelling = 13;
const shortest = Buffer.from(redacted());

/**
 * What stands for a value, as long as the value was: filled up with stars, in front of characters that were kept; cut
 * where enough of it is left to be told as what it is, otherwise stars alone.
 */
export const fitted = (text: Uint8Array, length: number): Uint8Array => {
  const bytes = new Uint8Array(length).fill(star);
  if (text.length <= length) bytes.set(text, text[0] === star ? length - text.length : 0);
  else if (text[0] === 0x5b && shortest.length <= length) bytes.set(shortest);
  else if (text[0] !== 0x5b && text[0] !== star && length >= leastTelling) bytes.set(text.subarray(0, length));
  return bytes;
};

const unsafe = /["'`\\]|\p{C}|\p{Z}/u;

/**
 * The last four characters of twelve or more, the last two of eight or more, otherwise none. Discloses those, and no
 * length beyond which of the three it was. Quotes, backslashes and control characters are never kept: they could end
 * the string that the value stands in.
 */
export const partially = (value: string): string => {
  const characters = Array.from(value);
  const kept = characters.length >= 12 ? 4 : characters.length >= 8 ? 2 : 0;
  const end = kept === 0 ? [] : characters.slice(-kept);
  return `****${end.map((character) => (unsafe.test(character) ? '*' : character)).join('')}`;
};

/** Keyed for each installation. Discloses which values are equal, and the value to whoever holds the key and guesses. */
export const hashed = (key: Uint8Array, value: string | Uint8Array): string =>
  `hmac:${createHmac('sha256', key).update(value).digest('hex').slice(0, 16)}`;
