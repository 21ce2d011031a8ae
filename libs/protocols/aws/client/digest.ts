/**
 * What a review of a call is bound to: the whole of what was asked and nothing else, so that the same command, signed again
 * a minute later by another process, is the same operation.
 *
 * Left out: what every attempt has anew (dates, signatures, the ticket, attempt counters, user agents) and the value of a
 * top-level idempotency token that is a UUID, which SDKs invent for each call.
 */
import { createHash } from 'node:crypto';
import type { AwsRequest, OperationName } from '@sallyport/aws';
import type { Digest } from '@sallyport/core';

/** Headers that say nothing of what is asked. Every other one counts. */
const anew = new Set([
  'authorization',
  'x-amz-date',
  'date',
  'x-amz-security-token',
  'x-amz-content-sha256',
  'x-amz-decoded-content-length',
  'amz-sdk-invocation-id',
  'amz-sdk-request',
  'amz-sdk-retry',
  'user-agent',
  'x-amz-user-agent',
  'x-amzn-trace-id',
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'te',
  'expect',
  'accept',
  'accept-encoding',
]);
const presigning = /^X-Amz-(Algorithm|Credential|Date|Expires|SignedHeaders|Signature|Security-Token)(=|$)/i;
const tokenName = /^(client|client_?request|request|idempotency|x-amzn-client)[-_]?token$/i;
const uuid = /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;

/** Operations whose token was made by somebody else and says what is meant: another one is another call. */
const meantByToken = new Set([
  'cloudcontrol:CancelResourceRequest',
  'cloudcontrol:GetResourceRequestStatus',
  's3control:DescribeMultiRegionAccessPointOperation',
  'workspaces:AcceptAccountLinkInvitation',
  'workspaces:RejectAccountLinkInvitation',
  'codepipeline:AcknowledgeThirdPartyJob',
  'codepipeline:GetThirdPartyJobDetails',
  'codepipeline:PutThirdPartyJobFailureResult',
  'codepipeline:PutThirdPartyJobSuccessResult',
]);

export interface AskedCall extends OperationName {
  readonly request: AwsRequest;
  readonly region: string;
  readonly bucket?: string | undefined;
  /** Of a body that streams: what the client has signed of it, or said of its length. */
  readonly streamed?: string | undefined;
}

export function digestOf({ service, operation, request, region, bucket, streamed }: AskedCall): Digest {
  const { method, path, query, headers, body } = request;
  const counts = meantByToken.has(`${service}:${operation}`);
  const canonical = JSON.stringify([
    'sallyport aws call v1',
    service,
    operation,
    region,
    bucket ?? null,
    method,
    path,
    query
      .split('&')
      .filter((pair) => pair !== '' && !presigning.test(pair))
      .map((pair) => (counts ? pair : withoutToken(pair)))
      .sort(),
    headers
      .filter(([name, value]) => !anew.has(name) && (counts || !(tokenName.test(name) && uuid.test(value))))
      .map(([name, value]) => `${name}:${value}`)
      .sort(),
    streamed ?? null,
    body === undefined
      ? null
      : createHash('sha256')
          .update(counts ? body : essential(body, headers))
          .digest('hex'),
  ]);
  return createHash('sha256').update(canonical).digest('hex') as Digest;
}

const withoutToken = (pair: string): string => {
  const at = pair.indexOf('=');
  if (at < 0) return pair;
  return tokenName.test(pair.slice(0, at)) && uuid.test(pair.slice(at + 1)) ? pair.slice(0, at) : pair;
};

/** The body without the idempotency tokens at its top. What cannot be read stays as it is. */
function essential(body: Uint8Array, headers: AwsRequest['headers']): Uint8Array | string {
  const type = headers.find(([name]) => name === 'content-type')?.[1] ?? '';
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (/^application\/x-www-form-urlencoded/i.test(type))
    return bytes.toString('latin1').split('&').map(withoutToken).join('&');
  if (!/json/i.test(type) || !bytes.includes('oken')) return body;
  const text = bytes.toString('utf8');
  return topTokens(text).reduce(
    // Only its first place in the text: the numbers and the order of everything else stay as they were written.
    (rest, [name, value]) => rest.replace(new RegExp(`("${name}"\\s*:\\s*)"${value}"`), '$1""'),
    text,
  );
}

function topTokens(text: string): [name: string, value: string][] {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
    return Object.entries(value).filter(
      (entry): entry is [string, string] =>
        tokenName.test(entry[0]) && typeof entry[1] === 'string' && uuid.test(entry[1]),
    );
  } catch {
    return [];
  }
}
