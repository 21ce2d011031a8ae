import { describe, expect, test } from 'vitest';
import { check, now, signed, withHeader } from '../testing/requests.js';
import type { AwsRequest } from '../types.js';
import { parseAuthorization } from './authorization.js';

const get: AwsRequest = { method: 'GET', path: '/bucket/key', query: '', headers: [['host', 'localhost:9000']] };
const header = signed(get).headers.at(-1)![1];
const withAuthorization = (value: string): AwsRequest => withHeader(signed(get), 'authorization', value);

test('an authorization is read, with and without spaces after its commas', () => {
  const expected = {
    ok: true,
    form: 'header',
    accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
    scope: { date: '20260102', region: 'eu-central-1', service: 's3' },
    signedHeaders: ['host', 'x-amz-content-sha256', 'x-amz-date', 'x-amz-security-token'],
    signedAt: now,
    amzDate: '20260102T030405Z',
    sessionToken: 'a-ticket',
    payload: 'UNSIGNED-PAYLOAD',
  };
  expect(parseAuthorization(withAuthorization(header))).toMatchObject(expected);
  expect(parseAuthorization(withAuthorization(header.replaceAll(', ', ',')))).toMatchObject(expected);
});

describe('a header is refused with its reason:', () => {
  const credential = 'Credential=ASIAIOSFODNN7EXAMPLE/20260102/eu-central-1/s3/aws4_request';
  const headers = 'SignedHeaders=host;x-amz-date';
  const signature = `Signature=${'0'.repeat(64)}`;
  test.each([
    ['unsupported', 'AWS ASIAIOSFODNN7EXAMPLE:frJIUN8DYpKDtOLCwo//yllqDzg='],
    ['unsupported', `AWS3-HTTPS AWSAccessKeyId=x,Algorithm=HmacSHA256,Signature=x`],
    ['unsupported', `AWS4-ECDSA-P256-SHA256 ${credential}, ${headers}, ${signature}`],
    ['unsupported', 'Bearer token'],
    ['unsupported', 'Basic dTpw'],
    ['malformed', ''],
    ['malformed', 'AWS4-HMAC-SHA256'],
    ['malformed', `aws4-hmac-sha256 ${credential}, ${headers}, ${signature}`],
    ['malformed', `AWS4-HMAC-SHA256 ${credential}, ${headers}`],
    ['malformed', `AWS4-HMAC-SHA256 ${credential}, ${headers}, ${signature}, ${signature}`],
    ['malformed', `AWS4-HMAC-SHA256 ${credential}, ${credential}, ${signature}`],
    ['malformed', `AWS4-HMAC-SHA256 ${credential}, ${headers}, ${signature}, Extra=1`],
    ['malformed', `AWS4-HMAC-SHA256 Credential=a/20260102/s3/aws4_request, ${headers}, ${signature}`],
    ['malformed', `AWS4-HMAC-SHA256 Credential=a/b/20260102/eu/s3/aws4_request, ${headers}, ${signature}`],
    ['malformed', `AWS4-HMAC-SHA256 Credential=/20260102/eu/s3/aws4_request, ${headers}, ${signature}`],
    ['malformed', `AWS4-HMAC-SHA256 Credential=a/20260102/eu/s3/aws5_request, ${headers}, ${signature}`],
    ['malformed', `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=x-amz-date;host, ${signature}`],
    ['malformed', `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=host;host, ${signature}`],
    ['malformed', `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=Host, ${signature}`],
    ['unsigned-header', `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=x-amz-date, ${signature}`],
    ['malformed', `AWS4-HMAC-SHA256 ${credential}, ${headers}, Signature=${'0'.repeat(63)}`],
    ['malformed', `AWS4-HMAC-SHA256 ${credential}, ${headers}, Signature=${'A'.repeat(64)}`],
  ])('%s: %s', (reason, value) => {
    expect(check(withAuthorization(value))).toMatchObject({ ok: false, reason });
  });
});

describe('a request is refused with its reason:', () => {
  const whole = signed(get);
  test.each<[string, AwsRequest]>([
    ['missing', get],
    ['missing', withHeader(whole, 'x-amz-date', undefined)],
    ['missing', withHeader(whole, 'x-amz-content-sha256', undefined)],
    ['malformed', withHeader(whole, 'x-amz-date', '2026-01-02T03:04:05Z')],
    ['malformed', withHeader(whole, 'x-amz-date', '20260230T030405Z')],
    ['malformed', withHeader(whole, 'x-amz-date', '20260102T250405Z')],
    ['malformed', withHeader(whole, 'x-amz-content-sha256', 'UNSIGNED')],
    ['malformed', withHeader(whole, 'x-amz-content-sha256', 'E3'.repeat(32))],
    ['unsupported', withHeader(whole, 'x-amz-content-sha256', 'STREAMING-AWS4-HMAC-SHA256-EVENTS')],
    ['unsupported', withHeader(whole, 'x-amz-content-sha256', 'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD')],
    ['malformed', { ...whole, headers: [...whole.headers, ['authorization', header]] }],
    ['malformed', { ...whole, headers: [...whole.headers, ['host', 'localhost:9000']] }],
    ['malformed', { ...whole, headers: [...whole.headers, ['x-amz-date', '20260102T030405Z']] }],
    ['malformed', { ...whole, query: `X-Amz-Signature=${'0'.repeat(64)}` }],
    ['malformed', { ...whole, query: 'x-amz-credential=a' }],
    ['malformed', { ...whole, query: 'prefix=a+b' }],
    ['malformed', { ...whole, query: 'prefix=%2' }],
    ['malformed', { ...whole, query: 'prefix=%zz' }],
    ['malformed', { ...whole, query: 'prefix=é' }],
    ['malformed', { ...whole, path: '/a b' }],
    ['malformed', { ...whole, path: '/a%' }],
    ['malformed', { ...whole, path: '/a\u0000' }],
    ['malformed', { ...whole, path: 'http://localhost:9000/bucket/key' }],
    ['malformed', { ...whole, path: '*' }],
    ['malformed', { ...get, query: 'AWSAccessKeyId=a&Expires=1&Signature=b' }],
    ['unsupported', { ...get, query: 'AWSAccessKeyId=a&Signature=b' }],
    ['unsupported', { ...get, query: 'Action=ListUsers&SignatureVersion=2&Signature=b' }],
  ])('%s', (reason, request) => {
    expect(check(request)).toMatchObject({ ok: false, reason });
  });

  test('where the path could mean two things to a service that normalises', () => {
    const request = signed({ ...get, path: '/2015-03-31/functions/f' }, { service: 'lambda' });
    expect(check({ ...request, body: Buffer.alloc(0) })).not.toMatchObject({ reason: 'malformed' });
    for (const path of ['/2015-03-31/x/../functions/f', '/2015-03-31/./functions/f', '/..'])
      expect(check({ ...request, path, body: Buffer.alloc(0) })).toMatchObject({ reason: 'malformed' });
  });
});

test('what is refused is told without a secret, a signature or a token', () => {
  const request = signed(get);
  for (const at of request.headers.keys()) {
    const [name, value] = request.headers[at]!;
    const result = check(withHeader(request, name, `${value}x`));
    expect(result.ok).toBe(false);
    expect(JSON.stringify(result)).not.toMatch(/[0-9a-f]{64}|a-ticket|EXAMPLEKEY/);
  }
});
