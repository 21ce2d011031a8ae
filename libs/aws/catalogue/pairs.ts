/** Keys and values of a query string or of a form. */
import { decodeForm } from './percent.js';
import { quoted, refuse } from './refuse.js';

export type Pair = readonly [key: string, value: string];

/** No call has more: the largest batches of the query protocol have a few thousand. */
const maxPairs = 20_000;

/**
 * In order, duplicates kept; a key without a value has an empty one. A bare semicolon is refused: some servers take it
 * for a separator as well, so that it would hide a key.
 */
export const parsePairs = (text: string): readonly Pair[] => {
  if (text === '') return [];
  if (text.includes(';')) return refuse('a query string or form has a bare semicolon');
  const parts = text.split('&').filter((part) => part !== '');
  if (parts.length > maxPairs) return refuse(`a query string or form has more than ${maxPairs} keys`);
  return parts.map(parsePair);
};

const parsePair = (part: string): Pair => {
  const equals = part.indexOf('=');
  if (equals < 0) return [decodeForm(part), ''];
  return [decodeForm(part.slice(0, equals)), decodeForm(part.slice(equals + 1))];
};

/** Refuses a key that is there twice. */
export const uniquePairs = (pairs: readonly Pair[]): ReadonlyMap<string, string> => {
  const found = new Map<string, string>();
  for (const [key, value] of pairs) {
    if (found.has(key)) return refuse(`the key ${quoted(key)} is there twice`);
    found.set(key, value);
  }
  return found;
};
