import { expect, test } from 'vitest';
import { type AskedCall, digestOf } from './digest.js';

const run: AskedCall = {
  service: 'ec2',
  operation: 'RunInstances',
  region: 'eu-west-1',
  request: {
    method: 'POST',
    path: '/',
    query: '',
    headers: [
      ['content-type', 'application/x-www-form-urlencoded; charset=utf-8'],
      ['x-amz-date', '20261129T120000Z'],
      ['authorization', 'AWS4-HMAC-SHA256 one'],
    ],
    body: Buffer.from('Action=RunInstances&ImageId=ami-1&ClientToken=6f1f29a5-0e0e-4d0f-9a54-0e2c1c1d0d01'),
  },
};
const put: AskedCall = {
  service: 'dynamodb',
  operation: 'PutItem',
  region: 'eu-west-1',
  request: {
    method: 'POST',
    path: '/',
    query: '',
    headers: [['content-type', 'application/x-amz-json-1.0']],
    body: Buffer.from('{"TableName":"orders","Item":{"token":{"S":"6f1f29a5-0e0e-4d0f-9a54-0e2c1c1d0d01"}}}'),
  },
};
const with_ = (call: AskedCall, change: Partial<AskedCall['request']>): AskedCall => ({
  ...call,
  request: { ...call.request, ...change },
});
const swap = (call: AskedCall, from: string, to: string): AskedCall =>
  with_(call, { body: Buffer.from(Buffer.from(call.request.body!).toString().replace(from, to)) });

test('the same command signed again, with another idempotency token, is the same operation', () => {
  const again = with_(swap(run, '0d01', '0d02'), {
    headers: [
      run.request.headers[0]!,
      ['x-amz-date', '20261129T120500Z'],
      ['authorization', 'AWS4-HMAC-SHA256 two'],
      ['amz-sdk-request', 'attempt=2'],
    ],
  });
  expect(digestOf(again)).toBe(digestOf(run));
  const json = with_(put, { body: Buffer.from('{"A":1,"ClientRequestToken":"6f1f29a5-0e0e-4d0f-9a54-0e2c1c1d0d01"}') });
  expect(digestOf(swap(json, '0d01', '0d02'))).toBe(digestOf(json));
});

test.each([
  ['another image', swap(run, 'ami-1', 'ami-2')],
  ['a token that is no UUID', swap(run, '6f1f29a5-0e0e-4d0f-9a54-0e2c1c1d0d01', 'chosen')],
  ['another region', { ...run, region: 'us-east-1' }],
  ['another operation', { ...run, operation: 'StartInstances' }],
  ['another path', with_(run, { path: '/x' })],
  ['a query', with_(run, { query: 'a=b' })],
  ['a header', with_(run, { headers: [...run.request.headers, ['x-amz-acl', 'public-read']] })],
  ['another bucket', { ...run, bucket: 'b' }],
  ['another streamed body', { ...run, streamed: 'sha' }],
])('%s is another operation', (_name, other) => {
  expect(digestOf(other)).not.toBe(digestOf(run));
});

test('numbers that JavaScript would round are told apart', () => {
  const json = with_(put, {
    body: Buffer.from('{"Version":9007199254740993,"ClientRequestToken":"6f1f29a5-0e0e-4d0f-9a54-0e2c1c1d0d01"}'),
  });
  expect(digestOf(swap(json, '740993', '740992'))).not.toBe(digestOf(json));
});

test('a token inside an item is data, and counts', () => {
  expect(digestOf(swap(put, '0d01', '0d02'))).not.toBe(digestOf(put));
});

test('a presigned request signed again is the same operation', () => {
  const get: AskedCall = {
    service: 's3',
    operation: 'GetObject',
    region: 'eu-west-1',
    request: { method: 'GET', path: '/b/k', query: 'X-Amz-Date=1&X-Amz-Signature=2&versionId=3', headers: [] },
  };
  expect(digestOf(with_(get, { query: 'versionId=3&X-Amz-Date=9&X-Amz-Signature=8' }))).toBe(digestOf(get));
  expect(digestOf(with_(get, { query: 'versionId=4&X-Amz-Date=1&X-Amz-Signature=2' }))).not.toBe(digestOf(get));
});

test.each([
  ['cloudcontrol', 'CancelResourceRequest', 'RequestToken'],
  ['workspaces', 'RejectAccountLinkInvitation', 'ClientToken'],
  ['codepipeline', 'PutThirdPartyJobSuccessResult', 'clientToken'],
])(
  '%s %s: a review of one is no review of another, although %s is called like an idempotency token',
  (service, operation, name) => {
    const one: AskedCall = {
      ...put,
      service,
      operation,
      request: { ...put.request, body: Buffer.from(`{"${name}":"6f1f29a5-0e0e-4d0f-9a54-0e2c1c1d0d01"}`) },
    };
    expect(digestOf(swap(one, '0d01', '0d02'))).not.toBe(digestOf(one));
  },
);
