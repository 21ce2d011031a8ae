import { rounds, seededNumbers } from '@sallyport/testkit/seeded';
import { describe, expect, test } from 'vitest';
import { check, credential, now, secret, signed, withHeader } from '../testing/requests.js';
import type { AwsRequest } from '../types.js';
import { parseAuthorization } from './authorization.js';
import { sha256Hex } from './canonical.js';
import { hmac, stringToSign } from './scope.js';
import { deriveSigningKey } from './signing-keys.js';
import { hashesUntoldBody, verify } from './verify.js';

const put: AwsRequest = {
  method: 'PUT',
  path: '/bucket/a%20key/../b',
  query: 'partNumber=1&uploadId=x%2Fy',
  headers: [
    ['host', 'localhost:9000'],
    ['content-type', 'text/plain'],
    ['x-amz-meta-a', ' two   words '],
    ['user-agent', 'test'],
  ],
};
const call: AwsRequest = {
  method: 'POST',
  path: '/',
  query: '',
  headers: [
    ['host', 'localhost:9000'],
    ['content-type', 'application/x-amz-json-1.0'],
    ['x-amz-target', 'DynamoDB_20120810.PutItem'],
  ],
  body: Buffer.from('{}'),
};
const bodyHash = '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a';
const callSigned = signed(call, { service: 'dynamodb', payload: bodyHash });

test('what was signed is verified, and says how its body is protected', () => {
  expect(check(signed(put))).toMatchObject({
    ok: true,
    body: { kind: 'unsigned' },
    scope: { region: 'eu-central-1', signingName: 's3' },
  });
  expect(check(callSigned)).toMatchObject({ ok: true, body: { kind: 'hash', sha256: bodyHash } });
  expect(parseAuthorization(signed(put))).toMatchObject({
    accessKeyId: credential.accessKeyId,
    sessionToken: 'a-ticket',
  });
});

test('a body whose hash is not told has to be read, or hashed by whoever read it', () => {
  const authorization = parseAuthorization(callSigned);
  if (!authorization.ok) throw new Error(authorization.message);
  expect(hashesUntoldBody(authorization)).toBe(true);
  const { body: _, ...streamed } = callSigned;
  expect(verify(streamed, authorization, secret, { now })).toMatchObject({ reason: 'missing' });
  expect(verify(streamed, authorization, secret, { now, bodySha256: bodyHash })).toMatchObject({ ok: true });
});

describe('a change of any signed part is refused:', () => {
  const original = signed(put);
  test.each<[string, AwsRequest]>([
    ['the method', { ...original, method: 'POST' }],
    ['the path', { ...original, path: '/bucket/a%20key/../c' }],
    ['a path that a client would normalise', { ...original, path: '/bucket/b' }],
    ['a slash written as an escape', { ...original, path: '/bucket/a%20key%2F../b' }],
    ['a value of the query', { ...original, query: 'partNumber=2&uploadId=x%2Fy' }],
    ['one more pair', { ...original, query: `${original.query}&acl` }],
    ['a pair less', { ...original, query: 'partNumber=1' }],
    ['the host', withHeader(original, 'host', 'localhost:9001')],
    ['the content type', withHeader(original, 'content-type', 'text/html')],
    ['a header of AWS', withHeader(original, 'x-amz-meta-a', 'one word')],
    ['the session token', withHeader(original, 'x-amz-security-token', 'b-ticket')],
    ['the second that it was signed', withHeader(original, 'x-amz-date', '20260102T030406Z')],
    ['the protection of the body', withHeader(original, 'x-amz-content-sha256', bodyHash)],
    ['a signed header left out', withHeader(original, 'content-type', undefined)],
    ['the body', { ...callSigned, body: Buffer.from('{"TableName":"t"}') }],
    ['the target', withHeader(callSigned, 'x-amz-target', 'DynamoDB_20120810.DeleteTable')],
    ['the region', replaced(original, '/eu-central-1/', '/eu-central-2/')],
    ['the service', replaced(original, '/s3/', '/s3express/')],
    ['the access key', original, 'another secret'] as never,
  ])('%s', (_, request, key?: unknown) => {
    expect(check(request, now, (key as string | undefined) ?? secret)).toMatchObject({ reason: 'signature' });
  });

  test('a signed header left out that had no value', () => {
    const empty = signed(withHeader(put, 'x-amz-meta-a', ''));
    expect(check(empty)).toMatchObject({ ok: true });
    expect(check(withHeader(empty, 'x-amz-meta-a', undefined))).toMatchObject({ reason: 'signature' });
  });

  test('each digit of the signature', () => {
    const header = original.headers.at(-1)![1];
    for (let at = header.length - 64; at < header.length; at += 1) {
      const changed = `${header.slice(0, at)}${header[at] === '0' ? '1' : '0'}${header.slice(at + 1)}`;
      expect(check(withHeader(original, 'authorization', changed))).toMatchObject({ reason: 'signature' });
    }
  });
});

