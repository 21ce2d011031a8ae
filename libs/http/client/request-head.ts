/** Of a request's head: what belongs to the connection and not to the request, and what two readers could read differently. */
import { GatewayError } from '@sallyport/core';
import { headerOf } from '../header-list.js';
import type { Headers, Incoming } from './incoming.js';

/** RFC 9110, 7.6.1, and what a proxy may have been told. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

export interface HeadRules {
  /** Headers that must not come twice, beside those that HTTP itself reads. */
  readonly once: readonly string[];
  /** Must not be named as one of the connection's: what decides over the request would be taken away from it. */
  readonly keeps: (name: string) => boolean;
  /** What a client should do instead. */
  readonly hint: string;
}

export interface RequestHead {
  readonly method: string;
  /** As the client wrote it. */
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  /** Without those of the connection. */
  readonly headers: Headers;
}

const ofHttp = ['host', 'authorization', 'content-length', 'content-type', 'transfer-encoding'];

/** @throws GatewayError PROTOCOL_VIOLATION for a target or headers that two readers could take for different things */
export function requestHeadOf(
  { method, target, headers }: Pick<Incoming, 'method' | 'target' | 'headers'>,
  { once, keeps, hint }: HeadRules,
): RequestHead {
  const violation = (message: string): GatewayError => new GatewayError('PROTOCOL_VIOLATION', message, { hint });
  if (!/^[A-Z]{1,16}$/.test(method)) throw violation('the method is none of HTTP');
  if (!target.startsWith('/')) throw violation('the request target is not a path');
  const named = headerOf(headers, 'connection') ?? '';
  const dropped = new Set(named.split(',').map((name) => name.trim().toLowerCase()));
  for (const name of dropped)
    if (name === 'authorization' || name === 'host' || keeps(name))
      throw violation(`the Connection header names "${name}"`);
  for (const single of [...ofHttp, ...once])
    if (headers.filter(([name]) => name === single).length > 1) throw violation(`the header "${single}" comes twice`);
  const at = target.indexOf('?');
  return {
    method,
    path: at < 0 ? target : target.slice(0, at),
    query: at < 0 ? '' : target.slice(at + 1),
    headers: headers.filter(([name]) => !hopByHop.has(name) && !dropped.has(name)),
  };
}
