import { loadParser } from '@sallyport/sql';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  context,
  described,
  dynamodb,
  ec2,
  flagsOf,
  formCall,
  iam,
  json,
  rds,
  s3,
  sts,
  type Wire,
} from '../calls.fixture.js';
import { flagsOf as flagsOfCall } from './index.js';

beforeAll(loadParser);

const rest = (as: string, line: string, body?: unknown): Wire => ({
  as,
  line,
  headers: body === undefined ? [] : [['content-type', 'application/json']],
  body: body === undefined ? '' : JSON.stringify(body),
});
const policy = (principal: unknown, condition?: unknown) =>
  JSON.stringify({
    Statement: [
      {
        Effect: 'Allow',
        Principal: principal,
        Action: '*',
        Resource: '*',
        ...(condition === undefined ? {} : { Condition: condition }),
      },
    ],
  });
const bucketPolicy = (principal: unknown, condition?: unknown) =>
  s3('PUT /bkt?policy', { body: policy(principal, condition) });
const ingress = (cidr: string, member = 'IpRanges.1.CidrIp') =>
  ec2(
    `Action=AuthorizeSecurityGroupIngress&GroupId=sg-1&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.${member}=${encodeURIComponent(cidr)}`,
  );

const carries: readonly (readonly [string, string, Wire])[] = [
  [
    'credential-issue',
    'a role',
    sts('Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2FX&RoleSessionName=s'),
  ],
  ['credential-issue', 'an access key', iam('Action=CreateAccessKey&UserName=ci')],
  [
    'credential-issue',
    'a registry login',
    json('ecr', 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken', {}),
  ],
  ['credential-issue', 'a session on an instance', json('ssm', 'AmazonSSM.StartSession', { Target: 'i-1' })],
  [
    'credential-issue',
    'a new database password',
    rds('Action=ModifyDBInstance&DBInstanceIdentifier=prod&MasterUserPassword=x'),
  ],
  [
    'credential-issue',
    'a key by the generic API',
    json('cloudcontrolapi', 'CloudApiService.CreateResource', { TypeName: 'AWS::IAM::AccessKey', DesiredState: '{}' }),
  ],
  [
    'presign',
    'a link to a layer',
    json('ecr', 'AmazonEC2ContainerRegistry_V20150921.GetDownloadUrlForLayer', {
      repositoryName: 'a',
      layerDigest: 'd',
    }),
  ],
  ['secret-read', 'a secret', json('secretsmanager', 'secretsmanager.GetSecretValue', { SecretId: 's' })],
  [
    'secret-read',
    'a decrypted parameter',
    json('ssm', 'AmazonSSM.GetParameters', { Names: ['a'], WithDecryption: true }),
  ],
  ['secret-read', 'user data', ec2('Action=DescribeInstanceAttribute&InstanceId=i-1&Attribute=userData')],
  ['secret-read', 'the values of API keys', rest('apigateway', 'GET /apikeys?includeValues=true')],
  ['secret-inside', 'the environment of a function', rest('lambda', 'GET /2015-03-31/functions/f')],
  ['public-exposure', 'a bucket policy for everybody', bucketPolicy('*')],
  ['public-exposure', 'everybody of every account', bucketPolicy({ AWS: ['*'] })],
  [
    'public-exposure',
    'everybody but one',
    s3('PUT /bkt?policy', {
      body: '{"Statement":{"Effect":"Allow","NotPrincipal":{"AWS":"arn:aws:iam::1:root"},"Action":"*"}}',
    }),
  ],
  [
    'public-exposure',
    'a condition that binds nobody',
    bucketPolicy('*', { StringNotEquals: { 'aws:PrincipalOrgID': 'o-1' } }),
  ],
  [
    'public-exposure',
    'a condition on every address',
    bucketPolicy('*', { IpAddress: { 'aws:SourceIp': '0.0.0.0/0' } }),
  ],
  ['public-exposure', 'a canned ACL', s3('PUT /bkt/k', { headers: [['x-amz-acl', 'public-read']] })],
  [
    'public-exposure',
    'a grant in a header',
    s3('PUT /bkt/k?acl', { headers: [['x-amz-grant-read', 'uri="http://acs.amazonaws.com/groups/global/AllUsers"']] }),
  ],
  [
    'public-exposure',
    'a grant in a body',
    s3('PUT /bkt?acl', {
      body: '<AccessControlPolicy><AccessControlList><Grant><Grantee><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>',
    }),
  ],
  [
    'public-exposure',
    'a block with one part open',
    s3('PUT /bkt?publicAccessBlock', {
      body: '<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy></PublicAccessBlockConfiguration>',
    }),
  ],
  ['public-exposure', 'a block taken away', s3('DELETE /bkt?publicAccessBlock')],
  ['public-exposure', 'a port open to the world', ingress('0.0.0.0/0')],
  ['public-exposure', 'a port open to half the world', ingress('128.0.0.0/1')],
  ['public-exposure', 'a port open to the world over IPv6', ingress('::/0', 'Ipv6Ranges.1.CidrIpv6')],
  [
    'public-exposure',
    'a public database',
    rds('Action=ModifyDBInstance&DBInstanceIdentifier=prod&PubliclyAccessible=true'),
  ],
  [
    'public-exposure',
    'a snapshot for all',
    ec2('Action=ModifySnapshotAttribute&SnapshotId=snap-1&CreateVolumePermission.Add.1.Group=all'),
  ],
  [
    'public-exposure',
    'an image for all',
    ec2('Action=ModifyImageAttribute&ImageId=ami-1&LaunchPermission.Add.1.Group=all'),
  ],
  [
    'public-exposure',
    'a function URL without login',
    rest('lambda', 'POST /2021-10-31/functions/f/url', { AuthType: 'NONE' }),
  ],
  [
    'public-exposure',
    'a queue policy',
    json('sqs', 'AmazonSQS.SetQueueAttributes', {
      QueueUrl: 'https://sqs.eu-west-1.amazonaws.com/111122223333/q',
      Attributes: { Policy: policy('*') },
    }),
  ],
  [
    'public-exposure',
    'a key policy',
    json('kms', 'TrentService.PutKeyPolicy', { KeyId: 'k', PolicyName: 'default', Policy: policy('*') }),
  ],
  [
    'public-exposure',
    'a policy behind more than anybody looks at',
    json('kms', 'TrentService.PutKeyPolicy', {
      KeyId: 'k',
      Policy: policy('*'),
      Padding: Array.from({ length: 60_000 }, () => 1),
    }),
  ],
  [
    'cross-account-share',
    'a grant to a canonical user',
    s3('PUT /bkt?acl', {
      body: '<AccessControlPolicy><Owner><ID>me</ID></Owner><AccessControlList><Grant><Grantee><ID>other</ID></Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>',
    }),
  ],
  [
    'public-exposure',
    'a policy that cannot be read',
    json('kms', 'TrentService.PutKeyPolicy', { KeyId: 'k', Policy: '{"Principal": "*"' }),
  ],
  [
    'cross-account-share',
    'a snapshot for another account',
    ec2('Action=ModifySnapshotAttribute&SnapshotId=snap-1&UserId.1=999988887777'),
  ],
  [
    'cross-account-share',
    'a topic policy for another account',
    formCall(
      'sns',
      `Action=SetTopicAttributes&TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A111122223333%3At&AttributeName=Policy&AttributeValue=${encodeURIComponent(policy({ AWS: 'arn:aws:iam::999988887777:root' }))}&Version=2010-03-31`,
    ),
  ],
  ['privilege-escalation', 'a trust policy', iam('Action=UpdateAssumeRolePolicy&RoleName=r&PolicyDocument=%7B%7D')],
  [
    'privilege-escalation',
    'an old policy made current',
    iam('Action=SetDefaultPolicyVersion&PolicyArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Apolicy%2Fp&VersionId=v1'),
  ],
  [
    'pass-role',
    'a role for a function',
    rest('lambda', 'POST /2015-03-31/functions', { FunctionName: 'f', Role: 'arn:aws:iam::111122223333:role/R' }),
  ],
  [
    'pass-role',
    'an instance profile',
    ec2('Action=RunInstances&ImageId=ami-1&MinCount=1&MaxCount=1&IamInstanceProfile.Name=Admin'),
  ],
  ['indirect-execution', 'a command', json('ssm', 'AmazonSSM.SendCommand', { DocumentName: 'AWS-RunShellScript' })],
  ['indirect-execution', 'new code', rest('lambda', 'PUT /2015-03-31/functions/f/code', { S3Bucket: 'b', S3Key: 'k' })],
  [
    'indirect-execution',
    'user data of a running instance',
    ec2('Action=ModifyInstanceAttribute&InstanceId=i-1&UserData.Value=IyE%3D'),
  ],
  ['backup-delete', 'a snapshot', ec2('Action=DeleteSnapshot&SnapshotId=snap-1')],
  [
    'backup-delete',
    'backups switched off',
    rds('Action=ModifyDBInstance&DBInstanceIdentifier=prod&BackupRetentionPeriod=0'),
  ],
  [
    'backup-delete',
    'versions switched off',
    s3('PUT /bkt?versioning', {
      body: '<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>',
    }),
  ],
  [
    'log-tamper',
    'a trail stopped',
    json('cloudtrail', 'com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.StopLogging', { Name: 'main' }),
  ],
  ['log-tamper', 'access logs switched off', s3('PUT /bkt?logging', { body: '<BucketLoggingStatus/>' })],
  ['key-delete', 'a key', json('kms', 'TrentService.ScheduleKeyDeletion', { KeyId: 'k' })],
  [
    'data-delete',
    'an item of a batch',
    dynamodb('BatchWriteItem', { RequestItems: { orders: [{ DeleteRequest: { Key: {} } }] } }),
  ],
  [
    'bulk-data-movement',
    'a table',
    dynamodb('ExportTableToPointInTime', {
      TableArn: 'arn:aws:dynamodb:eu-west-1:111122223333:table/orders',
      S3Bucket: 'b',
    }),
  ],
  ['dry-run', 'a dry run', ec2('Action=TerminateInstances&InstanceId.1=i-1&DryRun=true')],
];

test.each(carries)('%s: %s', (flag, _what, call) => {
  expect(flagsOf(call)).toContain(flag);
});

const without: readonly (readonly [string, string, Wire])[] = [
  ['secret-read', 'a parameter as it is stored', json('ssm', 'AmazonSSM.GetParameter', { Name: 'a' })],
  ['secret-read', 'API keys without their values', rest('apigateway', 'GET /apikeys')],
  ['secret-read', 'another attribute', ec2('Action=DescribeInstanceAttribute&InstanceId=i-1&Attribute=instanceType')],
  [
    'public-exposure',
    'everybody of one organisation',
    bucketPolicy('*', { StringEquals: { 'aws:PrincipalOrgID': 'o-1' } }),
  ],
  ['public-exposure', 'a policy for one role', bucketPolicy({ AWS: 'arn:aws:iam::111122223333:role/r' })],
  [
    'public-exposure',
    'everybody denied',
    s3('PUT /bkt?policy', { body: '{"Statement":[{"Effect":"Deny","Principal":"*","Action":"*"}]}' }),
  ],
  [
    'public-exposure',
    'a whole block',
    s3('PUT /bkt?publicAccessBlock', {
      body: '<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>TRUE</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>',
    }),
  ],
  ['public-exposure', 'a port open to a network', ingress('10.0.0.0/8')],
  [
    'public-exposure',
    'a private database',
    rds('Action=ModifyDBInstance&DBInstanceIdentifier=prod&PubliclyAccessible=false'),
  ],
  ['cross-account-share', 'the own account', bucketPolicy({ AWS: '111122223333' })],
  [
    'backup-delete',
    'versions switched on',
    s3('PUT /bkt?versioning', { body: '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>' }),
  ],
  [
    'log-tamper',
    'access logs switched on',
    s3('PUT /bkt?logging', {
      body: '<BucketLoggingStatus><LoggingEnabled><TargetBucket>l</TargetBucket><TargetPrefix>p</TargetPrefix></LoggingEnabled></BucketLoggingStatus>',
    }),
  ],
  [
    'data-delete',
    'a batch that only puts',
    dynamodb('BatchWriteItem', { RequestItems: { orders: [{ PutRequest: { Item: {} } }] } }),
  ],
  [
    'indirect-execution',
    'another attribute of an instance',
    ec2('Action=ModifyInstanceAttribute&InstanceId=i-1&InstanceType.Value=t3.micro'),
  ],
  ['pass-role', 'a role that is only looked at', iam('Action=GetRole&RoleName=r')],
  ['ambiguous', 'twins that need the same', rds('Action=DescribeDBInstances')],
];

test.each(without)('not %s: %s', (flag, _what, call) => {
  expect(flagsOf(call)).not.toContain(flag);
});

describe('risk', () => {
  test.each<[string, Wire, string]>([
    ['what is handed out', sts('Action=GetSessionToken'), 'privilege'],
    ['what opens something', ingress('0.0.0.0/0'), 'privilege'],
    ['what runs code', json('ssm', 'AmazonSSM.SendCommand', { DocumentName: 'd' }), 'privilege'],
    [
      'what silences a trail',
      json('cloudtrail', 'com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.StopLogging', { Name: 'm' }),
      'destructive',
    ],
    [
      'what weakens backups by a change',
      rds('Action=ModifyDBInstance&DBInstanceIdentifier=p&BackupRetentionPeriod=0'),
      'destructive',
    ],
    ['deleting tags', ec2('Action=DeleteTags&ResourceId.1=i-1'), 'write'],
    ['deleting one item', dynamodb('DeleteItem', { TableName: 'orders', Key: {} }), 'write'],
  ])('%s', (_what, call, risk) => {
    expect(described(call).risk).toBe(risk);
  });
});

test('a link that is itself presigned says so', () => {
  expect(flagsOf(s3('GET /bkt/k'), { presigned: true })).toEqual(['presigned']);
});

test('an answer that is named like a credential is one until a list says something else', () => {
  const call = { ...unlisted, data: { l: 'r', c: 2 } } as const;
  expect(flagsOfCall(call)).toEqual(['credential-issue']);
  expect(flagsOfCall({ ...unlisted, data: { l: 'r', c: 1 } })).toEqual(['secret-inside']);
  expect(flagsOfCall({ ...unlisted, data: { l: 'r' } })).toEqual([]);
});

const unlisted = {
  service: 'nova',
  operation: 'GetThing',
  input: {},
  request: { method: 'POST', path: '/', query: '', headers: [] },
  context,
  serviceData: undefined,
};
