import { describe, expect, test } from 'vitest';
import { check, credential, now, secret } from '../testing/requests.js';
import type { AwsRequest } from '../types.js';
import { parseAuthorization } from './authorization.js';
import { sign } from './sign.js';
import { deriveSigningKey, SigningKeyCache } from './signing-keys.js';

const options = { region: 'eu-central-1', service: 's3', now, payload: 'UNSIGNED-PAYLOAD' };
const get: AwsRequest = {
  method: 'GET',
  path: '/b/k',
  query: '',
  headers: [['host', 's3.eu-central-1.amazonaws.com']],
};
const headersOf = (request: AwsRequest, by: Partial<typeof options> = {}) =>
  Object.fromEntries(sign(request, credential, { ...options, ...by }).headers);

describe('nothing that a client has smuggled in reaches AWS:', () => {
  test('its signature, date, token and hash give way to ours', () => {
    const theirs = [
      'authorization',
      'date',
      'x-amz-date',
      'x-amz-security-token',
      'x-amz-content-sha256',
      'x-amz-s3session-token',
    ];
    const smuggled = { ...get, headers: [...get.headers, ...theirs.map((name) => [name, 'theirs'] as const)] };
    const made = sign(smuggled, credential, options);
    expect(JSON.stringify(made)).not.toContain('theirs');
    expect(made.headers.map(([name]) => name)).toEqual([
      'host',
      'x-amz-date',
      'x-amz-security-token',
      'x-amz-content-sha256',
      'authorization',
    ]);
  });

  test('a token is not kept where our own credential has none', () => {
    const { sessionToken: _, ...longLived } = credential;
    const smuggled = { ...get, headers: [...get.headers, ['x-amz-security-token', 'theirs'] as const] };
    expect(JSON.stringify(sign(smuggled, longLived, options))).not.toContain('token');
  });

  test('the parameters of a presigned request go, in any spelling, and the others stay as they were', () => {
    const query =
      'versionId=a%2fb&X-Amz-Signature=theirs&x-amz-credential=theirs&%58-Amz-Date=theirs&X-Amz-Security-Token=theirs&acl';
    expect(sign({ ...get, query }, credential, options).query).toBe('versionId=a%2fb&acl');
  });

  test('how the body was encoded for the gateway is not said of a body that is decoded', () => {
    const encoded: [string, string][] = [
      ['content-encoding', 'gzip,aws-chunked'],
      ['x-amz-decoded-content-length', '5'],
      ['x-amz-trailer', 'x-amz-checksum-crc32'],
      ['x-amz-sdk-checksum-algorithm', 'CRC32'],
    ];
    const upload = { ...get, method: 'PUT', headers: [...get.headers, ...encoded] };
    expect(Object.keys(headersOf(upload)).sort()).toEqual([
      'authorization',
      'content-encoding',
      'host',
      'x-amz-content-sha256',
      'x-amz-date',
      'x-amz-security-token',
    ]);
    expect(headersOf(upload)['content-encoding']).toBe('gzip');
    expect(headersOf(upload, { payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' })).toMatchObject(
      Object.fromEntries(encoded),
    );
  });
});

test('headers that change on the way are sent and not signed, all others are signed', () => {
  const names = [
    'user-agent',
    'accept-encoding',
    'content-length',
    'expect',
    'x-amzn-trace-id',
    'content-type',
    'range',
    'x-amz-meta-a',
    'if-match',
  ];
  const request = { ...get, headers: [...get.headers, ...names.map((name) => [name, 'x'] as const)] };
  const made = { ...request, ...sign(request, credential, options) };
  expect(parseAuthorization(made)).toMatchObject({
    signedHeaders: [
      'content-type',
      'host',
      'if-match',
      'range',
      'x-amz-content-sha256',
      'x-amz-date',
      'x-amz-meta-a',
      'x-amz-security-token',
    ],
  });
  expect(made.headers.map(([name]) => name)).toEqual(expect.arrayContaining(names));
});

test('the hash of the body is told to S3, and to others only where it is not one', () => {
  const hash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
  expect(headersOf(get, { payload: hash })['x-amz-content-sha256']).toBe(hash);
  expect(headersOf(get, { payload: hash, service: 'sqs' })['x-amz-content-sha256']).toBeUndefined();
  expect(headersOf(get, { service: 'sqs' })['x-amz-content-sha256']).toBe('UNSIGNED-PAYLOAD');
});

test('S3 Express takes its session token in a header of its own', () => {
  expect(headersOf(get, { service: 's3express' })).toMatchObject({ 'x-amz-s3session-token': 'a-ticket' });
  expect(headersOf(get, { service: 's3express' })['x-amz-security-token']).toBeUndefined();
});

test('a path that nobody could sign is refused', () => {
  expect(() => sign({ ...get, path: '/é' }, credential, options)).toThrow(
    expect.objectContaining({ code: 'INVALID_INPUT' }),
  );
});

test('keys that are remembered sign like keys that are derived, also after the secret of a key id has changed', () => {
  const keys = new SigningKeyCache(2);
  const scope = { date: '20260102', region: 'eu-central-1', service: 's3' };
  for (const each of [secret, 'another', secret, 'third', 'fourth', secret])
    expect(keys.key(each, scope)).toEqual(deriveSigningKey(each, scope));
  const made = { ...get, ...sign(get, { ...credential, secretAccessKey: 'another' }, { ...options, keys }) };
  expect(check(made)).toMatchObject({ reason: 'signature' });
  expect(check(made, now, 'another')).toMatchObject({ ok: true });
});
