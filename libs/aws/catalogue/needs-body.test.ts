import { expect, test } from 'vitest';
import { type Call, catalogue, formCall, jsonCall, requestOf, s3 } from './calls.fixture.js';
import { needsBody } from './index.js';

const need = (call: Call): string => {
  const { body: _, ...head } = requestOf(call);
  const found = needsBody(catalogue, head, { region: 'eu-west-1', signingName: call.as }, call.addressing ?? {});
  return found.read === 'none' ? `none: ${found.reason}` : found.read;
};

test.each<[string, string, Call]>([
  ['PutObject', 'stream', s3('PUT /bucket/key')],
  ['PutObject to a bucket in the host name', 'stream', s3('PUT /a/../key', { addressing: { bucket: 'bucket' } })],
  ['UploadPart', 'stream', s3('PUT /bucket/key?partNumber=1&uploadId=u')],
  ['UploadArchive', 'stream', { as: 'glacier', line: 'POST /123456789012/vaults/v/archives' }],
  ['DeleteObjects', 'whole', s3('POST /bucket?delete')],
  ['CopyObject', 'whole', s3('PUT /bucket/key', { headers: [['x-amz-copy-source', 'a/b']] })],
  ['GetObject', 'whole', s3('GET /bucket/key')],
  ['Invoke', 'whole', { as: 'lambda', line: 'POST /2015-03-31/functions/f/invocations' }],
  ['InvokeModel', 'whole', { as: 'bedrock', line: 'POST /model/m/invoke' }],
  ['GetItem', 'whole', jsonCall('dynamodb', 'DynamoDB_20120810.GetItem', '')],
  ['a form', 'whole', formCall('sts', '')],
])('the body of %s: %s', (_, expected, call) => {
  expect(need(call)).toBe(expected);
});

test('a request that no body makes an operation is refused before any of it is read', () => {
  expect(need(jsonCall('dynamodb', 'DynamoDB_20120810.Nothing', ''))).toMatch(/^none: no operation is named/);
  expect(need(s3('PUT /bucket/key?unheard-of'))).toMatch(/^none: /);
});
