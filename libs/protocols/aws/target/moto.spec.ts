/** The agent's half on an emulator of most services: every wire protocol, and roles that are truly assumed. */
import { peer, peerMissing } from '@sallyport/testkit';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { AgentDriver, type AgentOptions, agentCredential } from '../../testing/aws-agent.js';
import type { Upstream } from '../../testing/aws-upstreams.js';
import { motoUpstream } from '../../testing/moto.js';
import { createAwsTargetSide } from '../target-side.js';

const account = '123456789012';
const role = `arn:aws:iam::${account}:role/gateway`;
let moto: Upstream | undefined;
const drivers: AgentDriver[] = [];

beforeAll(async () => {
  if (peerMissing('moto') === undefined) moto = await motoUpstream(peer('moto', neverSkips));
});
afterEach(async () => {
  for (const driver of drivers.splice(0)) await driver.end();
});
afterAll(() => moto?.stop());

const neverSkips = {
  skip: (): never => {
    throw new Error('it is there');
  },
};

/** Not yet opened. */
async function agent(
  context: { skip(note?: string): never },
  options: Partial<AgentOptions> = {},
): Promise<AgentDriver> {
  peer('moto', context);
  const settings = { regions: ['eu-central-1'], endpoints: { default: moto!.url }, ...options.settings };
  const driver = new AgentDriver(await createAwsTargetSide(), { ...options, settings });
  drivers.push(driver);
  return driver;
}

async function opened(...all: Parameters<typeof agent>): Promise<AgentDriver> {
  const driver = await agent(...all);
  await driver.opened();
  driver.plan();
  return driver;
}

const form = (service: string, parameters: Readonly<Record<string, string>>) =>
  [
    {
      service,
      operation: parameters['Action']!,
      signingName: service,
      headers: [['content-type', 'application/x-www-form-urlencoded; charset=utf-8']],
    },
    new URLSearchParams(parameters).toString(),
  ] as const;

const json = (service: string, target: string, input: unknown) =>
  [
    {
      service,
      operation: target.split('.')[1]!,
      signingName: service,
      headers: [
        ['content-type', `application/x-amz-json-${service === 'secretsmanager' ? '1.1' : '1.0'}`],
        ['x-amz-target', target],
      ],
    },
    JSON.stringify(input),
  ] as const;

const whoAmI = form('sts', { Action: 'GetCallerIdentity', Version: '2011-06-15' });

test('the opening tells whose credential it is', async (context) => {
  const driver = await agent(context, { settings: { accounts: [account] } });

  expect(await driver.opened()).toEqual({ partition: 'aws', holds: true, account, region: 'eu-central-1' });
});

test.for<[string, Partial<AgentOptions>, string]>([
  ['an account that the agent does not allow', { settings: { accounts: ['999999999999'] } }, 'TARGET_UNKNOWN'],
  ['an account that the connection does not allow', { open: { accounts: ['999999999999'] } }, 'TARGET_UNKNOWN'],
  ['regions that the agent does not allow', { open: { regions: ['us-east-1'] } }, 'TARGET_UNKNOWN'],
  ['a role that the agent does not list', { open: { role } }, 'TARGET_UNKNOWN'],
  ['no role where the agent lists several', { settings: { roles: [role, `${role}2`] } }, 'TARGET_UNKNOWN'],
  [
    'a role in an account that is not allowed',
    { settings: { roles: [role], accounts: ['999999999999'] } },
    'TARGET_UNKNOWN',
  ],
])('a session with %s is not opened', async ([, options, code], context) => {
  const driver = await agent(context, options);

  await expect(driver.opened()).rejects.toThrow(code);
});

test('an account that must be known and cannot be asked for is no account', async (context) => {
  const driver = await agent(context, {
    settings: { accounts: [account], endpoints: { sts: 'http://127.0.0.1:9' } },
  });

  await expect(driver.opened()).rejects.toThrow('CREDENTIAL_UNAVAILABLE');
});

