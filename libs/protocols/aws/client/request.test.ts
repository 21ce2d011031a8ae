import type { Authorization } from '@sallyport/aws';
import type { Incoming } from '@sallyport/http';
import { expect, test } from 'vitest';
import { asSignedBy, requestOf } from './request.js';

const arrived = (headers: Incoming['headers']) => ({ method: 'PUT', target: '/bucket/key', headers }) as Incoming;
const signature = (more: Partial<Authorization>) => ({ signedHeaders: ['host'], ...more }) as Authorization;

test('a list that came in several headers, as the SDKs for Go and Java send it, is one', () => {
  const { headers } = requestOf(
    arrived([
      ['host', 'localhost'],
      ['x-amz-object-attributes', 'ETag'],
      ['content-encoding', 'aws-chunked'],
      ['x-amz-object-attributes', 'ObjectSize'],
      ['content-encoding', 'gzip'],
    ]),
  );
  expect(headers).toEqual([
    ['host', 'localhost'],
    ['x-amz-object-attributes', 'ETag,ObjectSize'],
    ['content-encoding', 'aws-chunked,gzip'],
  ]);
});

test('a header that is no list and comes twice stays so, to be refused', () => {
  const twice = [
    ['x-amz-copy-source', '/a/b'],
    ['x-amz-copy-source', '/c/d'],
  ] as const;
  expect(requestOf(arrived(twice)).headers).toEqual(twice);
});

test('a signature is verified with headers of the connection that it names, which go no further', () => {
  const incoming = arrived([
    ['host', 'localhost'],
    ['keep-alive', 'timeout=90'],
    ['te', 'trailers'],
  ]);
  const request = requestOf(incoming);
  const { headers } = asSignedBy(signature({ signedHeaders: ['host', 'keep-alive'] }), request, incoming, {});
  expect(request.headers).toEqual([['host', 'localhost']]);
  expect(headers).toEqual([
    ['host', 'localhost'],
    ['keep-alive', 'timeout=90'],
  ]);
});

test('version 2 has signed the bucket, however it is addressed', () => {
  const request = { ...requestOf(arrived([])), path: '/key' };
  const path = (version: Partial<Authorization>) =>
    asSignedBy(signature(version), request, arrived([]), { bucket: 'b' }).path;
  expect([path({ version: 2 }), path({})]).toEqual(['/b/key', '/key']);
});
