/**
 * What stands between, or for, the characters of a value and is not what it looks like: characters without width, and
 * forms of ASCII characters that only the eye takes for them. In UTF-8, and as JSON escapes them.
 */
import { code, hexadecimal } from './byte-class.js';
import type { Window } from './window.js';

/** How a veil is read: as nothing. Otherwise the ASCII code it is read as. */
export const INVISIBLE = 0;
/** What stands there may be the beginning of a veil: the bytes end too early to tell. */
export const CUT = -1;
const noVeil = 0;

type Range = readonly [first: number, last: number, readsAs: (point: number) => number];

const invisible = (): number => INVISIBLE;
const blank = (): number => code(' ');
const dash = (): number => code('-');
const digitsFrom = (zero: number) => (point: number) => code('0') + point - zero;
const fullWidth = (point: number): number => point - 0xfee0;
/** NFKC: the bold, italic, script and double-struck letters and digits of mathematics. */
const compatible = (point: number): number => {
  const plain = String.fromCodePoint(point).normalize('NFKC');
  return plain.length === 1 && plain < '\x7f' ? code(plain) : notVeiled;
};

/**
 * Default_Ignorable_Code_Point of Unicode 16 (DerivedCoreProperties.txt) and the annotation marks; spaces (Zs), dashes
 * (Pd and the minus sign), full-width forms, the Arabic digits, the alphabets of mathematics.
 */
const ranges: readonly Range[] = [
  ...[
    ...[[0xad], [0x34f], [0x61c], [0x115f, 0x1160], [0x17b4, 0x17b5], [0x180b, 0x180f], [0x200b, 0x200f]],
    ...[[0x202a, 0x202e], [0x2060, 0x206f], [0x3164], [0xfe00, 0xfe0f], [0xfeff], [0xffa0], [0xfff0, 0xfffb]],
    ...[
      [0x1bca0, 0x1bca3],
      [0x1d173, 0x1d17a],
    ],
  ].map(([first, last]): Range => [first!, last ?? first!, invisible]),
  ...[[0xa0], [0x2000, 0x200a], [0x202f], [0x205f], [0x3000]].map(
    ([first, last]): Range => [first!, last ?? first!, blank],
  ),
  ...[[0x2010, 0x2015], [0x2212], [0xfe58], [0xfe63]].map(([first, last]): Range => [first!, last ?? first!, dash]),
  [0xff01, 0xff5e, fullWidth],
  [0x660, 0x669, digitsFrom(0x660)],
  [0x6f0, 0x6f9, digitsFrom(0x6f0)],
  [0x1d400, 0x1d7ff, compatible],
];

const notVeiled = -1;
/** By code point; beyond its end nothing but what is invisible. */
const readings = new Int8Array(0x20000).fill(notVeiled);
const firstTag = 0xe0000;
const lastTag = 0xe0fff;
for (const [first, last, readsAs] of ranges)
  for (let point = first; point <= last; point += 1) readings[point] = readsAs(point);

const readingAt = (point: number): number =>
  point < readings.length ? readings[point]! : point >= firstTag && point <= lastTag ? INVISIBLE : notVeiled;

const backslash = code('\\');
const letterU = code('u');
const pairOf = (first: number, second: number): number => first | (second << 8);
const escapePair = pairOf(backslash, letterU);

/** 1 for the two bytes that a veil begins with, the first of which is the lower one of the index. */
export const opensVeil = new Uint8Array(65_536);
opensVeil[escapePair] = 1;
opensVeil[pairOf(backslash, backslash)] = 1;
for (const point of [...readings.keys(), firstTag])
  if (readingAt(point) !== notVeiled) {
    const [first, second] = Buffer.from(String.fromCodePoint(point));
    opensVeil[pairOf(first!, second!)] = 1;
  }
/** 1 for a byte that veils begin with. */
const leads = new Uint8Array(256);
for (let pair = 0; pair < opensVeil.length; pair += 1) if (opensVeil[pair] === 1) leads[pair & 0xff] = 1;

/** The ideographic space begins as all Japanese punctuation does; it is told by its second and third byte. */
const ideographic = pairOf(0xe3, 0x80);
const ideographicEnd = pairOf(0x80, 0x80);
const notLookedFor = [ideographic, pairOf(backslash, backslash)];

/** As `opensVeil`, fit to be looked for in all text: few other characters have such pairs. */
export const veilPairs: readonly number[] = [
  ...[...opensVeil.keys()].filter((pair) => opensVeil[pair] === 1 && !notLookedFor.includes(pair)),
  ideographicEnd,
];

/** The length in bytes, shifted left by 8, and how it is read. */
const veil = (length: number, point: number): number => {
  const reading = readingAt(point);
  return reading === notVeiled ? noVeil : (length << 8) | reading;
};

/** @returns length and reading, see `lengthOf` and `readingOf`; 0 where there is no veil; CUT where `end` comes too early */
export const veilAt = (bytes: Uint8Array, at: number, end: number): number => {
  const first = bytes[at]!;
  if (leads[first] === 0) return noVeil;
  if (at + 1 >= end) return CUT;
  if (first === backslash) return escapedAt(bytes, at, end);
  if (opensVeil[pairOf(first, bytes[at + 1]!)] === 0) return noVeil;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (at + length > end) return CUT;
  let point = first & (0xff >> (length + 1));
  for (let index = at + 1; index < at + length; index += 1) point = (point << 6) | (bytes[index]! & 0x3f);
  return veil(length, point);
};