function replaced(request: AwsRequest, text: string, by: string): AwsRequest {
  return withHeader(request, 'authorization', request.headers.at(-1)![1].replace(text, by));
}

describe('what is not signed is not taken:', () => {
  test.each([
    ['a header of AWS', 'x-amz-copy-source'],
    ['metadata', 'x-amz-meta-b'],
    ['a trailer announced', 'x-amz-trailer'],
    ['a grant', 'x-amz-acl'],
  ])('%s', (_, name) => {
    expect(check(withHeader(signed(put), name, 'x'))).toMatchObject({ reason: 'unsigned-header' });
  });

  test('the content type where there is one', () => {
    const bare = withHeader(put, 'content-type', undefined);
    expect(check(signed(bare))).toMatchObject({ ok: true });
    expect(check(withHeader(signed(bare), 'content-type', 'text/html'))).toMatchObject({ reason: 'unsigned-header' });
  });

  test('but what proxies and SDKs add is', () => {
    let request = signed(put);
    for (const name of ['x-amzn-trace-id', 'amz-sdk-invocation-id', 'user-agent', 'accept-encoding', 'range'])
      request = withHeader(request, name, 'x');
    expect(check(request)).toMatchObject({ ok: true });
  });
});

describe('time:', () => {
  test.each([
    [-300, true],
    [-301, false],
    [300, true],
    [301, false],
  ])('a clock that is %i seconds off is taken: %s', (seconds, taken) => {
    const result = check(signed(put), new Date(now.getTime() + seconds * 1000));
    expect(result).toMatchObject(taken ? { ok: true } : { reason: 'skew' });
  });

  test('the date of the scope has to be that of the request', () => {
    expect(check(replaced(signed(put), '/20260102/', '/20260101/'))).toMatchObject({ reason: 'scope' });
  });
});

test('one spelling of a path or query is as good as another that means the same bytes', () => {
  const request = signed({ ...put, path: '/b/a%2Bb%c3%a9~', query: 'prefix=a/b&acl' });
  expect(check({ ...request, path: '/b/%61%2bb%C3%a9%7E' })).toMatchObject({ ok: true });
  expect(check({ ...request, query: 'acl=&prefix=%61%2fb' })).toMatchObject({ ok: true });
});

test('values of one query key are told apart by order only where they are the same', () => {
  const request = signed({ ...put, query: 'a=2&a=1&b' });
  expect(check({ ...request, query: 'b&a=1&a=2' })).toMatchObject({ ok: true });
  expect(check({ ...request, query: 'b&a=1' })).toMatchObject({ reason: 'signature' });
});

test('a body that one reader would decode and another not is refused', () => {
  const request = signed(put, { payload: bodyHash });
  const chunked = withHeader(request, 'content-encoding', 'gzip, aws-chunked');
  expect(check(chunked)).toMatchObject({ reason: 'malformed' });
});

