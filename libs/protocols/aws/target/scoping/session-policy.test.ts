import { expect, test } from 'vitest';
import { sessionPolicies } from './session-policy.js';

const scope = { service: 'iam', region: 'eu-central-1' };
const statementsIn = (text: string): unknown[] => (JSON.parse(text) as { Statement: unknown[] }).Statement;

test('the narrowest policy names the call’s actions and resources, each once', () => {
  const [first] = sessionPolicies({
    ...scope,
    actions: ['sqs:SendMessage', 'sqs:SendMessage'],
    resources: ['arn:aws:sqs:eu-central-1:123456789012:q', 'arn:aws:sqs:eu-central-1:123456789012:q'],
  });

  expect(first).toEqual({
    exact: true,
    text: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"arn:aws:sqs:eu-central-1:123456789012:q"}]}',
  });
});

test('an action that knows no resources is for all', () => {
  const [first] = sessionPolicies({ ...scope, actions: ['s3:ListAllMyBuckets'], resources: [] });

  expect(statementsIn(first!.text)).toEqual([{ Effect: 'Allow', Action: 's3:ListAllMyBuckets', Resource: '*' }]);
});

test('each service’s actions are for that service’s resources', () => {
  const [first] = sessionPolicies({
    ...scope,
    actions: ['lambda:CreateFunction', 'iam:PassRole', 'ec2:DescribeSubnets'],
    resources: ['arn:aws:lambda:eu-central-1:123456789012:function:f', 'arn:aws:iam::123456789012:role/r'],
  });

  expect(statementsIn(first!.text)).toEqual([
    { Effect: 'Allow', Action: 'ec2:DescribeSubnets', Resource: '*' },
    { Effect: 'Allow', Action: 'iam:PassRole', Resource: 'arn:aws:iam::123456789012:role/r' },
    {
      Effect: 'Allow',
      Action: 'lambda:CreateFunction',
      Resource: 'arn:aws:lambda:eu-central-1:123456789012:function:f',
    },
  ]);
});

test('an action whose resources have another name in ARNs is for them', () => {
  const resource = 'arn:aws:execute-api:eu-central-1:123456789012:a/b';
  const [first] = sessionPolicies({ ...scope, actions: ['apigateway:GET'], resources: [resource] });

  expect(statementsIn(first!.text)).toEqual([{ Effect: 'Allow', Action: 'apigateway:GET', Resource: resource }]);
});

test('where the service uses the caller’s right to a key, it may do so for this call, and only by way of the service', () => {
  const [first] = sessionPolicies({ service: 's3', region: 'eu-central-1', actions: ['s3:GetObject'], resources: [] });

  expect(statementsIn(first!.text)[1]).toEqual({
    Effect: 'Allow',
    Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
    Resource: '*',
    Condition: { StringLike: { 'kms:ViaService': 's3.eu-central-1.*' } },
  });
});

test('what is too long is widened step by step, and never to another action', () => {
  const resources = Array.from({ length: 100 }, (_, index) => `arn:aws:s3:::bucket/folder/${index}`);
  const widened = sessionPolicies({ ...scope, actions: ['s3:DeleteObject'], resources });

  expect(widened.map(({ text, exact }) => [exact, (statementsIn(text)[0] as { Resource: unknown }).Resource])).toEqual([
    [false, 'arn:aws:s3:::bucket/folder/*'],
    [false, 'arn:aws:s3:::*'],
    [false, '*'],
  ]);
  for (const { text } of widened) expect(text).toContain('"Action":"s3:DeleteObject"');
});

test('a common beginning does not reach into another account or service', () => {
  const resources = Array.from({ length: 30 }, (_, index) => [
    `arn:aws:dynamodb:eu-central-1:111111111111:table/orders-${index}`,
    `arn:aws:dynamodb:eu-central-1:222222222222:table/orders-${index}`,
  ]).flat();
  const [first] = sessionPolicies({ ...scope, actions: ['dynamodb:BatchGetItem'], resources });

  expect((statementsIn(first!.text)[0] as { Resource: unknown }).Resource).toEqual([
    'arn:aws:dynamodb:eu-central-1:111111111111:table/orders-*',
    'arn:aws:dynamodb:eu-central-1:222222222222:table/orders-*',
  ]);
});

test('more actions than a policy can name have none', () => {
  const actions = Array.from({ length: 200 }, (_, index) => `ec2:DescribeSomething${index}`);

  expect(sessionPolicies({ ...scope, actions, resources: [] })).toEqual([]);
});
