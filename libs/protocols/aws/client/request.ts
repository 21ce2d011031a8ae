/** From HTTP to what both gates describe. */

import type { Addressing, Authorization, AwsRequest } from '@sallyport/aws';
import { type Headers, headerOf, type Incoming, requestHeadOf } from '@sallyport/http';
import type { ErrorStyle } from '../refuse.js';

/** Lists of which the SDKs for Go and Java send each item in a header of its own. RFC 9110, 5.3: the same as one header. */
const lists = new Set(['content-encoding', 'x-amz-object-attributes', 'x-amz-optional-object-attributes']);

/** As a signature covers them. */
function withListsJoined(headers: Headers): Headers {
  const joined = new Map<string, string>();
  for (const [name, value] of headers)
    if (lists.has(name)) joined.set(name, joined.has(name) ? `${joined.get(name)},${value}` : value);
  const seen = new Set<string>();
  return headers.flatMap(([name, value]) => {
    if (!lists.has(name)) return [[name, value] as const];
    if (seen.has(name)) return [];
    seen.add(name);
    return [[name, joined.get(name)!] as const];
  });
}

/**
 * The request without its body.
 * @throws GatewayError PROTOCOL_VIOLATION for a target or headers that two readers could take for different things
 */
export function requestOf(incoming: Incoming): AwsRequest {
  const head = requestHeadOf(incoming, {
    once: ['x-amz-target'],
    keeps: (name) => name.startsWith('x-amz'),
    hint: 'send it once, as the AWS SDKs do',
  });
  return { ...head, headers: withListsJoined(head.headers) };
}

/**
 * With headers of the connection that were signed all the same (s3cmd sends back what an answer said), and with the path of
 * a signature of version 2, which has the bucket however it is addressed.
 */
export function asSignedBy(
  { signedHeaders, version }: Authorization,
  request: AwsRequest,
  { headers }: Pick<Incoming, 'headers'>,
  { bucket }: Addressing,
): AwsRequest {
  const missing = signedHeaders.filter((name) => headerOf(request.headers, name) === undefined);
  const more = missing.length === 0 ? [] : headers.filter(([name]) => missing.includes(name));
  const path = version === 2 && bucket !== undefined ? `/${bucket}${request.path}` : request.path;
  return { ...request, path, headers: [...request.headers, ...more] };
}

// Other services of S3 have an account or an access point in front.
const ofS3 =
  /^(.{3,255})\.s3(?!-(?:control|accesspoint|outposts|object-lambda))(?:[.-][a-z0-9.-]{1,60})?\.amazonaws\.com(?:\.cn)?$/;

/** How the host was addressed: by its bucket, or by an endpoint of AWS that says which service is meant. */
export function addressingOf(request: AwsRequest, publicHost: string): Addressing {
  const host = (headerOf(request.headers, 'host') ?? '').toLowerCase().replace(/:\d{1,5}$/, '');
  const suffix = [`.${publicHost.toLowerCase()}`, '.localhost'].find((below) => host.endsWith(below));
  const bucket = suffix === undefined ? ofS3.exec(host)?.[1] : host.slice(0, -suffix.length);
  return bucket === undefined || bucket === '' ? {} : { bucket };
}

const hostOfS3 = /(?:^|\.)s3[a-z0-9-]{0,60}\.(?:[a-z0-9.-]{1,60}\.)?amazonaws\.com(?:\.cn)?(?::\d{1,5})?$/i;

/** Before anything else is known of a request: how would the service that it is for say no? */
export function errorStyleOf({ headers, path, method }: AwsRequest, signingName: string | undefined): ErrorStyle {
  if (headerOf(headers, 'smithy-protocol') === 'rpc-v2-cbor') return 'cbor';
  if (headerOf(headers, 'x-amz-target') !== undefined) return 'json';
  if (signingName === 's3' || signingName === 's3express' || signingName === 's3-outposts') return 's3';
  if (signingName === undefined && hostOfS3.test(headerOf(headers, 'host') ?? '')) return 's3';
  if (signingName === 'ec2') return 'ec2';
  if (signingName === 'route53' || signingName === 'cloudfront') return 'rest-xml';
  const type = headerOf(headers, 'content-type') ?? '';
  if (/^application\/x-www-form-urlencoded/i.test(type)) return 'query';
  if (/json/i.test(type)) return 'rest-json';
  if (signingName === undefined) return path === '/' && method === 'POST' ? 'query' : 's3';
  return 'rest-json';
}
