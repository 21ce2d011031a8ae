/**
 * The form of what stands for a value in texts that are read again: `⟦API-KEY:7f3a9c21b04d⟧`. It names kinds such as
 * `TOKEN:` and is followed by letters and digits, so that detectors would find something in it; none may.
 */
import { classOf, code } from './byte-class.js';
import type { Found } from './detector.js';
import type { Window } from './window.js';

/** Of any placeholder, in bytes. */
export const longestPlaceholder = 64;

const opening = Buffer.from('⟦');
const closing = Buffer.from('⟧');
const tagLength = 12;
const longestKind = longestPlaceholder - opening.length - closing.length - tagLength - 1;
const kindByte = classOf(/[A-Z0-9-]/);
const tagByte = classOf(/[0-9a-f]/);
/** Of a placeholder, its first byte and its end apart. */
const inside = classOf(/[A-Z0-9a-f:\x9f\xa6-]/);

/** @param kind what was hidden, in any spelling · @param tag 12 hexadecimal digits */
export const placeholderOf = (kind: string, tag: string): string => {
  const name = kind.toUpperCase().replace(/[^A-Z0-9]+/g, '-');
  return `⟦${name.slice(0, longestKind)}:${tag}⟧`;
};

const standsAt = (window: Window, at: number, bytes: Uint8Array): boolean =>
  bytes.every((byte, index) => window.at(at + index) === byte);

/** @returns the position after the placeholder that begins at `start`, if one does */
const endOf = (window: Window, start: number): number | undefined => {
  if (!standsAt(window, start, opening)) return undefined;
  const kind = start + opening.length;
  const separator = kind + window.run(kind, kindByte, longestKind);
  const tag = separator + 1;
  if (separator === kind || window.at(separator) !== code(':')) return undefined;
  if (window.run(tag, tagByte, tagLength) < tagLength || !standsAt(window, tag + tagLength, closing)) return undefined;
  return tag + tagLength + closing.length;
};

/** @returns where the placeholder ends that the byte at `position` belongs to */
const endAround = (window: Window, position: number): number | undefined => {
  for (let start = position; start > position - longestPlaceholder; start -= 1) {
    if (window.at(start) === opening[0]) {
      const end = endOf(window, start);
      return end !== undefined && position < end ? end : undefined;
    }
    if (inside[window.at(start)] !== 1) return undefined;
  }
  return undefined;
};

/** Leaves placeholders out of what was found at `anchor`: what is in one is nothing, and a value begins behind it. */
export const beyondPlaceholders = (window: Window, anchor: number, found: Found): Found | undefined => {
  if (endAround(window, anchor) !== undefined) return undefined;
  let start = endAround(window, found.start);
  if (start === undefined) return found;
  for (let next = endOf(window, start); next !== undefined; next = endOf(window, start)) start = next;
  if (found.end > start) return { ...found, start };
  const { tail } = found;
  return tail !== undefined && goesOn(window, start, tail) ? { start, end: start, tail } : undefined;
};

const goesOn = (window: Window, at: number, tail: NonNullable<Found['tail']>): boolean => {
  const byte = window.at(at);
  return byte < 256 && tail.step(0, byte) >= 0;
};
