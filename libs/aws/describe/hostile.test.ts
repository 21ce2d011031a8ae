/** Names that try to be more than one thing: they must not widen what is described. */
import { loadParser } from '@sallyport/sql';
import { beforeAll, describe, expect, test } from 'vitest';
import { describeAs, described, dynamodb, ec2, flagsOf, json, s3 } from './calls.fixture.js';

beforeAll(loadParser);

const unresolved = 'resource-unresolved';

describe('names of tables', () => {
  test.each<[string, string]>([
    ['or*ders', 'or${*}ders'],
    ['or?ders', 'or${?}ders'],
    ['${aws:username}', '${$}{aws:username}'],
    ['orders,payroll', 'orders,payroll'],
    ['a\u0000b', 'a?b'],
    ['a\nb', 'a?b'],
    ['../payroll', '../payroll'],
    ['a/../b', 'a/../b'],
    ['%2e%2e/payroll', '%2e%2e/payroll'],
    ['a\\b', 'a\\b'],
  ])('%j is marked, and stands for itself alone', (name, text) => {
    const call = dynamodb('DeleteTable', { TableName: name });
    expect(described(call).resources).toEqual([`arn:aws:dynamodb:eu-west-1:111122223333:table/${text}`]);
    expect(flagsOf(call)).toContain(unresolved);
  });

  test('an ARN with wildcards is no wider than it is written', () => {
    const call = dynamodb('GetItem', { TableName: 'arn:aws:dynamodb:*:*:table/*' });
    expect(described(call).resources).toEqual(['arn:aws:dynamodb:${*}:${*}:table/${*}']);
    expect(flagsOf(call)).toContain(unresolved);
  });

  test('a list of text where one text belongs is not passed over', () => {
    const call = dynamodb('GetItem', { TableName: ['orders'] });
    expect(described(call).resources).toEqual(['arn:aws:dynamodb:eu-west-1:111122223333:table/*']);
  });

  test('a member in another case counts: whether AWS reads it is not known', () => {
    const call = dynamodb('GetItem', { tablename: 'payroll' });
    expect(described(call).resources).toEqual(['arn:aws:dynamodb:eu-west-1:111122223333:table/payroll']);
  });
});

describe('keys of objects', () => {
  test.each<[string, string, boolean]>([
    ['/app-data/public/a*b', 'public/a${*}b', false],
    ['/app-data/public/a,b;c', 'public/a,b;c', false],
    ['/app-data/public/%F0%9F%98%80', 'public/😀', false],
    ['/app-data/public/../private/x', 'public/../private/x', true],
    ['/app-data/public/./x', 'public/./x', true],
    ['/app-data//private/x', '/private/x', true],
    ['/app-data/public//x', 'public//x', true],
    ['/app-data/public/%252e%252e/x', 'public/%2e%2e/x', true],
    ['/app-data/public/a%0ab', 'public/a?b', true],
  ])('%s is the object %s', (path, key, marked) => {
    const call = s3(`GET ${path}`);
    expect(described(call).resources).toEqual([`arn:aws:s3:::app-data/${key}`]);
    expect(flagsOf(call).includes(unresolved)).toBe(marked);
  });
});

test('a copy names where it comes from, however it is written', () => {
  for (const source of ['/app-data/private%2Fsecret', 'app-data/private/secret', 'app-data%2Fprivate%2Fsecret'])
    expect(described(s3('PUT /other/x', { headers: [['x-amz-copy-source', source]] })).resources).toContain(
      'arn:aws:s3:::app-data/private/secret',
    );
});

describe('many resources', () => {
  const ids = (count: number) =>
    Array.from({ length: count }, (_, index) => `InstanceId.${index + 1}=i-${index}`).join('&');

  test('are all listed up to 500', () => {
    const call = ec2(`Action=TerminateInstances&${ids(500)}`);
    expect(described(call).resources).toHaveLength(500);
    expect(flagsOf(call)).not.toContain('resources-cut');
  });

  test('beyond that the list ends with a star, so that no list of allowed ones contains it', () => {
    const call = ec2(`Action=TerminateInstances&${ids(501)}`);
    expect(described(call).resources).toHaveLength(501);
    expect(described(call).resources.at(-1)).toBe('*');
    expect(flagsOf(call)).toContain('resources-cut');
  });
});

