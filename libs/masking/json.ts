import { blank, code } from './byte-class.js';
import type { Window } from './window.js';

const quote = code('"');
const backslash = code('\\');
const isBlank = (byte: number): boolean => blank[byte] === 1 || byte === 10 || byte === 13;

/**
 * Keeps JSON valid: a replacement that stands where a number stood becomes a string. Made for one document, whose
 * values are replaced from left to right.
 */
export const jsonQuoting = (): ((window: Window, start: number, end: number, text: string) => string) => {
  let position = 0;
  let inString = false;

  const follow = (window: Window, until: number): void => {
    for (; position < until; position += 1) {
      const byte = window.at(position);
      if (inString && byte === backslash) position += 1;
      else if (byte === quote) inString = !inString;
    }
  };

  return (window, start, end, text) => {
    follow(window, start);
    const bare = !inString;
    position = Math.max(position, end); // a value never holds an unescaped quote of the document
    return bare ? JSON.stringify(text) : text;
  };
};

/** The bytes are one JSON object or array, as far as the first and last byte tell. */
export const looksLikeJson = (bytes: Uint8Array): boolean => {
  let [first, last] = [0, bytes.length - 1];
  while (first < last && isBlank(bytes[first]!)) first += 1;
  while (last > first && isBlank(bytes[last]!)) last -= 1;
  const ends = String.fromCharCode(bytes[first] ?? 0, bytes[last] ?? 0);
  return ends === '{}' || ends === '[]';
};
