/** The examples of the AWS documentation, signed by AWS with the keys that it publishes there. */
import { describe, expect, test } from 'vitest';
import type { AwsRequest } from '../types.js';
import { parseAuthorization } from './authorization.js';
import { verifiedBody } from './body.js';
import { deriveSigningKey } from './signing-keys.js';
import { type Verified, verify } from './verify.js';

const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const emptyHash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const credential = 'Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request';
const bucket = ['host', 'examplebucket.s3.amazonaws.com'] as const;
const date = ['x-amz-date', '20130524T000000Z'] as const;
const empty = ['x-amz-content-sha256', emptyHash] as const;
const signedBy = (headers: string, signature: string) =>
  ['authorization', `AWS4-HMAC-SHA256 ${credential},SignedHeaders=${headers},Signature=${signature}`] as const;
const now = new Date('2013-05-24T00:00:00Z');

const check = (request: AwsRequest, key = secret, at = now) => {
  const authorization = parseAuthorization(request);
  return authorization.ok ? verify(request, authorization, key, { now: at }) : authorization;
};

describe('an example of the documentation is verified:', () => {
  test('GET Object', () => {
    const signature = 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41';
    const signed = signedBy('host;range;x-amz-content-sha256;x-amz-date', signature);
    const headers = [bucket, ['range', 'bytes=0-9'], empty, date, signed] as const;
    expect(check({ method: 'GET', path: '/test.txt', query: '', headers })).toMatchObject({
      ok: true,
      scope: { region: 'us-east-1', signingName: 's3' },
      body: { kind: 'hash', sha256: emptyHash },
    });
  });

  test('PUT Object', async () => {
    const signature = '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd';
    const sha256 = '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072';
    const headers = [
      ['date', 'Fri, 24 May 2013 00:00:00 GMT'],
      bucket,
      ['x-amz-content-sha256', sha256],
      date,
      ['x-amz-storage-class', 'REDUCED_REDUNDANCY'],
      signedBy('date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class', signature),
    ] as const;
    const verified = check({ method: 'PUT', path: '/test%24file.text', query: '', headers }) as Verified;
    expect(verified.body).toEqual({ kind: 'hash', sha256 });
    const body = verified.readBody();
    body.push(Buffer.from('Welcome to Amazon S3.'));
    expect(body.finish().length).toBe(21);
  });

  test.each([
    ['GET Bucket Lifecycle', 'lifecycle', 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'],
    [
      'Get Bucket (List Objects)',
      'max-keys=2&prefix=J',
      '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    ],
  ])('%s', (_, query, signature) => {
    const headers = [bucket, empty, date, signedBy('host;x-amz-content-sha256;x-amz-date', signature)];
    expect(check({ method: 'GET', path: '/', query, headers })).toMatchObject({ ok: true });
  });

  test('a presigned URL', () => {
    const query =
      'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request' +
      '&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host' +
      '&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404';
    const request = { method: 'GET', path: '/test.txt', query, headers: [bucket] };
    expect(check(request)).toMatchObject({ ok: true, body: { kind: 'unsigned' } });
    expect(check(request, secret, new Date('2013-05-25T00:00:00Z'))).toMatchObject({ ok: true });
    expect(check(request, secret, new Date('2013-05-25T00:00:01Z'))).toMatchObject({ reason: 'expired' });
  });

  test('ListUsers of IAM, whose body is hashed and not told', () => {
    const headers = [
      ['content-type', 'application/x-www-form-urlencoded; charset=utf-8'],
      ['host', 'iam.amazonaws.com'],
      ['x-amz-date', '20150830T123600Z'],
      [
        'authorization',
        'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
      ],
    ] as const;
    const request = {
      method: 'GET',
      path: '/',
      query: 'Action=ListUsers&Version=2010-05-08',
      headers,
      body: Buffer.alloc(0),
    };
    const at = new Date('2015-08-30T12:36:00Z');
    expect(check(request, 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', at)).toMatchObject({ ok: true });
  });

  test('a signing key', () => {
    const scope = { date: '20150830', region: 'us-east-1', service: 'iam' };
    expect(deriveSigningKey('wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', scope).toString('hex')).toBe(
      'c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9',
    );
  });
});

const chunk = (size: number, signature: string): string =>
  `${size.toString(16)};chunk-signature=${signature}\r\n${size > 0 ? `${'a'.repeat(size)}\r\n` : ''}`;

const decode = async (request: AwsRequest, wire: string, step: number): Promise<string> => {
  const verified = check(request);
  if (!verified.ok) throw new Error(verified.message);
  const pieces = async function* () {
    for (let at = 0; at < wire.length; at += step) yield Buffer.from(wire.slice(at, at + step));
  };
  let decoded = '';
  for await (const bytes of verifiedBody(pieces(), verified.readBody())) decoded += Buffer.from(bytes).toString();
  return decoded;
};

const steps = [13, 1000, 65_536, 1_000_000];

test.each(steps)('the signed chunks of the documentation are verified, in pieces of %i bytes', async (step) => {
  const headers = [
    ['host', 's3.amazonaws.com'],
    date,
    ['x-amz-storage-class', 'REDUCED_REDUNDANCY'],
    ['x-amz-content-sha256', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'],
    ['content-encoding', 'aws-chunked'],
    ['x-amz-decoded-content-length', '66560'],
    ['content-length', '66824'],
    signedBy(
      'content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class',
      '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
    ),
  ] as const;
  const wire = `${chunk(65536, 'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648')}${chunk(1024, '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497')}${chunk(0, 'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9')}\r\n`;
  expect(wire).toHaveLength(66824);
  const request = { method: 'PUT', path: '/examplebucket/chunkObject.txt', query: '', headers };
  expect(await decode(request, wire, step)).toBe('a'.repeat(66560));
});

test.each(steps)('the signed trailer of the documentation is verified, in pieces of %i bytes', async (step) => {
  const headers = [
    ['host', 's3.amazonaws.com'],
    date,
    ['x-amz-storage-class', 'REDUCED_REDUNDANCY'],
    ['x-amz-content-sha256', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER'],
    ['content-encoding', 'aws-chunked'],
    ['x-amz-decoded-content-length', '66560'],
    ['x-amz-trailer', 'x-amz-checksum-crc32c'],
    signedBy(
      'content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer',
      '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e',
    ),
  ] as const;
  const chunks = `${chunk(65536, 'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2')}${chunk(1024, '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7')}${chunk(0, '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992')}`;
  const wire = `${chunks}x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n`;
  const request = { method: 'PUT', path: '/examplebucket/chunkObject.txt', query: '', headers };
  expect(await decode(request, wire, step)).toBe('a'.repeat(66560));
});
