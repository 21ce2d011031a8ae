/**
 * The canonical request, from the request as it was on the wire.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { hash } from 'node:crypto';
import { checkPrintable, escapeAgain, normalizeEscapes } from './encoding.js';
import { fail } from './failure.js';

/** Signing names whose paths are encoded once and never normalised: a key may be `a/../b` or `//`. */
const singlyEncoded = new Set(['s3', 's3express', 's3-object-lambda', 's3-outposts']);
export const isS3 = (service: string): boolean => singlyEncoded.has(service);

/** Header values are bytes that Node shows as Latin-1: a string is hashed as the bytes that it was. */
export const sha256Hex = (data: string | Uint8Array): string =>
  hash('sha256', typeof data === 'string' ? Buffer.from(data, 'latin1') : data, 'hex');

export const emptyHash = sha256Hex('');

/** @throws Failed malformed */
export const canonicalPath = (path: string, service: string): string => {
  checkPrintable(path, 'path');
  if (path === '') return '/';
  if (!path.startsWith('/')) fail('malformed', 'the path does not begin with "/"');
  const segments = path.split('/');
  // The SDK for Java signs `a//b` and sends it as `a/%2Fb`, because its HTTP client would make one slash of two.
  if (isS3(service)) return segments.map(normalizeEscapes).join('/').replaceAll('/%2F', '//');
  // Clients and AWS take `/a/../b` for `/b` when they sign, but send it as it is: what would be judged is not what was signed.
  if (segments.some((segment) => segment === '.' || segment === '..')) fail('malformed', 'the path holds "." or ".."');
  const named = segments.filter((segment) => segment !== '');
  const end = named.length > 0 && path.endsWith('/') ? '/' : '';
  return `/${named.map(escapeAgain).join('/')}${end}`;
};

export type QueryPair = readonly [name: string, value: string];

/**
 * The query's pairs in canonical encoding, in wire order.
 *
 * @throws Failed malformed, for a `+` too: some read it as a space, some as itself
 */
export const queryPairs = (query: string): QueryPair[] => {
  checkPrintable(query, 'query');
  if (query.includes('+')) fail('malformed', 'the query holds a "+": write %20 for a space or %2B for a plus sign');
  return query
    .split('&')
    .filter(Boolean)
    .map((pair) => {
      const equals = pair.indexOf('=');
      if (equals < 0) return [normalizeEscapes(pair), ''];
      return [normalizeEscapes(pair.slice(0, equals)), normalizeEscapes(pair.slice(equals + 1))];
    });
};

const byCode = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

export const canonicalQuery = (pairs: readonly QueryPair[]): string =>
  [...pairs]
    .sort((left, right) => byCode(left[0], right[0]) || byCode(left[1], right[1]))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');

export type WireHeaders = readonly (readonly [name: string, value: string])[];

/** Values by name in wire order; the host under both of its names. */
export const headerValues = (headers: WireHeaders): Map<string, readonly string[]> => {
  const values = new Map<string, string[]>();
  for (const [name, value] of headers) {
    const before = values.get(name);
    if (before) before.push(value);
    else values.set(name, [value]);
  }
  const host = values.get('host');
  if (host) values.set(':authority', host);
  else values.delete(':authority');
  return values;
};

/** Most values are as they must be. */
const untidy = /[\t]| {2}|^ | $/;
const trimmed = (value: string): string =>
  untidy.test(value) ? value.replace(/[ \t]+/g, ' ').replace(/^ | $/g, '') : value;

export interface CanonicalParts {
  readonly method: string;
  readonly path: string;
  /** Canonical, without the signature itself. */
  readonly query: string;
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** Sorted, lower case. */
  readonly signedHeaders: readonly string[];
  /** The hash of the body, or what stands for it. */
  readonly payload: string;
  readonly service: string;
}

export const canonicalRequest = (parts: CanonicalParts): string => {
  const lines = parts.signedHeaders.map(
    (name) => `${name}:${(parts.headers.get(name) ?? []).map(trimmed).join(',')}\n`,
  );
  return [
    parts.method,
    canonicalPath(parts.path, parts.service),
    parts.query,
    lines.join(''),
    parts.signedHeaders.join(';'),
    parts.payload,
  ].join('\n');
};
