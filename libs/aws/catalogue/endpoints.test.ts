import { expect, test } from 'vitest';
import { catalogue } from './calls.fixture.js';
import { type EndpointQuery, endpointOf, partitionOf } from './index.js';

const at = (name: string, region: string, rest: Partial<EndpointQuery> = {}): string => {
  const [service = '', operation = ''] = name.split(' ');
  const { host, signingName, signingRegion } = endpointOf(catalogue, {
    service,
    operation,
    region,
    input: {},
    ...rest,
  });
  return `${host} ${signingName} ${signingRegion}`;
};

test.each([
  ['dynamodb GetItem', 'eu-west-1', 'dynamodb.eu-west-1.amazonaws.com dynamodb eu-west-1'],
  ['dynamodb GetItem', 'cn-north-1', 'dynamodb.cn-north-1.amazonaws.com.cn dynamodb cn-north-1'],
  ['iam ListUsers', 'eu-west-1', 'iam.amazonaws.com iam us-east-1'],
  ['iam ListUsers', 'us-gov-east-1', 'iam.us-gov.amazonaws.com iam us-gov-west-1'],
  [
    'organizations ListAccounts',
    'cn-north-1',
    'organizations.cn-northwest-1.amazonaws.com.cn organizations cn-northwest-1',
  ],
  ['route53 ListHostedZones', 'ap-south-1', 'route53.amazonaws.com route53 us-east-1'],
  ['sts GetCallerIdentity', 'us-east-1', 'sts.us-east-1.amazonaws.com sts us-east-1'],
  ['bedrock-runtime InvokeModel', 'us-west-2', 'bedrock-runtime.us-west-2.amazonaws.com bedrock us-west-2'],
  ['s3 GetObject', 'us-east-1', 's3.us-east-1.amazonaws.com s3 us-east-1'],
  ['s3 ListDirectoryBuckets', 'us-east-1', 's3express-control.us-east-1.amazonaws.com s3express us-east-1'],
  ['stepfunctions StartSyncExecution', 'eu-west-1', 'sync-states.eu-west-1.amazonaws.com states eu-west-1'],
  ['lambda Invoke', 'us-iso-east-1', 'lambda.us-iso-east-1.c2s.ic.gov lambda us-iso-east-1'],
])('%s in %s is at %s', (name, region, expected) => {
  expect(at(name, region)).toBe(expected);
});

test('FIPS and dual-stack endpoints have their own hosts', () => {
  expect(at('kms Encrypt', 'us-east-1', { fips: true })).toBe('kms-fips.us-east-1.amazonaws.com kms us-east-1');
  expect(at('kms Encrypt', 'us-east-1', { dualstack: true })).toBe('kms.us-east-1.api.aws kms us-east-1');
  expect(at('s3 GetObject', 'us-east-1', { fips: true, dualstack: true })).toBe(
    's3-fips.dualstack.us-east-1.amazonaws.com s3 us-east-1',
  );
});

test('the account of S3 Control stands in front of the host', () => {
  const input = { AccountId: '123456789012' };
  expect(at('s3control GetPublicAccessBlock', 'eu-west-1', { input })).toBe(
    '123456789012.s3-control.eu-west-1.amazonaws.com s3 eu-west-1',
  );
});

test.each(['evil.example/', 'evil.example', 'a@b', '-a', 'a-', '', 'a'.repeat(64), 'ä', 'a\n', 12, ['a'], undefined])(
  'what is no label of a host name is not put there: %j',
  (AccountId) => {
    expect(() => at('s3control GetPublicAccessBlock', 'eu-west-1', { input: { AccountId } })).toThrow(/no label/);
  },
);

test.each(['', 'us-east-9', 'aws-global', 'us-east-1.evil.example', 'us-east-1/', '__proto__', 'US-EAST-1'])(
  'a region that no partition has is refused: %j',
  (region) => {
    expect(partitionOf(catalogue, region)).toBeUndefined();
    expect(() => at('dynamodb GetItem', region)).toThrow(/no partition/);
  },
);

test('what has no endpoint that can be signed for, or one of its own, is refused', () => {
  expect(() => at('cloudfront-keyvaluestore ListKeys', 'us-east-1')).toThrow(/has no endpoint/);
  expect(() => at('s3 GetObject', 'cn-north-1', { fips: true })).toThrow(/has no FIPS endpoint/);
  expect(() => at('events PutEvents', 'us-east-1', { input: { EndpointId: 'abc.def' } })).toThrow(
    /endpoint of its own/,
  );
  expect(() => at('s3 NoSuchOperation', 'us-east-1')).toThrow(/no operation/);
  expect(() => at('constructor name', 'us-east-1')).toThrow(/no operation/);
});

test.each([
  ['eu-west-1', 'aws'],
  ['cn-north-1', 'aws-cn'],
  ['us-gov-west-1', 'aws-us-gov'],
  ['us-iso-east-1', 'aws-iso'],
  ['us-isob-east-1', 'aws-iso-b'],
  ['eusc-de-east-1', 'aws-eusc'],
])('%s is in the partition %s', (region, partition) => {
  expect(partitionOf(catalogue, region)).toBe(partition);
});
