import { derivedOnce, GatewayError, isImmutable } from '@sallyport/core';

/** Nesting that a body may have; a cycle runs into it. */
const maxDepth = 64;

const invalid = (message: string): GatewayError => new GatewayError('INVALID_INPUT', message);

const surrogate = /[\uD800-\uDFFF]/;
const loneSurrogate = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

// Nothing to escape and no surrogate: most strings are written as they are.
const plain = /^[\x20\x21\x23-\x5b\x5d-\ud7ff\ue000-\uffff]*$/;

function canonicalString(value: string): string {
  if (plain.test(value)) return `"${value}"`;
  if (surrogate.test(value) && loneSurrogate.test(value))
    throw invalid('a lone surrogate cannot be written as canonical json');
  return JSON.stringify(value); // ECMAScript's escapes are those of RFC 8785, 3.2.2.2
}

function canonicalNumber(value: number): string {
  if (!Number.isFinite(value)) throw invalid(`the number '${value}' cannot be written as json`);
  return JSON.stringify(value); // shortest round-trip form, -0 as 0: RFC 8785, 3.2.2.3
}

type Undefined = 'refused' | 'left out';

/** By UTF-16 code units: RFC 8785, 3.2.3. Most objects here are made in this order. */
function sorted(keys: string[]): string[] {
  for (let index = 1; index < keys.length; index += 1) if (keys[index - 1]! > keys[index]!) return keys.sort();
  return keys;
}

function canonicalObject(value: Readonly<Record<string, unknown>>, depth: number, whenUndefined: Undefined): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    throw invalid('only plain objects can be written as canonical json');
  let members = '';
  for (const key of sorted(Object.keys(value))) {
    const member = value[key];
    if (member === undefined && whenUndefined === 'left out') continue;
    members += `${members === '' ? '' : ','}${canonicalString(key)}:${write(member, depth + 1, whenUndefined)}`;
  }
  return `{${members}}`;
}

function canonicalArray(value: readonly unknown[], depth: number, whenUndefined: Undefined): string {
  let items = '';
  for (let index = 0; index < value.length; index += 1)
    items += (index === 0 ? '' : ',') + write(value[index], depth + 1, whenUndefined);
  return `[${items}]`;
}

const structure = (value: object, depth: number, whenUndefined: Undefined): string =>
  Array.isArray(value)
    ? canonicalArray(value, depth, whenUndefined)
    : canonicalObject(value as Readonly<Record<string, unknown>>, depth, whenUndefined);

// What members that are undefined mean depends on the caller; an immutable value has none, or is written afresh.
const structureOnce = derivedOnce((value: object) => structure(value, 0, 'refused'));

function write(value: unknown, depth: number, whenUndefined: Undefined): string {
  if (depth > maxDepth) throw invalid(`json nested deeper than ${maxDepth} levels, or a cycle`);
  if (typeof value === 'string') return canonicalString(value);
  if (typeof value === 'number') return canonicalNumber(value);
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'object')
    return isImmutable(value) ? structureOnce(value) : structure(value, depth, whenUndefined);
  throw invalid(`a value of type '${typeof value}' cannot be written as json`);
}

/**
 * Canonical JSON (RFC 8785): one text for one value, so that it can be hashed.
 * Throws INVALID_INPUT for what JSON cannot hold: undefined, NaN, infinities, bigints, lone surrogates, class instances.
 */
export const canonicalJson = (value: unknown): string => write(value, 0, 'refused');

/** The same, with members that are undefined left out, as JSON.stringify does. */
export const canonicalJsonOfDefined = (value: unknown): string => write(value, 0, 'left out');

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
