import { type Identified, loadCatalogue } from '@sallyport/aws';
import { expect, test } from 'vitest';
import { isGlobal } from './regions.js';

const catalogue = loadCatalogue();
const call = (service: string, operation: string): Identified => ({
  identified: true,
  service,
  operation,
  protocol: 'query',
  input: {},
  candidates: [],
});

test.each([
  ['iam', 'ListUsers', true],
  ['organizations', 'ListAccounts', true],
  ['cloudfront', 'ListDistributions', true],
  ['dynamodb', 'ListTables', false],
  ['ec2', 'DescribeInstances', false],
  ['s3', 'ListObjectsV2', false],
])('%s %s answers for all regions: %s', (service, operation, global) => {
  expect(isGlobal(catalogue, call(service, operation), 'us-east-1')).toBe(global);
});
