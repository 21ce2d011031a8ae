import { GatewayError } from '@sallyport/core';

/** Nesting that a body may have; a cycle runs into it. */
const maxDepth = 64;

const invalid = (message: string): GatewayError => new GatewayError('INVALID_INPUT', message);

const surrogate = /[\uD800-\uDFFF]/;
const loneSurrogate = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

function canonicalString(value: string): string {
  if (surrogate.test(value) && loneSurrogate.test(value))
    throw invalid('a lone surrogate cannot be written as canonical json');
  return JSON.stringify(value); // ECMAScript's escapes are those of RFC 8785, 3.2.2.2
}

function canonicalNumber(value: number): string {
  if (!Number.isFinite(value)) throw invalid(`the number '${value}' cannot be written as json`);
  return JSON.stringify(value); // shortest round-trip form, -0 as 0: RFC 8785, 3.2.2.3
}

function canonicalObject(value: object, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    throw invalid('only plain objects can be written as canonical json');
  const members = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1)) // by UTF-16 code units: RFC 8785, 3.2.3
    .map(([key, member]) => `${canonicalString(key)}:${write(member, depth + 1)}`);
  return `{${members.join(',')}}`;
}

function write(value: unknown, depth: number): string {
  if (depth > maxDepth) throw invalid(`json nested deeper than ${maxDepth} levels, or a cycle`);
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return canonicalString(value);
  if (typeof value === 'number') return canonicalNumber(value);
  if (Array.isArray(value)) return `[${Array.from(value, (item) => write(item, depth + 1)).join(',')}]`;
  if (typeof value === 'object') return canonicalObject(value, depth);
  throw invalid(`a value of type '${typeof value}' cannot be written as json`);
}

/**
 * Canonical JSON (RFC 8785): one text for one value, so that it can be hashed.
 * Throws INVALID_INPUT for what JSON cannot hold: undefined, NaN, infinities, bigints, lone surrogates, class instances.
 */
export const canonicalJson = (value: unknown): string => write(value, 0);

/**
 * Reads a text that must be canonical JSON already. Throws INVALID_INPUT otherwise: a second spelling of a value
 * (white space, a repeated key, `1.0`) would be a change that no hash of the value shows.
 */
export function parseCanonical(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new GatewayError('INVALID_INPUT', 'this is not json', { cause });
  }
  if (canonicalJson(value) !== text) throw invalid('this json is not in canonical form (rfc 8785)');
  return value;
}

/** A copy without the members that are undefined, as JSON.stringify would write it. */
export function withoutUndefined(value: unknown, depth = 0): unknown {
  if (depth > maxDepth) throw invalid(`json nested deeper than ${maxDepth} levels, or a cycle`);
  if (Array.isArray(value)) return value.map((item) => withoutUndefined(item, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value; // for canonicalJson to refuse
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([key, member]) => [key, withoutUndefined(member, depth + 1)]));
}
