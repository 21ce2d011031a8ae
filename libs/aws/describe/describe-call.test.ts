import { loadParser } from '@sallyport/sql';
import { beforeAll, describe, expect, test } from 'vitest';
import { described, dynamodb, ec2, formCall, iam, json, rds, s3, sts, type Wire } from './calls.fixture.js';

beforeAll(loadParser);

const account = '111122223333';
const arn = (rest: string) => `arn:aws:${rest.replace('@', `eu-west-1:${account}`)}`;
const rest = (as: string, line: string, body: unknown = undefined): Wire => ({
  as,
  line,
  headers: body === undefined ? [] : [['content-type', 'application/json']],
  body: body === undefined ? '' : JSON.stringify(body),
});

interface Wanted {
  readonly risk: string;
  readonly actions: string;
  readonly resources: readonly string[];
}

const wanted = (risk: string, actions: string, ...resources: string[]): Wanted => ({
  risk,
  actions,
  resources: resources.map((each) => (each === '*' ? '*' : arn(each))),
});

const calls: readonly (readonly [string, Wire, Wanted])[] = [
  ['ec2', ec2('Action=DescribeInstances'), wanted('read', 'ec2:DescribeInstances', '*')],
  [
    'ec2',
    ec2('Action=TerminateInstances&InstanceId.1=i-1&InstanceId.2=i-2'),
    wanted('destructive', 'ec2:TerminateInstances', 'ec2:@:instance/i-1', 'ec2:@:instance/i-2'),
  ],
  [
    'ec2',
    ec2('Action=AttachVolume&InstanceId=i-1&VolumeId=vol-1&Device=%2Fdev%2Fsdf'),
    wanted('write', 'ec2:AttachVolume', 'ec2:@:instance/i-1', 'ec2:@:volume/vol-1'),
  ],
  [
    'ec2',
    ec2('Action=CreateTags&ResourceId.1=i-1&ResourceId.2=ami-2&Tag.1.Key=a&Tag.1.Value=b'),
    wanted('write', 'ec2:CreateTags', 'ec2:@:instance/i-1', 'ec2:eu-west-1::image/ami-2'),
  ],
  ['sts', sts('Action=GetCallerIdentity'), wanted('read', 'sts:GetCallerIdentity', '*')],
  [
    'iam',
    iam('Action=AttachRolePolicy&RoleName=ci&PolicyArn=arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2FX'),
    wanted('privilege', 'iam:AttachRolePolicy', `iam::${account}:role/ci`),
  ],
  ['iam', iam('Action=ListUsers'), wanted('read', 'iam:ListUsers', '*')],
  [
    'dynamodb',
    dynamodb('GetItem', { TableName: 'orders', Key: { id: { S: '1' } } }),
    wanted('read', 'dynamodb:GetItem', 'dynamodb:@:table/orders'),
  ],
  [
    'dynamodb by ARN',
    dynamodb('GetItem', { TableName: 'arn:aws:dynamodb:us-east-1:999988887777:table/payroll' }),
    wanted('read', 'dynamodb:GetItem', 'dynamodb:us-east-1:999988887777:table/payroll'),
  ],
  [
    'dynamodb index',
    dynamodb('Query', { TableName: 'orders', IndexName: 'by-day' }),
    wanted('read', 'dynamodb:Query', 'dynamodb:@:table/orders/index/by-day'),
  ],
  [
    'dynamodb',
    dynamodb('DeleteTable', { TableName: 'orders' }),
    wanted('destructive', 'dynamodb:DeleteTable', 'dynamodb:@:table/orders'),
  ],
  [
    'dynamodb batch',
    dynamodb('BatchGetItem', { RequestItems: { orders: { Keys: [] }, payroll: { Keys: [] } } }),
    wanted('read', 'dynamodb:BatchGetItem', 'dynamodb:@:table/orders', 'dynamodb:@:table/payroll'),
  ],
  [
    'dynamodb batch',
    dynamodb('BatchWriteItem', { RequestItems: { orders: [{ PutRequest: { Item: {} } }] } }),
    wanted('write', 'dynamodb:BatchWriteItem', 'dynamodb:@:table/orders'),
  ],
  [
    'dynamodb transaction',
    dynamodb('TransactGetItems', { TransactItems: [{ Get: { TableName: 'payroll', Key: {} } }] }),
    wanted('read', 'dynamodb:GetItem', 'dynamodb:@:table/payroll'),
  ],
  [
    'dynamodb transaction',
    dynamodb('TransactWriteItems', {
      TransactItems: [{ Put: { TableName: 'orders' } }, { ConditionCheck: { TableName: 'stock' } }],
    }),
    wanted(
      'write',
      'dynamodb:PutItem dynamodb:ConditionCheckItem',
      'dynamodb:@:table/orders',
      'dynamodb:@:table/stock',
    ),
  ],
  [
    'dynamodb PartiQL',
    dynamodb('ExecuteStatement', { Statement: `SELECT * FROM "payroll"."by-day" WHERE id = 'FROM "orders"'` }),
    wanted('read', 'dynamodb:PartiQLSelect', 'dynamodb:@:table/payroll/index/by-day'),
  ],
  [
    'dynamodb PartiQL',
    dynamodb('BatchExecuteStatement', {
      Statements: [
        { Statement: `INSERT INTO orders VALUE {'id': '1'}` },
        { Statement: `DELETE FROM "old" WHERE id = '1'` },
      ],
    }),
    wanted('write', 'dynamodb:PartiQLInsert dynamodb:PartiQLDelete', 'dynamodb:@:table/orders', 'dynamodb:@:table/old'),
  ],
  ['s3', s3('GET /app-data/public/a%20b%2Bc.txt'), wanted('read', 's3:GetObject', 's3:::app-data/public/a b+c.txt')],
  [
    's3 virtual host',
    s3('GET /public/x', { addressing: { bucket: 'app-data' } }),
    wanted('read', 's3:GetObject', 's3:::app-data/public/x'),
  ],
  [
    's3 version',
    s3('GET /app-data/public/x?versionId=v1'),
    wanted('read', 's3:GetObjectVersion', 's3:::app-data/public/x'),
  ],
  ['s3 head', s3('HEAD /app-data/x'), wanted('read', 's3:GetObject', 's3:::app-data/x')],
  ['s3 list', s3('GET /app-data?list-type=2&prefix=public%2F'), wanted('read', 's3:ListBucket', 's3:::app-data')],
  ['s3 buckets', s3('GET /'), wanted('read', 's3:ListAllMyBuckets', '*')],
  [
    's3 tagging',
    s3('PUT /app-data/x', { headers: [['x-amz-tagging', 'a=b']] }),
    wanted('write', 's3:PutObject s3:PutObjectTagging', 's3:::app-data/x'),
  ],
  [
    's3 copy',
    s3('PUT /app-data/x', { headers: [['x-amz-copy-source', '/other/private%2Fsecret?versionId=v1']] }),
    wanted('write', 's3:PutObject s3:GetObjectVersion', 's3:::app-data/x', 's3:::other/private/secret'),
  ],
  [
    's3 copy of a part',
    s3('PUT /app-data/y?partNumber=1&uploadId=u', { headers: [['x-amz-copy-source', 'app-data/private/secret']] }),
    wanted('write', 's3:PutObject s3:GetObject', 's3:::app-data/y', 's3:::app-data/private/secret'),
  ],
  [
    's3 batch delete',
    s3('POST /app-data?delete', {
      body: '<Delete><!-- pad --><Object><Key>a/b</Key></Object><Object><Key>c</Key><VersionId>1</VersionId></Object></Delete>',
    }),
    wanted('destructive', 's3:DeleteObject s3:DeleteObjectVersion', 's3:::app-data/a/b', 's3:::app-data/c'),
  ],
  [
    'lambda',
    rest('lambda', 'POST /2015-03-31/functions/tool/invocations?Qualifier=live'),
    wanted('privilege', 'lambda:InvokeFunction', 'lambda:@:function:tool:live'),
  ],
  [
    'lambda partial ARN',
    rest('lambda', 'GET /2015-03-31/functions/444455556666%3Afunction%3Atool'),
    wanted('read', 'lambda:GetFunction', 'lambda:eu-west-1:444455556666:function:tool'),
  ],
  [
    'secretsmanager',
    json('secretsmanager', 'secretsmanager.GetSecretValue', { SecretId: 'prod/db' }),
    wanted('read', 'secretsmanager:GetSecretValue', 'secretsmanager:@:secret:prod/db-??????'),
  ],
  [
    'secretsmanager by ARN',
    json('secretsmanager', 'secretsmanager.DescribeSecret', { SecretId: arn('secretsmanager:@:secret:prod-AbCdEf') }),
    wanted('read', 'secretsmanager:DescribeSecret', 'secretsmanager:@:secret:prod-AbCdEf'),
  ],
  [
    'ssm',
    json('ssm', 'AmazonSSM.GetParameter', { Name: '/prod/key' }),
    wanted('read', 'ssm:GetParameter', 'ssm:@:parameter/prod/key'),
  ],
  [
    'ssm path',
    json('ssm', 'AmazonSSM.GetParametersByPath', { Path: '/prod' }),
    wanted('read', 'ssm:GetParametersByPath', 'ssm:@:parameter/prod/*'),
  ],
  [
    'ssm command',
    json('ssm', 'AmazonSSM.SendCommand', {
      DocumentName: 'AWS-RunShellScript',
      Targets: [{ Key: 'tag:a', Values: ['b'] }],
    }),
    wanted('privilege', 'ssm:SendCommand', 'ec2:@:instance/*', 'ssm:@:document/AWS-RunShellScript'),
  ],
  [
    'kms alias',
    json('kms', 'TrentService.DescribeKey', { KeyId: 'alias/x' }),
    wanted('read', 'kms:DescribeKey', 'kms:@:alias/x'),
  ],
  [
    'kms',
    json('kms', 'TrentService.ScheduleKeyDeletion', { KeyId: 'mrk-1' }),
    wanted('destructive', 'kms:ScheduleKeyDeletion', 'kms:@:key/mrk-1'),
  ],
  [
    'kms',
    json('kms', 'TrentService.ReEncrypt', { SourceKeyId: 'a', DestinationKeyId: 'b', CiphertextBlob: '' }),
    wanted('write', 'kms:ReEncryptFrom kms:ReEncryptTo', 'kms:@:key/a', 'kms:@:key/b'),
  ],
  [
    'sqs',
    json('sqs', 'AmazonSQS.SendMessageBatch', {
      QueueUrl: 'https://sqs.eu-west-1.amazonaws.com/444455556666/jobs',
      Entries: [],
    }),
    wanted('write', 'sqs:SendMessage', 'sqs:eu-west-1:444455556666:jobs'),
  ],
  [
    'sqs purge',
    json('sqs', 'AmazonSQS.PurgeQueue', { QueueUrl: `https://sqs.eu-west-1.amazonaws.com/${account}/jobs` }),
    wanted('destructive', 'sqs:PurgeQueue', 'sqs:@:jobs'),
  ],
  [
    'sns',
    formCall(
      'sns',
      `Action=Publish&TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A${account}%3Aalerts&Message=x&Version=2010-03-31`,
    ),
    wanted('write', 'sns:Publish', 'sns:@:alerts'),
  ],
  [
    'cloudformation',
    formCall('cloudformation', 'Action=DeleteStack&StackName=web&Version=2010-05-15'),
    wanted('destructive', 'cloudformation:DeleteStack', 'cloudformation:@:stack/web/*'),
  ],
  [
    'logs',
    json('logs', 'Logs_20140328.FilterLogEvents', { logGroupName: '/aws/lambda/f' }),
    wanted('read', 'logs:FilterLogEvents', 'logs:@:log-group:/aws/lambda/f:*'),
  ],
  [
    'logs stream',
    json('logs', 'Logs_20140328.GetLogEvents', { logGroupName: 'g', logStreamName: 's' }),
    wanted('read', 'logs:GetLogEvents', 'logs:@:log-group:g:log-stream:s'),
  ],
  [
    'logs query',
    json('logs', 'Logs_20140328.StartQuery', { logGroupNames: ['g', 'h'], queryString: 'fields @message' }),
    wanted('read', 'logs:StartQuery', 'logs:@:log-group:g:*', 'logs:@:log-group:h:*'),
  ],
  [
    'cloudwatch',
    formCall('monitoring', 'Action=DeleteAlarms&AlarmNames.member.1=cpu&Version=2010-08-01'),
    wanted('destructive', 'cloudwatch:DeleteAlarms', 'cloudwatch:@:alarm:cpu'),
  ],
  [
    'ecr',
    json('ecr', 'AmazonEC2ContainerRegistry_V20150921.BatchDeleteImage', { repositoryName: 'team/app', imageIds: [] }),
    wanted('destructive', 'ecr:BatchDeleteImage', 'ecr:@:repository/team/app'),
  ],
  [
    'ecs',
    json('ecs', 'AmazonEC2ContainerServiceV20141113.UpdateService', {
      cluster: 'web',
      service: 'api',
      desiredCount: 0,
    }),
    wanted('privilege', 'ecs:UpdateService', 'ecs:@:service/web/api'),
  ],
  [
    'ecs default cluster',
    json('ecs', 'AmazonEC2ContainerServiceV20141113.StopTask', { task: 't1' }),
    wanted('write', 'ecs:StopTask', 'ecs:@:task/default/t1'),
  ],
  [
    'ecs role',
    json('ecs', 'AmazonEC2ContainerServiceV20141113.RunTask', {
      taskDefinition: 'app:3',
      overrides: { taskRoleArn: `arn:aws:iam::${account}:role/T` },
    }),
    wanted('privilege', 'ecs:RunTask iam:PassRole', 'ecs:@:task-definition/app:3', `iam::${account}:role/T`),
  ],
  [
    'rds',
    rds('Action=DeleteDBInstance&DBInstanceIdentifier=prod&SkipFinalSnapshot=true'),
    wanted('destructive', 'rds:DeleteDBInstance', 'rds:@:db:prod'),
  ],
  ['rds', rds('Action=DescribeDBInstances'), wanted('read', 'rds:DescribeDBInstances', '*')],
  [
    'apigateway',
    rest('apigateway', 'GET /restapis/abc/resources'),
    wanted('read', 'apigateway:GET', 'apigateway:eu-west-1::/restapis/abc/resources'),
  ],
  [
    'apigatewayv2',
    rest('apigateway', 'DELETE /v2/apis/abc'),
    wanted('destructive', 'apigateway:DELETE', 'apigateway:eu-west-1::/apis/abc'),
  ],
  [
    'bedrock',
    rest('bedrock', 'POST /model/anthropic.claude/converse', { messages: [] }),
    wanted('read', 'bedrock:InvokeModel', 'bedrock:eu-west-1::foundation-model/anthropic.claude'),
  ],
  [
    'stepfunctions',
    json('states', 'AWSStepFunctions.StartExecution', { stateMachineArn: arn('states:@:stateMachine:m'), input: '{}' }),
    wanted('privilege', 'states:StartExecution', 'states:@:stateMachine:m'),
  ],
  [
    'elbv2, one member for three types',
    formCall(
      'elasticloadbalancing',
      `Action=SetSubnets&LoadBalancerArn=${encodeURIComponent(arn('elasticloadbalancing:@:loadbalancer/net/web/50dc6c495c0c9188'))}&Subnets.member.1=subnet-1&Version=2015-12-01`,
    ),
    wanted('write', 'elasticloadbalancing:SetSubnets', 'elasticloadbalancing:@:loadbalancer/net/web/50dc6c495c0c9188'),
  ],
  [
    'eks, with a part that nobody can know',
    rest('eks', 'DELETE /clusters/web/node-groups/blue'),
    wanted('destructive', 'eks:DeleteNodegroup', 'eks:@:nodegroup/web/blue/*'),
  ],
  [
    'keyspaces',
    json('cassandra', 'KeyspacesService.DeleteTable', { keyspaceName: 'k', tableName: 't' }),
    wanted('destructive', 'cassandra:Drop', 'cassandra:@:/keyspace/k/', 'cassandra:@:/keyspace/k/table/t'),
  ],
];

