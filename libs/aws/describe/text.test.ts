import { loadParser } from '@sallyport/sql';
import { beforeAll, expect, test } from 'vitest';
import { described, dynamodb, ec2, iam, json, rds } from './calls.fixture.js';

beforeAll(loadParser);

const textOf = (...args: Parameters<typeof described>) => described(...args).text;

test('a call reads as what is done to what, where, and how', () => {
  expect(textOf(dynamodb('DeleteTable', { TableName: 'orders' }))).toBe(
    'dynamodb:DeleteTable orders in eu-west-1 (TableName=orders)',
  );
  expect(textOf(ec2('Action=TerminateInstances&InstanceId.1=i-1&InstanceId.2=i-2'))).toBe(
    'ec2:TerminateInstances i-1, i-2 in eu-west-1 (InstanceId=[i-1, i-2])',
  );
  expect(textOf(json('logs', 'Logs_20140328.DeleteLogGroup', { logGroupName: '/aws/x' }))).toBe(
    'logs:DeleteLogGroup /aws/x in eu-west-1 (logGroupName=/aws/x)',
  );
});

test('what the models mark or a name tells to be secret is hidden', () => {
  expect(textOf(rds('Action=ModifyDBInstance&DBInstanceIdentifier=prod&MasterUserPassword=verysecret'))).toContain(
    'MasterUserPassword=[hidden]',
  );
  expect(
    textOf(json('secretsmanager', 'secretsmanager.PutSecretValue', { SecretId: 's', SecretString: 'verysecret' })),
  ).not.toContain('verysecret');
  expect(textOf(json('ssm', 'AmazonSSM.PutParameter', { Name: 'a', Value: 'verysecret' }))).not.toContain('verysecret');
  expect(textOf(iam('Action=ChangePassword&OldPassword=verysecret&NewPassword=verysecret'))).not.toContain(
    'verysecret',
  );
  expect(textOf(dynamodb('PutItem', { TableName: 't', Item: { api_key: { S: 'verysecret' } } }))).not.toContain(
    'verysecret',
  );
});

test('what names a secret is not hidden', () => {
  expect(textOf(json('secretsmanager', 'secretsmanager.DescribeSecret', { SecretId: 'prod/db' }))).toContain(
    'SecretId=prod/db',
  );
  expect(textOf(ec2('Action=DescribeInstances&NextToken=abc'))).toContain('NextToken=abc');
});

test('a command is shown to the reviewer, with secrets in it found by detectors', () => {
  const text = textOf(
    json('ssm', 'AmazonSSM.SendCommand', {
      DocumentName: 'd',
      Parameters: { commands: ['mysql -phunter2', 'rm -rf /'] },
    }),
  );
  expect(text).toContain('rm -rf /');
  expect(text).not.toContain('hunter2');
});

test('user data is shown decoded', () => {
  const data = encodeURIComponent(Buffer.from('#!/bin/sh\ncurl http://x\necho hunter2').toString('base64'));
  const text = textOf(ec2(`Action=RunInstances&ImageId=ami-1&MinCount=1&MaxCount=1&UserData=${data}`));
  expect(text).toContain('#!/bin/sh\\ncurl http://x');
  expect(text).not.toContain('hunter2');
});

test('a value that is cut is searched for secrets before it is', () => {
  expect(
    textOf(dynamodb('PutItem', { TableName: 't', Item: { a: { S: `${'x'.repeat(396)}hunter2` } } })),
  ).not.toContain('hunt');
});

test('nothing in a name can look like something else', () => {
  const text = textOf(dynamodb('DeleteTable', { TableName: 'a\u202eb\u200b\r\nc' }));
  expect(text).toMatch(/^[\x20-\x7e]*$/);
  expect(text).toContain('\\u202e');
});

test('it stays one line of at most 2,000 characters', () => {
  const item = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`k${at}`, { S: 'y'.repeat(500) }]));
  const text = textOf(dynamodb('PutItem', { TableName: 't', Item: item }));
  expect(text.length).toBeLessThanOrEqual(2_000);
  expect(text).not.toContain('\n');
});