export const lengthOf = (found: number): number => found >> 8;
export const readingOf = (found: number): number => found & 0xff;

/** JSON in JSON escapes the backslash once more. */
const mostBackslashes = 8;

/** `\u200b`, `\\u200b`, and the two halves of what is beyond the Basic Multilingual Plane. */
const escapedAt = (bytes: Uint8Array, at: number, end: number): number => {
  const high = unitAt(bytes, at, end);
  if (high <= 0) return high;
  const [length, unit] = [high >> 16, high & 0xffff];
  if (unit < 0xd800 || unit > 0xdbff) return veil(length, unit);
  const low = unitAt(bytes, at + length, end);
  if (low <= 0 || (low & 0xfc00) !== 0xdc00) return Math.min(low, noVeil);
  return veil(length + (low >> 16), 0x10000 + ((unit - 0xd800) << 10) + ((low & 0xffff) - 0xdc00));
};

/** @returns the length of an escape, shifted left by 16, and its UTF-16 unit; 0 where there is none, or CUT */
const unitAt = (bytes: Uint8Array, at: number, end: number): number => {
  let next = at;
  while (next < end && bytes[next] === backslash && next - at < mostBackslashes) next += 1;
  if (next === end) return CUT;
  if (next === at || bytes[next] !== letterU) return 0;
  let unit = 0;
  for (let index = next + 1; index < next + 5; index += 1) {
    if (index >= end) return CUT;
    const byte = bytes[index]!;
    if (hexadecimal[byte] !== 1) return 0;
    unit = (unit << 4) | ((byte & 0xf) + (byte > 0x39 ? 9 : 0));
  }
  return ((next + 5 - at) << 16) | unit;
};

/** Two escapes with all their backslashes, but for the last character. */
const longestCut = 2 * (mostBackslashes + 5) - 1;

/** @returns where bytes at the end of the window begin that more bytes may make a veil; its end for none */
export const cutAt = (window: Window): number => {
  if (window.final) return window.end;
  const { bytes, base } = window;
  const end = window.end - base;
  for (let at = Math.max(window.begin - base, end - longestCut); at < end; at += 1)
    if (veilAt(bytes, at, end) === CUT) return at + base;
  return window.end;
};

const isPrintable = (byte: number): boolean => byte > 0x20 && byte < 0x7f;
/** Of the two-byte Latin letters that e-mail addresses are made of. */
const isLatin = (byte: number): boolean => byte >= 0xc3 && byte <= 0xc9;
const isContinuation = (byte: number): boolean => (byte & 0xc0) === 0x80;

/** Bytes of an escape such as `\\u3042` but for its first backslash. */
const escapeLength = 6;
const isEscape = (bytes: Uint8Array, at: number): boolean => bytes[at] === backslash && bytes[at + 1] === letterU;

/** @param at index of the byte behind the value */
const valueEndsAt = ({ bytes, base, begin }: Window, at: number): boolean => {
  const first = begin - base;
  if (at <= first) return false;
  const before = at - escapeLength;
  if (before >= first && isEscape(bytes, before)) return veilAt(bytes, before, at) > 0;
  let start = at - 1;
  if (isPrintable(bytes[start]!)) return true;
  while (isContinuation(bytes[start]!) && start > first && start > at - 4) start -= 1;
  return isLatin(bytes[start]!) || veilAt(bytes, start, at) > 0;
};

const valueBeginsAt = ({ bytes, base, end, final }: Window, at: number): boolean => {
  if (at >= end - base) return !final;
  const byte = bytes[at]!;
  if (byte !== backslash && isPrintable(byte)) return true;
  return isLatin(byte) || veilAt(bytes, at, end - base) !== noVeil || (byte === backslash && !isEscape(bytes, at));
};

const isAlphanumeric = (reading: number): boolean =>
  (reading >= 0x30 && reading <= 0x39) || ((reading | 0x20) >= 0x61 && (reading | 0x20) <= 0x7a);

const space = 0x20;

/** Whether a value may end, or be parted, before the bytes that begin at the absolute position `cut`. */
export const maybeParted = (window: Window, cut: number): boolean =>
  cut < window.end && (valueEndsAt(window, cut - window.base) || window.at(cut - 1) === space);

/**
 * Whether a value may go through what is read as `reading` and stands from `start` up to, without, `end` (indices of
 * `window.bytes`). Between two words of Japanese, in an emoji or between blanks there is no value.
 */
export const isWithinValue = (window: Window, start: number, end: number, reading: number): boolean => {
  if (isAlphanumeric(reading)) return valueEndsAt(window, start) || valueBeginsAt(window, end);
  const { bytes } = window;
  const goesOn = valueEndsAt(window, start) || (reading === INVISIBLE && bytes[start - 1] === space);
  return goesOn && (valueBeginsAt(window, end) || (reading === INVISIBLE && bytes[end] === space));
};

/** @param at index of the first byte of a pair of `veilPairs` · @returns whether a value may go through what stands there */
export const veilsValue = (window: Window, at: number): boolean => {
  const { bytes, base } = window;
  const first = window.begin - base;
  let start = bytes[at] === 0x80 ? at - 1 : at;
  if (bytes[at] === backslash) while (start > first && bytes[start - 1] === backslash) start -= 1;
  const found = start < first ? noVeil : veilAt(bytes, start, window.end - base);
  return found > 0 && isWithinValue(window, start, start + lengthOf(found), readingOf(found));
};