test('calls of every wire protocol come back, with what must not be shown hidden', async (context) => {
  const driver = await opened(context);

  const queue = await driver.call(...json('sqs', 'AmazonSQS.CreateQueue', { QueueName: 'q' }));
  expect(JSON.parse(queue.body.toString())).toHaveProperty('QueueUrl');
  const instances = await driver.call(...form('ec2', { Action: 'DescribeInstances', Version: '2016-11-15' }));
  expect([instances.status, instances.body.toString()]).toEqual([200, expect.stringContaining('<reservationSet')]);
  await driver.call(...form('iam', { Action: 'CreateUser', Version: '2010-05-08', UserName: 'u' }));
  const key = await driver.call(...form('iam', { Action: 'CreateAccessKey', Version: '2010-05-08', UserName: 'u' }));
  expect(key.body.toString()).toMatch(/<SecretAccessKey>\[redacted[^<]*<\/SecretAccessKey>/);
  expect(key.outcome.maskedFields).toBeGreaterThan(0);
  await driver.call(
    ...json('secretsmanager', 'secretsmanager.CreateSecret', { Name: 's', SecretString: 'canary-value' }),
  );
  const secret = await driver.call(...json('secretsmanager', 'secretsmanager.GetSecretValue', { SecretId: 's' }));
  expect(JSON.parse(secret.body.toString())).toMatchObject({ Name: 's' });
  expect(driver.told).not.toContain('canary');
});

test('an error of each wire protocol tells its code', async (context) => {
  const driver = await opened(context);
  const codeOf = async (...call: Parameters<AgentDriver['call']>) => (await driver.call(...call)).outcome.code;

  expect(await codeOf(...form('iam', { Action: 'GetUser', Version: '2010-05-08', UserName: 'nobody' }))).toBe(
    'NoSuchEntity',
  );
  expect(await codeOf(...json('secretsmanager', 'secretsmanager.GetSecretValue', { SecretId: 'none' }))).toBe(
    'ResourceNotFoundException',
  );
  const describe = { Action: 'DescribeInstances', Version: '2016-11-15', 'InstanceId.1': 'i-0123456789abcdef0' };
  expect(await codeOf(...form('ec2', describe))).toBe('InvalidInstanceID.NotFound');
  const getObject = {
    method: 'GET',
    path: '/no-such-bucket/k',
    service: 's3',
    operation: 'GetObject',
    signingName: 's3',
  };
  expect(await codeOf(getObject)).toBe('NoSuchBucket');
  expect(await codeOf({ ...getObject, method: 'HEAD', operation: 'HeadObject' })).toBe('404');
});

test('without a role a call runs under the agent’s own credential', async (context) => {
  const driver = await opened(context);
  const { body, outcome } = await driver.call(...whoAmI);

  expect(outcome.scoped).toBe('own');
  expect(body.toString()).not.toContain('assumed-role');
});

test.for<[string, AgentOptions['open']]>([
  ['that the connection names', { role }],
  ['that is the agent’s only one, though the connection names none', {}],
])('with a role %s a call runs under that role, in the name of who asks', async ([, open], context) => {
  const driver = await opened(context, { settings: { roles: [role] }, ...(open && { open }) });
  const [head, body] = whoAmI;

  const answered = await driver.call(head, body);

  expect(answered.outcome).toMatchObject({ status: 'done', scoped: 'role' });
  expect(answered.body.toString()).toContain(`assumed-role/gateway/ada@example.com.s-1</Arn>`);
});

test('a role that cannot be assumed leaves nothing to run under', async (context) => {
  const driver = await opened(context, {
    settings: { roles: [role], endpoints: { default: moto!.url, sts: 'http://127.0.0.1:9' } },
  });

  expect((await driver.call(...json('sqs', 'AmazonSQS.ListQueues', {}))).outcome).toMatchObject({
    status: 'skipped',
    refusal: { code: 'CREDENTIAL_UNAVAILABLE' },
  });
});

test('a region outside is refused, and a service without regions is inside', async (context) => {
  const driver = await opened(context, { open: { regions: ['eu-central-1'] } });
  const [head, body] = json('sqs', 'AmazonSQS.ListQueues', {});

  expect((await driver.call({ ...head, region: 'us-east-1' }, body)).outcome).toMatchObject({
    status: 'skipped',
    refusal: { code: 'TARGET_UNKNOWN' },
  });
  const [users, list] = form('iam', { Action: 'ListUsers', Version: '2010-05-08' });
  expect((await driver.call({ ...users, region: 'us-east-1' }, list)).outcome.status).toBe('done');
});

test.for([
  ['another operation', { operation: 'DeleteQueue' }],
  ['another service', { service: 'sns', signingName: 'sns' }],
  ['no operation at all', { headers: [['x-amz-target', 'AmazonSQS.Nonsense']] }],
] as const)('a call that is %s than the control plane said does not leave', async ([, changed], context) => {
  const driver = await opened(context);
  const [head, body] = json('sqs', 'AmazonSQS.ListQueues', {});

  expect((await driver.call({ ...head, ...changed }, body)).outcome).toMatchObject({
    status: 'skipped',
    refusal: { code: 'PROTOCOL_VIOLATION' },
  });
});

test('the agent’s credential is in no frame and no log', async (context) => {
  const driver = await opened(context, { settings: { roles: [role] } });
  await driver.call(...whoAmI);

  expect(driver.told).not.toContain(agentCredential.secretAccessKey);
  expect(driver.told).not.toContain(agentCredential.sessionToken);
});