test('a change that does not say what it is about is marked; a list of everything is not', () => {
  expect(flagsOf(json('sqs', 'AmazonSQS.PurgeQueue', { QueueUrl: 'https://elsewhere.test/jobs' }))).toContain(
    unresolved,
  );
  expect(flagsOf(dynamodb('DeleteTable', {}))).toContain(unresolved);
  expect(flagsOf(dynamodb('ListTables', {}))).not.toContain(unresolved);
});

test('a name where ARNs have an id stands for any of them', () => {
  const call = ec2('Action=DeleteSecurityGroup&GroupName=prod');
  expect(described(call).resources).toEqual(['arn:aws:ec2:eu-west-1:111122223333:security-group/*']);
  expect(flagsOf(call)).toContain(unresolved);
});

test('a body that nobody has read makes a change unknown, and an object is only said to be unread', () => {
  const put = s3('PUT /app-data/x', { body: null });
  expect(described(put, { bodyStreams: true })).toMatchObject({ risk: 'write' });
  expect(flagsOf(put, { bodyStreams: true })).toEqual(['body-not-inspected']);
  expect(described(dynamodb('GetItem', { TableName: 'orders' }), { bodyStreams: true }).risk).toBe('unknown');
});

test('an operation that the models do not have is unknown', () => {
  const identified = {
    identified: true,
    service: 'nova',
    operation: 'ListThings',
    protocol: 'json',
    input: {},
    candidates: [],
  } as const;
  const description = describeAs(identified);
  expect(description).toMatchObject({ risk: 'unknown', actions: ['nova:ListThings'], resources: ['*'] });
  expect(description.facts['flags']).toEqual(['unlisted-action']);
});

test('a request that may be two operations needs what both need', () => {
  const both = [
    { service: 'dynamodb', operation: 'ListTables' },
    { service: 'dynamodb', operation: 'DeleteTable' },
  ];
  const description = describeAs({
    identified: true,
    service: 'dynamodb',
    operation: 'ListTables',
    protocol: 'json',
    input: { TableName: 'orders' },
    candidates: both,
  });
  expect(description).toMatchObject({
    risk: 'destructive',
    actions: ['dynamodb:ListTables', 'dynamodb:DeleteTable'],
    facts: { candidates: 2 },
  });
  expect(description.resources).toContain('arn:aws:dynamodb:eu-west-1:111122223333:table/orders');
  expect(description.facts['flags']).toEqual(['ambiguous', 'data-delete']);
});

test('whatever the input holds, describing comes to an end and to a bounded text', () => {
  const strange: unknown[] = [
    null,
    true,
    1,
    'x'.repeat(100_000),
    [],
    [[[]]],
    { '': '' },
    { member: { 1: { 2: null } } },
    Object.fromEntries(Array.from({ length: 2_000 }, (_, at) => [`k${at}`, at])),
  ];
  for (const operation of ['GetItem', 'BatchWriteItem', 'TransactWriteItems', 'ExecuteStatement', 'DeleteTable'])
    for (const value of strange) {
      const input = { TableName: value, RequestItems: value, TransactItems: value, Statement: value };
      const { text, resources } = describeAs({
        identified: true,
        service: 'dynamodb',
        operation,
        protocol: 'json',
        input,
        candidates: [],
      });
      expect(text.length).toBeLessThanOrEqual(2_000);
      expect(resources.length).toBeLessThanOrEqual(501);
    }
});

describe('sources of copies', () => {
  const copy = (source: string) => s3('PUT /app-data/copy', { headers: [['x-amz-copy-source', source]] });
  test.each<[string, string, boolean]>([
    ['/other/public/a', 'other/public/a', false],
    ['other/public/a%20b?versionId=v1', 'other/public/a b', false],
    ['other/public/a%2Bb', 'other/public/a+b', false],
    // S3 may take it for a space or for itself.
    ['other/public/a+b', 'other/public/a+b', true],
    // S3 may see a version here, of another object.
    ['other/public/a%3FversionId=v1', 'other/public/a${?}versionId=v1', true],
    ['other/public/a?x', 'other/public/a${?}x', true],
  ])('%s is the object %s', (source, resource, marked) => {
    expect(described(copy(source)).resources).toContain(`arn:aws:s3:::${resource}`);
    expect(flagsOf(copy(source)).includes(unresolved)).toBe(marked);
  });
});
