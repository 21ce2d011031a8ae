import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { check, now, secret } from '../testing/requests.js';
import type { AwsRequest } from '../types.js';
import { unpresignedV2 } from './presigned-v2.js';

const expires = Math.floor(now.getTime() / 1000) + 60;

interface Linked {
  readonly method?: string;
  readonly path?: string;
  readonly query?: string;
  readonly headers?: AwsRequest['headers'];
  /** Of the text that is signed, after the expiry. */
  readonly told?: string;
  readonly type?: string;
}

/** As botocore's `HmacV1QueryAuth` does it. */
const linked = ({ method = 'GET', path = '/b/k', query = '', headers = [], told = path, type = '' }: Linked = {}) => {
  const text = `${method}\n\n${type}\n${expires}\nx-amz-security-token:a-ticket\n${told}`;
  const signature = encodeURIComponent(createHmac('sha1', secret).update(text).digest('base64'));
  return {
    method,
    path,
    query: `AWSAccessKeyId=ASIA&Signature=${signature}&x-amz-security-token=a-ticket&Expires=${expires}${query}`,
    headers: [['host', 'localhost:9000'], ...headers] as const,
  };
};

test('the example of AWS’s documentation is verified, and what botocore 1.44 makes', () => {
  const ofDocumentation: AwsRequest = {
    method: 'GET',
    path: '/johnsmith/photos/puppy.jpg',
    query: 'AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D&Expires=1175139620',
    headers: [['host', 'johnsmith.s3.amazonaws.com']],
  };
  expect(check(ofDocumentation, new Date(1175139600_000))).toMatchObject({ ok: true });
  const ofBotocore: AwsRequest = {
    method: 'GET',
    path: '/bucket/a%20b%2B%C3%BC',
    query:
      'versionId=v%2F1&response-content-type=text%2Fx%20y&AWSAccessKeyId=ASIAIOSFODNN7EXAMPLE&Signature=bkZsC3qrwW0ykj7R2sEPFp6f5Jo%3D&x-amz-security-token=a-ticket&Expires=1767323105',
    headers: [['host', 'localhost:9000']],
  };
  expect(check(ofBotocore)).toMatchObject({ ok: true });
});

test('it says who signed it, for S3 and no region', () => {
  expect(check(linked())).toMatchObject({
    ok: true,
    scope: { region: '', signingName: 's3' },
    body: { kind: 'unsigned' },
  });
});

test('it is good until it expires, and for nothing else', () => {
  const request = linked();
  expect(check(request, new Date((expires + 1) * 1000))).toMatchObject({ reason: 'expired' });
  for (const changed of [{ path: '/b/other' }, { method: 'PUT' }, { headers: [['x-amz-acl', 'public-read']] as const }])
    expect(check({ ...request, ...changed })).toMatchObject({ reason: 'signature' });
});

describe('of a query', () => {
  test('what chooses another version or another answer is signed', () => {
    const told = '/b/k?response-content-type=text/x y&versionId=v';
    const request = linked({ query: '&versionId=v&response-content-type=text%2Fx%20y', told });
    expect(check(request).ok).toBe(true);
    expect(check({ ...request, query: request.query.replace('versionId=v', 'versionId=w') })).toMatchObject({
      reason: 'signature',
    });
  });

  test('what the signature does not cover is refused, and not passed over', () => {
    expect(check(linked({ query: '&prefix=private%2F' }))).toMatchObject({
      reason: 'unsupported',
      message: 'signature version 2 does not cover the parameter prefix',
    });
  });

  test('a parameter that is there twice, or as a header too, is refused', () => {
    expect(check(linked({ query: '&versionId=v&versionId=w' }))).toMatchObject({ reason: 'malformed' });
    expect(check(linked({ headers: [['x-amz-security-token', 'other']] }))).toMatchObject({ reason: 'malformed' });
  });
});

test('a value with a line in it, which could be read as two headers, is refused although it was signed', () => {
  const text = `GET\n\n\n${expires}\nx-amz-meta-a:v\nx-amz-meta-b:w\nx-amz-security-token:a-ticket\n/b/k`;
  const signature = encodeURIComponent(createHmac('sha1', secret).update(text).digest('base64'));
  const query = linked().query.replace(/Signature=[^&]*/, `Signature=${signature}`);
  const two = { ...linked(), query: `${query}&x-amz-meta-a=v&x-amz-meta-b=w` };
  expect(check(two).ok).toBe(true);
  expect(check({ ...two, query: `${query}&x-amz-meta-a=v%0Ax-amz-meta-b%3Aw` })).toMatchObject({ reason: 'malformed' });
});

test('a content type that was signed must be that of the upload', () => {
  const request = linked({
    method: 'PUT',
    type: 'text/x',
    query: '&content-type=text%2Fx',
    headers: [['content-type', 'text/x']],
  });
  expect(check(request).ok).toBe(true);
  expect(check({ ...request, headers: [['content-type', 'text/html']] })).toMatchObject({ reason: 'signature' });
});

test('what is read of it afterwards is the request alone', () => {
  const request = linked({ query: '&versionId=v%2F1&x-amz-request-payer=requester&content-type=text%2Fx' });
  expect(unpresignedV2(request)).toEqual({
    query: 'versionId=v%2F1',
    headers: [...request.headers, ['x-amz-request-payer', 'requester']],
  });
});