test.each(calls)('%s: %o', (_service, call, { risk, actions, resources }) => {
  const description = described(call);
  expect({
    risk: description.risk,
    actions: description.actions.join(' '),
    resources: [...description.resources].sort(),
  }).toEqual({
    risk,
    actions,
    resources: [...resources].sort(),
  });
});

describe('facts', () => {
  test('name the call, where it goes and whose it is', () => {
    const { facts } = described(s3('GET /app-data/public/x'));
    expect(facts).toEqual({
      service: 's3',
      operation: 'GetObject',
      region: 'eu-west-1',
      account,
      partition: 'aws',
      actions: ['s3:GetObject'],
      resources: ['arn:aws:s3:::app-data/public/x'],
      resource: 'arn:aws:s3:::app-data/public/x',
      flags: [],
      bucket: 'app-data',
      key: 'public/x',
      candidates: 1,
      sql_verbs: [],
      sql_relations: [],
      sql_written: [],
    });
  });

  test('name no single resource where there are several', () => {
    expect(described(ec2('Action=StopInstances&InstanceId.1=i-1&InstanceId.2=i-2')).facts).toMatchObject({
      resource: '',
    });
  });

  test('leave open whose account it is where nobody could ask', () => {
    const { facts, resources } = described(dynamodb('GetItem', { TableName: 'orders' }), { account: undefined });
    expect(facts).toMatchObject({ account: '' });
    expect(resources).toEqual(['arn:aws:dynamodb:eu-west-1:*:table/orders']);
  });

  test('name the partition of the call in every ARN', () => {
    const { resources } = described(dynamodb('GetItem', { TableName: 'orders' }), {
      partition: 'aws-cn',
      region: 'cn-north-1',
    });
    expect(resources).toEqual([`arn:aws-cn:dynamodb:cn-north-1:${account}:table/orders`]);
  });
});
