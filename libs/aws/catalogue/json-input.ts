/** JSON bodies: the input itself, or one member of it. */

import { refuse } from './refuse.js';
import { parseStrictJson } from './strict-json.js';

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An empty body is an input without members. */
export const parseJsonObject = (body: Uint8Array): Readonly<Record<string, unknown>> => {
  if (body.length === 0) return {};
  const value = parseStrictJson(body);
  if (!isObject(value)) return refuse('the body is no JSON object');
  const folded = new Set<string>();
  for (const key of Object.keys(value)) {
    // Some of AWS's parsers read keys without regard to case: which of the two they take is not known.
    if (folded.has(key.toLowerCase())) refuse('two keys of the body differ in case only');
    folded.add(key.toLowerCase());
  }
  return value;
};
