/** Calls written by hand, described as the gateway would: identified by the catalogue first. */

import { formCall, identified, jsonCall, requestOf, s3, type Call as Wire } from '../catalogue/calls.fixture.js';
import type { AwsDescription, Identified } from '../types.js';
import type { DescribeContext } from './context.js';
import { describeCall } from './describe-call.js';

export { formCall, jsonCall, s3, type Wire };

export const context: DescribeContext = {
  partition: 'aws',
  account: '111122223333',
  region: 'eu-west-1',
  bodyStreams: false,
  presigned: false,
  addressing: {},
  hide: (text) => (text.includes('hunter2') ? text.replaceAll('hunter2', '****') : undefined),
};

export const described = (call: Wire, overrides: Partial<DescribeContext> = {}): AwsDescription => {
  const found = identified(call);
  if (!found.identified) throw new Error(found.reason);
  return describeCall(found, requestOf(call), { ...context, addressing: call.addressing ?? {}, ...overrides });
};

export const flagsOf = (call: Wire, overrides: Partial<DescribeContext> = {}): readonly string[] =>
  described(call, overrides).facts['flags'] as readonly string[];

/** `Action=X&a=b` of a service that speaks forms. */
export const ec2 = (body: string): Wire => formCall('ec2', `${body}&Version=2016-11-15`);
export const iam = (body: string): Wire => formCall('iam', `${body}&Version=2010-05-08`);
export const sts = (body: string): Wire => formCall('sts', `${body}&Version=2011-06-15`);
export const rds = (body: string): Wire => formCall('rds', `${body}&Version=2014-10-31`);
export const dynamodb = (operation: string, body: unknown): Wire =>
  jsonCall('dynamodb', `DynamoDB_20120810.${operation}`, JSON.stringify(body));
export const json = (as: string, target: string, body: unknown): Wire =>
  jsonCall(as, target, JSON.stringify(body), 'application/x-amz-json-1.1');

/** What is described where the catalogue would have come to this. */
export const describeAs = (identified: Identified): AwsDescription =>
  describeCall(identified, { method: 'POST', path: '/', query: '', headers: [] }, context);
