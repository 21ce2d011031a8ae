/**
 * Presigned URLs of signature version 2, which boto3, the AWS CLI 1 and s3cmd still make by default for S3 in its old regions.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html#RESTAuthenticationQueryStringAuth
 */
import { createHmac } from 'node:crypto';
import type { AwsRequest } from '../types.js';
import type { Authorization, Readable } from './authorization.js';
import { queryPairs } from './canonical.js';
import { fail } from './failure.js';

/** What the signature covers of a query, beside headers that moved there. Nothing else may be in one. */
const covered = new Set([
  ...['acl', 'cors', 'delete', 'lifecycle', 'location', 'logging', 'notification', 'partNumber', 'policy', 'tagging'],
  ...['requestPayment', 'restore', 'uploadId', 'uploads', 'versionId', 'versioning', 'versions', 'website'],
  ...['response-cache-control', 'response-content-disposition', 'response-content-encoding'],
  ...['response-content-language', 'response-content-type', 'response-expires'],
]);
const parameters = new Set(['AWSAccessKeyId', 'Signature', 'Expires', 'x-amz-security-token']);
/** botocore repeats these headers in the query; a service reads the headers. */
const repeated = new Set(['content-type', 'content-md5']);

export const isPresignedV2 = (names: readonly string[]): boolean =>
  names.includes('AWSAccessKeyId') && names.includes('Signature') && names.includes('Expires');

/** @throws Failed */
export const readPresignedV2 = ({ headers, pairs }: Readable): Authorization => {
  const given = new Map<string, string>();
  for (const [name, value] of pairs) {
    if (given.has(name)) fail('malformed', `the parameter ${name} is given twice`);
    if (!parameters.has(name) && !repeated.has(name) && !covered.has(name) && !isHeader(name))
      fail('unsupported', `signature version 2 does not cover the parameter ${name}`);
    if (isHeader(name) && headers.has(name)) fail('malformed', `${name} is a header and a parameter`);
    given.set(name, decoded(value));
  }
  const seconds = given.get('Expires') ?? '';
  if (!/^\d{1,11}$/.test(seconds)) fail('malformed', 'Expires is no time in seconds');
  const sessionToken = given.get('x-amz-security-token') ?? headers.get('x-amz-security-token')?.[0];
  return {
    ok: true,
    version: 2,
    form: 'presigned',
    accessKeyId: given.get('AWSAccessKeyId')!,
    scope: { date: '', region: '', service: 's3' },
    signedHeaders: [],
    signature: hexOf(given.get('Signature')!),
    signedAt: new Date(Number(seconds) * 1000),
    amzDate: seconds,
    payload: 'UNSIGNED-PAYLOAD',
    ...(sessionToken === undefined ? {} : { sessionToken }),
  };
};

/** @param request with its bucket in the path, however it was addressed */
export const signatureV2 = (
  { method, path }: AwsRequest,
  { amzDate }: Authorization,
  { headers, pairs }: Readable,
  secret: string,
): Buffer => {
  const value = (name: string): string => headers.get(name)?.[0]?.trim() ?? '';
  const amz = [
    ...[...headers].filter(([name]) => isHeader(name)).map(([name, values]) => [name, values.join(',')] as const),
    ...pairs.filter(([name]) => isHeader(name)).map(([name, text]) => [name, decoded(text)] as const),
  ].sort(([one], [other]) => (one < other ? -1 : 1));
  const resources = pairs
    .filter(([name]) => covered.has(name))
    .map(([name, text]) => (text === '' ? name : `${name}=${decoded(text)}`))
    .sort();
  const resource = resources.length === 0 ? path : `${path}?${resources.join('&')}`;
  const told = amz.map(([name, text]) => `${name}:${text.trim()}\n`).join('');
  const text = `${method}\n${value('content-md5')}\n${value('content-type')}\n${amzDate}\n${told}${resource}`;
  return createHmac('sha1', secret).update(text, 'utf8').digest();
};

/** The request without its signature; headers that stood in the query are among the headers. */
export const unpresignedV2 = (request: AwsRequest): Pick<AwsRequest, 'query' | 'headers'> => {
  const pairs = queryPairs(request.query);
  const kept = pairs.filter(([name]) => covered.has(name));
  const moved = pairs.filter(([name]) => isHeader(name) && !parameters.has(name));
  return {
    query: kept.map(([name, value]) => (value === '' ? name : `${name}=${value}`)).join('&'),
    headers: [...request.headers, ...moved.map(([name, value]) => [name, decoded(value)] as const)],
  };
};

const isHeader = (name: string): boolean => /^x-amz-[a-z0-9-]{1,128}$/.test(name);

const hexOf = (signature: string): string => {
  if (!/^[A-Za-z0-9+/]{27}=$/.test(signature)) fail('malformed', 'Signature is not one of version 2');
  return Buffer.from(signature, 'base64').toString('hex');
};

/** What is signed is lines: a value that holds one could be read as two headers. */
const decoded = (value: string): string => {
  const text = utf8(value);
  return /\p{Cc}/u.test(text) ? fail('malformed', 'a parameter holds a control character') : text;
};

const utf8 = (value: string): string => {
  try {
    return decodeURIComponent(value);
  } catch {
    return fail('malformed', 'a parameter of the signature is not UTF-8');
  }
};
