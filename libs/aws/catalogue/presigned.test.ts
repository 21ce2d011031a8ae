import { expect, test } from 'vitest';
import { unpresigned } from './index.js';

const s3 = { region: 'eu-west-1', signingName: 's3' };
const signature = 'X-Amz-Algorithm=A&X-Amz-Credential=c%2Fd&X-Amz-Date=1&X-Amz-Expires=9&X-Amz-SignedHeaders=host';

test('a presigned copy is a copy when it is signed in its headers', () => {
  const query = `${signature}&x-id=CopyObject&X-Amz-Copy-Source=%2Fb%2Fk%2520l&versionId=a%2fb&acl&X-Amz-Signature=s`;
  expect(unpresigned({ query, headers: [['host', 'h']] }, s3)).toEqual({
    query: 'x-id=CopyObject&versionId=a%2fb&acl',
    headers: [
      ['host', 'h'],
      ['x-amz-copy-source', '/b/k%20l'],
    ],
  });
});

test('of other services the signature alone is taken away', () => {
  const query = `Action=GetCallerIdentity&${signature}&X-Amz-Signature=s&X-Amz-Other=1`;
  expect(unpresigned({ query, headers: [] }, { region: 'r', signingName: 'sts' })).toEqual({
    query: 'Action=GetCallerIdentity&X-Amz-Other=1',
    headers: [],
  });
});

test('a request that is not presigned comes back as it is', () => {
  const request = { query: 'x-amz-copy-source=%2Fb%2Fk&X-Amz-Date=1', headers: [] };
  expect(unpresigned(request, s3)).toBe(request);
});
