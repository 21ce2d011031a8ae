/** A call's request as it goes out, but for its signature: where to, how long, and how its body is protected. */
import { hash } from 'node:crypto';
import { checksumOf, chunkedLength, encodeChunked } from '@sallyport/aws';
import { GatewayError } from '@sallyport/core';
import type { Endpoint } from '@sallyport/http';
import { type Header, headerOf, type RequestBody } from '@sallyport/http';
import type { CallHead } from '../wire.js';
import { authorityOf } from './destination.js';

/** Larger bodies are sent only once AWS has said that it wants them. */
const askFirstBytes = 1024 * 1024;
const inChunks = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';

export interface Sending {
  readonly headers: readonly Header[];
  /** What is signed of the body. */
  readonly payload: string;
  /** Whole, so that it may be sent again; or once, as it comes. */
  readonly body: Uint8Array | (() => AsyncIterable<Uint8Array>);
}

export interface SendingOptions {
  readonly head: CallHead;
  readonly endpoint: Endpoint;
  /** That may go on to AWS. */
  readonly headers: readonly Header[];
  readonly whole: Uint8Array | undefined;
  readonly body: RequestBody;
}

/** @throws UNSUPPORTED where nobody knows how long the body is */
export function sendingOf(options: SendingOptions): Sending {
  const { head, whole } = options;
  const trailers = promisedChecksums(head.headers);
  if (whole !== undefined) return sendWhole(options, whole, trailers);
  if (head.length === undefined)
    throw new GatewayError('UNSUPPORTED', 'this call must say how long its body is', {
      hint: 'send Content-Length, or X-Amz-Decoded-Content-Length with chunks',
    });
  const chunked = trailers.length > 0 && options.endpoint.tls;
  return chunked ? sendInChunks(options, head.length, trailers) : sendAsItComes(options, head.length);
}

/**
 * Over plain HTTP nobody would know that an unsigned body is the one that was sent, and not all that speak S3 there take
 * such chunks: a checksum goes ahead of its body, or is left out.
 */
export const sumsAhead = ({ headers }: CallHead, { tls }: Endpoint): boolean =>
  !tls && promisedChecksums(headers).length > 0;

/** A checksum that the client announced as trailer goes ahead as header, for all of the body is there. */
function sendWhole(options: SendingOptions, whole: Uint8Array, trailers: readonly string[]): Sending {
  const { head } = options;
  const hasBody = whole.length > 0 || (head.method !== 'GET' && head.method !== 'HEAD');
  const checksums = trailers.map((name): Header => {
    const checksum = checksumOf(name)!();
    checksum.update(whole);
    return [name, checksum.digest()];
  });
  return {
    headers: withOwn(options, [
      ...checksums,
      ...algorithmOf(head, trailers),
      ...(hasBody ? [['content-length', String(whole.length)] as const] : []),
    ]),
    payload: head.bodySha256 ?? hash('sha256', whole, 'hex'),
    body: whole,
  };
}

/** The client has signed its hash and the agent checks it; without one S3 takes a body that nobody has hashed before. */
const sendAsItComes = (options: SendingOptions, length: number): Sending => ({
  headers: withOwn(options, [['content-length', String(length)], ...expectOf(length)]),
  payload: options.head.bodySha256 ?? 'UNSIGNED-PAYLOAD',
  body: () => options.body.stream(),
});

/** A checksum that S3 is to check and keep comes after the body, as the client's did. */
function sendInChunks(options: SendingOptions, length: number, trailers: readonly string[]): Sending {
  const { head, headers } = options;
  const encoding = headerOf(headers, 'content-encoding');
  const others = { ...options, headers: headers.filter(([name]) => name !== 'content-encoding') };
  return {
    headers: withOwn(others, [
      ['content-encoding', encoding === undefined ? 'aws-chunked' : `aws-chunked,${encoding}`],
      ['content-length', String(chunkedLength(length, trailers))],
      ['x-amz-decoded-content-length', String(length)],
      ['x-amz-trailer', trailers.join(',')],
      ...algorithmOf(head, trailers),
      ...expectOf(length),
    ]),
    payload: inChunks,
    body: () => encodeChunked(options.body.stream(), trailers),
  };
}

const withOwn = ({ endpoint, headers }: SendingOptions, own: readonly Header[]): Header[] => [
  ['host', authorityOf(endpoint)],
  ...headers,
  ...(headerOf(headers, 'accept-encoding') === undefined ? [['accept-encoding', 'identity'] as const] : []),
  ...own,
];

const expectOf = (length: number): readonly Header[] => (length >= askFirstBytes ? [['expect', '100-continue']] : []);

const promisedChecksums = (headers: readonly Header[]): string[] =>
  (headerOf(headers, 'x-amz-trailer') ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => checksumOf(name) !== undefined);

/** Taken away with the trailers; S3 wants it where there is such a checksum. */
function algorithmOf({ headers }: CallHead, trailers: readonly string[]): readonly Header[] {
  const algorithm = headerOf(headers, 'x-amz-sdk-checksum-algorithm');
  return algorithm === undefined || trailers.length === 0 ? [] : [['x-amz-sdk-checksum-algorithm', algorithm]];
}
