import { type CborItem, encodeCbor } from '@sallyport/aws';
import type { Header } from '@sallyport/http';
import { expect, test } from 'vitest';
import { errorCode, refusesCredential } from './error-code.js';

const text = (value: string): CborItem => ({ kind: 'text', value });

test.each<[string, readonly Header[], string | Buffer, string]>([
  ['REST XML', [], '<?xml version="1.0"?>\n<Error><Code>NoSuchKey</Code></Error>', 'NoSuchKey'],
  [
    'query',
    [],
    '<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code></Error></ErrorResponse>',
    'Throttling',
  ],
  [
    'EC2',
    [],
    '<Response><Errors><Error><Code>InvalidGroup.InUse</Code></Error></Errors></Response>',
    'InvalidGroup.InUse',
  ],
  ['JSON', [], '{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"}', 'ResourceNotFoundException'],
  [
    'REST JSON',
    [['x-amzn-errortype', 'ThrottledException:http://internal.amazon.com/coral/']],
    '{}',
    'ThrottledException',
  ],
  [
    'JSON of a query service',
    [['x-amzn-query-error', 'AWS.SimpleQueueService.NonExistentQueue;Sender']],
    '{"__type":"x"}',
    'AWS.SimpleQueueService.NonExistentQueue',
  ],
  [
    'CBOR',
    [['smithy-protocol', 'rpc-v2-cbor']],
    encodeCbor({ kind: 'map', entries: [[text('__type'), text('com.amazonaws.cloudwatch#LimitExceeded')]] }),
    'LimitExceeded',
  ],
  ['a proxy', [], '<html>Bad Gateway</html>', '502'],
  ['nobody', [], '', '502'],
  ['broken JSON', [], '{"__type":', '502'],
  ['broken CBOR', [['smithy-protocol', 'rpc-v2-cbor']], Buffer.from([0xbf, 0xff, 0xff]), '502'],
  ['a code that is none', [], '{"code":"a b\\nc"}', '502'],
])('an error of %s has a code', (_protocol, headers, body, code) => {
  expect(errorCode(502, headers, Buffer.from(body))).toBe(code);
});

test('a refused credential is known by its code, and a right that is missing is not one', () => {
  expect(['ExpiredToken', 'SignatureDoesNotMatch', 'UnrecognizedClientException'].every(refusesCredential)).toBe(true);
  expect(['AccessDenied', 'AccessDeniedException', 'UnauthorizedOperation', '403'].some(refusesCredential)).toBe(false);
});