test('the host that is signed under its name in HTTP/2 is the host, whatever else is called so', () => {
  const scope = { date: '20260102', region: 'eu-central-1', service: 's3' };
  const headers: [string, string][] = [
    [':authority', 'localhost:9000'],
    ['x-amz-content-sha256', 'UNSIGNED-PAYLOAD'],
    ['x-amz-date', '20260102T030405Z'],
  ];
  const canonical = `GET\n/b/k\n\n${headers.map(([name, value]) => `${name}:${value}\n`).join('')}\n:authority;x-amz-content-sha256;x-amz-date\nUNSIGNED-PAYLOAD`;
  const signature = hmac(
    deriveSigningKey(secret, scope),
    stringToSign('20260102T030405Z', scope, sha256Hex(canonical)),
  );
  const authorization = `AWS4-HMAC-SHA256 Credential=A/20260102/eu-central-1/s3/aws4_request, SignedHeaders=:authority;x-amz-content-sha256;x-amz-date, Signature=${signature.toString('hex')}`;
  const request = {
    method: 'GET',
    path: '/b/k',
    query: '',
    headers: [...headers, ['authorization', authorization] as const],
  };
  expect(check(request)).toMatchObject({ reason: 'signature' });
  expect(check(withHeader(request, 'host', 'localhost:9000'))).toMatchObject({ ok: true });
  expect(check(withHeader(request, 'host', 'elsewhere:9000'))).toMatchObject({ reason: 'signature' });
});

const random = seededNumbers(11);
const upTo = (limit: number): number => Math.floor(random() * limit);
const alphabet = [
  'a',
  'Z',
  '9',
  '-',
  '.',
  '_',
  '~',
  '/',
  '//',
  '..',
  '%20',
  '%2F',
  '%25',
  '%E2%82%AC',
  '%00',
  '=',
  '&',
  "'",
  '(',
  '*',
  '!',
  '@',
  ':',
  '$',
  ';',
];
const text = (without: RegExp): string =>
  Array.from({ length: upTo(12) }, () => alphabet[upTo(alphabet.length)]!)
    .filter((part) => !without.test(part))
    .join('');

test('whatever is signed is verified, and never with another byte', () => {
  for (let round = 0; round < rounds(100); round += 1) {
    const pairs = Array.from({ length: upTo(5) }, () => `${text(/[=&]/)}${random() < 0.7 ? '=' : ''}${text(/[&]/)}`);
    const request = signed(
      { ...put, path: `/${text(/^$/)}`, query: pairs.join('&') },
      { service: ['s3', 's3express', 's3-outposts'][upTo(3)]! },
    );
    expect(check(request)).toMatchObject({ ok: true });
    expect(check({ ...request, path: `${request.path}x` })).toMatchObject({ ok: false });
    expect(check({ ...request, query: `${request.query}&x=` })).toMatchObject({ ok: false });
  }
});

test('characters changed at random anywhere are refused or change nothing, and never throw', () => {
  const original = signed({ ...put, query: 'a=b%20c&acl' });
  const characters = ['\0', ' ', '%', '+', '&', '=', '/', ';', ',', 'a', '9', 'é', '€', '\n', '~'];
  const changed = (value: string): string => {
    const at = upTo(value.length + 1);
    return value.slice(0, at) + characters[upTo(characters.length)]! + value.slice(at + upTo(2));
  };
  for (let round = 0; round < rounds(500); round += 1) {
    const headers = original.headers.map(([name, value]) => [name, random() < 0.3 ? changed(value) : value] as const);
    const request = { ...original, headers, path: random() < 0.3 ? changed(original.path) : original.path };
    const same = JSON.stringify(request) === JSON.stringify(original);
    const result = check({ ...request, query: random() < 0.3 ? changed(request.query) : request.query });
    if (!result.ok) expect(result.message).not.toContain(secret);
    else if (!same) expect(normalized(request)).toBe(normalized(original));
  }
});

/** What a signature cannot tell apart: blanks around and within values, headers that are not signed. */
function normalized({ path, headers }: AwsRequest): string {
  const signedOnes = headers.filter(([name]) => name !== 'user-agent' && name !== 'authorization');
  return JSON.stringify([path, signedOnes.map(([name, value]) => [name, value.trim().replace(/[ \t]+/g, ' ')])]);
}

test('a second slash that the SDK for Java sends encoded is the one that it has signed', () => {
  const request = signed({ ...put, path: '/bucket/a//b' });
  expect(check({ ...request, path: '/bucket/a/%2Fb' }).ok).toBe(true);
  expect(check({ ...request, path: '/bucket%2Fa//b' })).toMatchObject({ reason: 'signature' });
});
