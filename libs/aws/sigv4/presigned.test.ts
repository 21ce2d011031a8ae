import { describe, expect, test } from 'vitest';
import { check, now, secret } from '../testing/requests.js';
import type { AwsRequest } from '../types.js';
import {
  canonicalQuery,
  canonicalRequest,
  headerValues,
  queryPairs,
  sha256Hex,
  type WireHeaders,
} from './canonical.js';
import { hmac, stringToSign } from './scope.js';
import { deriveSigningKey } from './signing-keys.js';

const emptyHash = sha256Hex('');

interface Presigning {
  readonly service?: string;
  readonly expires?: string;
  readonly query?: string;
  readonly headers?: WireHeaders;
  readonly signedHeaders?: readonly string[];
  readonly payload?: string;
}

const presigned = ({
  service = 's3',
  expires = '3600',
  query = '',
  headers = [['host', 'localhost:9000']],
  signedHeaders = ['host'],
  payload = 'UNSIGNED-PAYLOAD',
}: Presigning = {}): AwsRequest => {
  const scope = { date: '20260102', region: 'eu-central-1', service };
  const unsigned = [
    query,
    'X-Amz-Algorithm=AWS4-HMAC-SHA256',
    `X-Amz-Credential=ASIAIOSFODNN7EXAMPLE%2F20260102%2Feu-central-1%2F${service}%2Faws4_request`,
    'X-Amz-Date=20260102T030405Z',
    `X-Amz-Expires=${expires}`,
    `X-Amz-SignedHeaders=${signedHeaders.join('%3B')}`,
    'X-Amz-Security-Token=a-ticket',
  ].join('&');
  const parts = {
    method: 'PUT',
    path: '/b/../k',
    query: canonicalQuery(queryPairs(unsigned)),
    headers: headerValues(headers),
    signedHeaders,
    payload,
    service,
  };
  const canonical = canonicalRequest({ ...parts, path: service === 's3' ? parts.path : '/' });
  const signature = hmac(
    deriveSigningKey(secret, scope),
    stringToSign('20260102T030405Z', scope, sha256Hex(canonical)),
  );
  return {
    method: 'PUT',
    path: service === 's3' ? parts.path : '/',
    query: `${unsigned}&X-Amz-Signature=${signature.toString('hex')}`,
    headers,
    body: Buffer.alloc(0),
  };
};
const after = (seconds: number): Date => new Date(now.getTime() + seconds * 1000);

describe('a presigned request', () => {
  test('is taken from five minutes before its date until it expires', () => {
    const request = presigned();
    expect(check(request, after(-300))).toMatchObject({ ok: true, body: { kind: 'unsigned' } });
    expect(check(request, after(-301))).toMatchObject({ reason: 'skew' });
    expect(check(request, after(3600))).toMatchObject({ ok: true });
    expect(check(request, after(3601))).toMatchObject({ reason: 'expired' });
  });

  test.each(['0', '604801', '-1', '1e3', '', '9999999', '60.5'])('with %s seconds to live is refused', (expires) => {
    expect(check(presigned({ expires }))).toMatchObject({ reason: 'malformed' });
  });

  test.each(['1', '604800'])('with %s seconds to live is taken', (expires) => {
    expect(check(presigned({ expires }))).toMatchObject({ ok: true });
  });

  test('has every parameter signed, its own too', () => {
    const request = presigned({ query: 'partNumber=1&x-id=PutObject' });
    expect(check(request)).toMatchObject({ ok: true });
    const changed = [
      ['partNumber=1', 'partNumber=2'],
      ['&x-id=PutObject', ''],
      ['Expires=3600', 'Expires=36000'],
      ['20260102T030405Z', '20260102T030406Z'],
      ['a-ticket', 'b-ticket'],
      ['eu-central-1', 'us-east-1'],
      ['SignedHeaders=host', 'SignedHeaders=host%3Brange'],
    ];
    for (const [from, to] of changed)
      expect(check({ ...request, query: request.query.replace(from!, to!) })).toMatchObject({ reason: 'signature' });
  });

  test('takes no header of AWS that is not signed, and any content type', () => {
    const request = presigned();
    const adding = (name: string): AwsRequest => ({ ...request, headers: [...request.headers, [name, 'x']] });
    expect(check(adding('content-type'))).toMatchObject({ ok: true });
    expect(check(adding('x-amz-acl'))).toMatchObject({ reason: 'unsigned-header' });
    expect(check(adding('x-amz-security-token'))).toMatchObject({ reason: 'malformed' });
    const headers = [
      ['host', 'localhost:9000'],
      ['x-amz-acl', 'private'],
    ] as const;
    expect(check(presigned({ headers, signedHeaders: ['host', 'x-amz-acl'] }))).toMatchObject({ ok: true });
  });

  test('can sign the hash of its body, in its query or in a header', () => {
    const body = { kind: 'hash', sha256: emptyHash };
    expect(check(presigned({ query: `X-Amz-Content-Sha256=${emptyHash}`, payload: emptyHash }))).toMatchObject({
      body,
    });
    const headers = [
      ['host', 'localhost:9000'],
      ['x-amz-content-sha256', emptyHash],
    ] as const;
    expect(check(presigned({ headers, payload: emptyHash }))).toMatchObject({ body });
    expect(check(presigned({ headers, query: 'x-amz-content-sha256=UNSIGNED-PAYLOAD' }))).toMatchObject({
      reason: 'malformed',
    });
  });

  test('of another service than S3 signs its body, which is empty', () => {
    const request = presigned({ service: 'sts', query: 'Action=GetCallerIdentity', payload: emptyHash });
    expect(check(request)).toMatchObject({ ok: true, body: { kind: 'hash', sha256: emptyHash } });
    expect(check({ ...request, body: Buffer.from('Action=AssumeRole') })).toMatchObject({ reason: 'signature' });
  });

  test.each([
    ['missing', '&X-Amz-Expires=3600', ''],
    ['missing', 'X-Amz-Algorithm=AWS4-HMAC-SHA256&', ''],
    ['missing', '&X-Amz-Date=20260102T030405Z', ''],
    ['malformed', '&X-Amz-Expires=3600', '&X-Amz-Expires=3600&X-Amz-Expires=3600'],
    ['malformed', '&X-Amz-Expires=3600', '&x-amz-expires=3600'],
    ['malformed', '&X-Amz-Expires=3600', '&X-Amz-Expires=3600&x-amz-expires=7200'],
    ['malformed', 'a-ticket', 'a%ffticket'],
    ['malformed', 'X-Amz-SignedHeaders=host', 'X-Amz-SignedHeaders=HOST'],
    ['unsigned-header', 'X-Amz-SignedHeaders=host', 'X-Amz-SignedHeaders=range'],
    ['unsupported', 'AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256'],
    ['unsupported', 'X-Amz-Algorithm', 'X-Amz-Content-Sha256=STREAMING-UNSIGNED-PAYLOAD-TRAILER&X-Amz-Algorithm'],
    ['scope', 'F20260102%2F', 'F20260101%2F'],
  ])('is refused as %s with %s as "%s"', (reason, from, to) => {
    const request = presigned();
    expect(request.query).toContain(from);
    expect(check({ ...request, query: request.query.replace(from, to) })).toMatchObject({ ok: false, reason });
  });
});
