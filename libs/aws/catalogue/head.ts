/** A request without its body, checked for what no honest client sends; the value that every protocol is read from. */
import type { AwsRequest, SignedScope } from '../types.js';
import { type Pair, parsePairs } from './pairs.js';
import { isPresigned, roleOf } from './presigned.js';
import { quoted, refuse } from './refuse.js';

export interface Head {
  /** Of the credential scope. */
  readonly signingName: string;
  readonly method: string;
  /** Raw. */
  readonly path: string;
  /** Decoded; without the keys of a presigned URL's signature. */
  readonly query: readonly Pair[];
  /** By lower-case name; duplicates joined by a comma, as a signature covers them. */
  readonly headers: ReadonlyMap<string, string>;
  /** Names that are there more than once: refused unless the operation has a list there. */
  readonly repeated: ReadonlySet<string>;
}

const methods = new Set(['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'PATCH']);

// A server, or a proxy in front of it, may take the method or the operation from these instead.
const overrides = ['x-http-method', 'x-http-method-override', 'x-method-override', 'x-original-url', 'x-rewrite-url'];

// What proxies and HTTP libraries repeat, and nothing about the operation hangs on.
const harmless = new Set(['accept', 'accept-encoding', 'accept-language', 'cache-control', 'cookie', 'forwarded']);
for (const name of ['pragma', 'user-agent', 'via', 'warning', 'x-forwarded-for']) harmless.add(name);

export const readHead = (request: AwsRequest, scope: SignedScope): Head => {
  if (!methods.has(request.method)) refuse(`no operation has the method ${quoted(request.method)}`);
  if (!/^\/[\x21-\x7e]*$/.test(request.path) || /[\\?#]/.test(request.path)) {
    refuse('the path has characters that must be percent-encoded');
  }
  if (!/^[\x21-\x7e]*$/.test(request.query) || request.query.includes('#')) {
    refuse('the query string has characters that must be percent-encoded');
  }
  const gathered = gatherHeaders(request.headers);
  for (const name of overrides) if (gathered.headers.has(name)) refuse(`the header ${name} names another operation`);
  checkConnection(gathered.headers.get('connection'));
  return {
    signingName: scope.signingName,
    method: request.method,
    path: request.path,
    ...takePresigned(parsePairs(request.query), gathered, scope),
  };
};

const hopByHop = new Set(['', 'close', 'keep-alive', 'te', 'upgrade', 'http2-settings', 'transfer-encoding']);

/** A header that `Connection` names is dropped on the way: what was judged by it would not be what arrives. */
const checkConnection = (connection = ''): void => {
  for (const name of connection.toLowerCase().split(',')) {
    if (!hopByHop.has(name.trim())) refuse(`the header connection names ${quoted(name.trim())}`);
  }
};

type Headers = Pick<Head, 'headers' | 'repeated'>;

const gatherHeaders = (wire: AwsRequest['headers']): Headers => {
  const headers = new Map<string, string>();
  const repeated = new Set<string>();
  for (const [name, value] of wire) add(headers, repeated, [name.toLowerCase(), value]);
  return { headers, repeated };
};

const add = (headers: Map<string, string>, repeated: Set<string>, [name, value]: Pair): void => {
  const before = headers.get(name);
  if (before !== undefined && !harmless.has(name)) repeated.add(name);
  headers.set(name, before === undefined ? value : `${before},${value}`);
};

/** The query string of a presigned URL without its signature; what S3 takes for headers there is among the headers. */
const takePresigned = (query: readonly Pair[], { headers, repeated }: Headers, scope: SignedScope) => {
  if (!isPresigned(query)) return { query, headers, repeated };
  if (headers.has('authorization')) refuse('the request is signed in its headers and in its query string');
  const rest: Pair[] = [];
  const all = new Map(headers);
  const twice = new Set(repeated);
  const seen = new Set<string>();
  for (const [key, value] of query) {
    const role = roleOf(key, scope);
    if (role === 'signature' && seen.has(key.toLowerCase())) refuse(`the key ${quoted(key)} is there twice`);
    seen.add(key.toLowerCase());
    if (role === 'header') add(all, twice, [key.toLowerCase(), value]);
    if (role === 'key') rest.push([key, value]);
  }
  return { query: rest, headers: all, repeated: twice };
};
