/** Presigned URLs: the signature is in the query string, and for S3 the headers that begin with x-amz- may be as well. */
import type { AwsRequest, SignedScope } from '../types.js';
import { type Pair, parsePairs } from './pairs.js';

const signatureKeys = new Set(
  ['algorithm', 'content-sha256', 'credential', 'date', 'expires', 'security-token', 'signature', 'signedheaders'].map(
    (name) => `x-amz-${name}`,
  ),
);

export const isPresigned = (query: readonly Pair[]): boolean => query.some(([key]) => key === 'X-Amz-Signature');

/** What a key of a presigned URL's query string is. */
export const roleOf = (key: string, scope: SignedScope): 'signature' | 'header' | 'key' => {
  const lower = key.toLowerCase();
  if (signatureKeys.has(lower)) return 'signature';
  return lower.startsWith('x-amz-') && scope.signingName === 's3' ? 'header' : 'key';
};

/**
 * The same request to be signed in its headers: S3 takes `x-amz-copy-source` and its like from the query string of a
 * presigned URL alone, so that a copy would become an upload of nothing. Other requests come back as they are.
 */
export const unpresigned = (
  request: Pick<AwsRequest, 'query' | 'headers'>,
  scope: SignedScope,
): Pick<AwsRequest, 'query' | 'headers'> => {
  if (!isPresigned(parsePairs(request.query))) return request;
  const parts = request.query.split('&').filter((part) => part !== '');
  const pairs = parts.map((part) => ({ part, pair: parsePairs(part)[0]! }));
  return {
    query: pairs
      .filter(({ pair }) => roleOf(pair[0], scope) === 'key')
      .map(({ part }) => part)
      .join('&'),
    headers: [
      ...request.headers,
      ...pairs
        .filter(({ pair }) => roleOf(pair[0], scope) === 'header')
        .map(({ pair: [key, value] }) => [key.toLowerCase(), value] as const),
    ],
  };
};
