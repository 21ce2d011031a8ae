/** A control plane that lies about what a call needs: the agent goes by the bytes that it sends. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AgentDriver, openAgent } from '../../testing/aws-agent.js';
import { answer, ScriptedAws } from '../../testing/scripted-aws.js';
import { createAwsTargetSide } from '../target-side.js';

const account = '111122223333';
const role = `arn:aws:iam::${account}:role/gateway`;
const assumed = `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>of the role</SecretAccessKey><SessionToken>token</SessionToken><Expiration>${new Date(Date.now() + 900_000).toISOString()}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`;

let aws: ScriptedAws;
let driver: AgentDriver;
/** Of each AssumeRole: the session policy. */
const policies: unknown[] = [];

beforeEach(async () => {
  aws = new ScriptedAws();
  const url = await aws.listen();
  aws.script = async (received) => {
    const asked = new URLSearchParams((await received.body).toString());
    const policy = asked.get('Policy');
    if (policy !== null) policies.push(JSON.parse(policy));
    void received.say(answer('200 OK', policy === null ? '{}' : assumed));
  };
  const settings = { regions: ['eu-central-1'], endpoints: { default: url }, roles: [role] };
  driver = await openAgent(await createAwsTargetSide(), { settings });
  aws.received.length = 0;
  policies.length = 0;
});
afterEach(async () => {
  await driver.end();
  aws.close();
});

const ofDynamo = (operation: string) => ({
  service: 'dynamodb',
  operation,
  signingName: 'dynamodb',
  headers: [
    ['content-type', 'application/x-amz-json-1.0'],
    ['x-amz-target', `DynamoDB_20120810.${operation}`],
  ] as const,
});
const orders = `arn:aws:dynamodb:eu-central-1:${account}:table/orders`;

test('actions and resources that the call does not need are not in its credential', async () => {
  const { outcome } = await driver.call(
    { ...ofDynamo('GetItem'), actions: ['dynamodb:GetItem', 'iam:*', '*'], resources: [orders, '*'] },
    '{"TableName":"orders"}',
  );
  expect(outcome).toMatchObject({ status: 'done', scoped: 'role' });
  expect(policies).toEqual([
    {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: 'dynamodb:GetItem', Resource: orders },
        expect.objectContaining({ Condition: { StringLike: { 'kms:ViaService': 'dynamodb.eu-central-1.*' } } }),
      ],
    },
  ]);
});

test.each([
  ['another action', { actions: ['dynamodb:DescribeTable'] }, '"dynamodb:GetItem"'],
  ['every action by a star', { actions: ['dynamodb:*', '*'] }, '"dynamodb:GetItem"'],
  ['no action', { actions: [] }, '"dynamodb:GetItem"'],
  ['another resource', { resources: [orders.replace('orders', 'public')] }, `"${orders}"`],
  ['a pattern in the place of it', { resources: [orders.replace('orders', '*')] }, `"${orders}"`],
  ['the same name in another region', { resources: [orders.replace('eu-central-1', 'eu-west-1')] }, `"${orders}"`],
  ['no resource', { resources: [] }, `"${orders}"`],
])('a call that was decided as %s is not sent, under no credential', async (_what, told, named) => {
  const { outcome } = await driver.call({ ...ofDynamo('GetItem'), ...told }, '{"TableName":"orders"}');
  expect(outcome).toMatchObject({ status: 'skipped', refusal: { code: 'PROTOCOL_VIOLATION' } });
  expect(outcome.refusal?.message).toContain(named);
  expect(aws.received).toEqual([]);
});

test('one of many resources that was kept from the decision is found', async () => {
  const { outcome } = await driver.call(
    { ...ofDynamo('BatchWriteItem'), resources: [orders] },
    JSON.stringify({ RequestItems: { orders: [], secrets: [] } }),
  );
  expect(outcome.refusal?.message).toContain('table/secrets');
  expect(aws.received).toEqual([]);
});

test('a bucket that the path names and the decision did not is found', async () => {
  const { outcome } = await driver.call({
    method: 'GET',
    path: '/theirs/key',
    service: 's3',
    operation: 'GetObject',
    signingName: 's3',
    resources: ['arn:aws:s3:::ours/key'],
  });
  expect(outcome.refusal?.message).toContain('arn:aws:s3:::theirs/key');
  expect(aws.received).toEqual([]);
});

test('an account that gate one did not know yet is no disagreement', async () => {
  const unknown = orders.replace(account, '*');
  const { outcome } = await driver.call({ ...ofDynamo('GetItem'), resources: [unknown] }, '{"TableName":"orders"}');
  expect(outcome.status).toBe('done');
});
