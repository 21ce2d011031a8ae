import { GatewayError } from '@sallyport/core';
import type { AwsRequest } from '../types.js';
import {
  canonicalQuery,
  canonicalRequest,
  headerValues,
  isS3,
  type QueryPair,
  queryPairs,
  sha256Hex,
  type WireHeaders,
} from './canonical.js';
import { Failed } from './failure.js';
import { presignedParameters } from './presigned-form.js';
import { algorithm, formatAmzDate, hmac, scopeText, stringToSign } from './scope.js';
import { derivedEachTime, type SigningKeySource } from './signing-keys.js';

export interface SigningCredential {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface SignOptions {
  readonly region: string;
  /** The signing name. */
  readonly service: string;
  readonly now: Date;
  /**
   * The SHA-256 of the body in hexadecimal; or `UNSIGNED-PAYLOAD`, for S3 over TLS; or `STREAMING-UNSIGNED-PAYLOAD-TRAILER`
   * with a body that `encodeChunked` has encoded: then the client's announcement of trailers and of the length stays.
   */
  readonly payload: string;
  readonly keys?: SigningKeySource;
}

export interface SignedRequest {
  /** Without the parameters of a signature that a client made. */
  readonly query: string;
  /** All headers to send, in the order given and then those of the signature. */
  readonly headers: WireHeaders;
}

/** The client's own signature: it means nothing to AWS. */
const dropped =
  /^(?:authorization|date|x-amz-(?:date|security-token|s3session-token|content-sha256|trailer-signature|region-set))$/;
/** How the client encoded a body that is decoded by now; S3 refuses an algorithm without its checksum. */
const droppedDecoded = /^x-amz-(?:trailer|decoded-content-length)$/;

/** What proxies and HTTP clients change on the way: it would break the signature. */
const unsignable =
  /^(?::authority|accept|accept-encoding|cache-control|connection|content-length|expect|from|keep-alive|max-forwards|pragma|referer|te|trailer|transfer-encoding|upgrade|user-agent|via|x-amzn-trace-id|(?:proxy|sec|x-forwarded)-.*)$/;

/**
 * Signs a request in its headers, for AWS.
 *
 * @param request with the host that it is going to; the raw path and query, which are not changed but for what `SignedRequest` says
 * @throws GatewayError INVALID_INPUT for a path or query that nobody could sign
 */
export const sign = (
  request: Pick<AwsRequest, 'method' | 'path' | 'query' | 'headers'>,
  credential: SigningCredential,
  options: SignOptions,
): SignedRequest => {
  try {
    return signOrFail(request, credential, options);
  } catch (error) {
    throw error instanceof Failed ? new GatewayError('INVALID_INPUT', error.message) : error;
  }
};

const signOrFail = (
  request: Pick<AwsRequest, 'method' | 'path' | 'query' | 'headers'>,
  credential: SigningCredential,
  options: SignOptions,
): SignedRequest => {
  const { region, service, now, payload } = options;
  const amzDate = formatAmzDate(now);
  const scope = { date: amzDate.slice(0, 8), region, service };
  const headers = [...withoutSignature(request.headers, payload), ...ours(credential, amzDate, options)];
  const query = withoutPresigning(request.query);
  const values = headerValues(headers);
  const signedHeaders = [...values.keys()].filter((name) => !unsignable.test(name)).sort();
  const canonical = canonicalRequest({
    method: request.method,
    path: request.path,
    query: canonicalQuery(queryPairs(query)),
    headers: values,
    signedHeaders,
    payload,
    service,
  });
  const key = (options.keys ?? derivedEachTime).key(credential.secretAccessKey, scope);
  const signature = hmac(key, stringToSign(amzDate, scope, sha256Hex(canonical))).toString('hex');
  const authorization = `${algorithm} Credential=${credential.accessKeyId}/${scopeText(scope)}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`;
  return { query, headers: [...headers, ['authorization', authorization]] };
};

const ours = ({ sessionToken }: SigningCredential, amzDate: string, { service, payload }: SignOptions): WireHeaders => {
  const headers: [string, string][] = [['x-amz-date', amzDate]];
  const tokenName = service === 's3express' ? 'x-amz-s3session-token' : 'x-amz-security-token';
  if (sessionToken !== undefined) headers.push([tokenName, sessionToken]);
  if (isS3(service) || !hash.test(payload)) headers.push(['x-amz-content-sha256', payload]);
  return headers;
};

const withoutSignature = (headers: WireHeaders, payload: string): WireHeaders => {
  const encoded = payload.startsWith('STREAMING-');
  const hadTrailer = headers.some(([name]) => name === 'x-amz-trailer');
  return headers.flatMap(([name, value]): WireHeaders => {
    if (dropped.test(name)) return [];
    if (encoded) return [[name, value]];
    if (droppedDecoded.test(name) || (hadTrailer && name === 'x-amz-sdk-checksum-algorithm')) return [];
    return name === 'content-encoding' ? withoutChunked(value) : [[name, value]];
  });
};

const withoutChunked = (value: string): WireHeaders => {
  const encodings = value.split(',').map((each) => each.trim());
  const rest = encodings.filter((each) => each !== '' && each.toLowerCase() !== 'aws-chunked').join(',');
  return rest === '' ? [] : [['content-encoding', rest]];
};

const hash = /^[0-9a-f]{64}$/;

const presigning = new Set(presignedParameters.map((name) => name.toLowerCase()));

const withoutPresigning = (query: string): string =>
  query
    .split('&')
    .filter((pair) => !presigning.has(nameOf(queryPairs(pair)[0])))
    .join('&');

const nameOf = (pair: QueryPair | undefined): string => (pair?.[0] ?? '').toLowerCase();
