import type { Answer } from './answer.js';
import { formRead, inputText, jsonRead, type Read } from './read.js';
import type { Preview, Waited } from './table.js';

const input = ({ identified }: Waited, name: string): string => inputText(identified.input, name);

/** One read, and what it says in one line. */
const one = (read: (call: Waited) => Read, tell: (answer: Answer) => string): Preview => ({
  reads: (call) => [read(call)],
  tell: ([answer]) => [
    answer?.ok
      ? tell(answer)
      : answer === undefined
        ? 'it cannot be looked at'
        : `it cannot be looked at: ${answer.errorCode ?? answer.head.status}`,
  ],
});

const said = (answer: Answer, paths: Readonly<Record<string, string>>): string =>
  Object.entries(paths)
    .map(([label, path]) => `${label} ${answer.text(path) ?? '?'}`)
    .join(', ');

export const jsonPreviews: readonly (readonly [string, Preview])[] = [
  [
    'dynamodb:DeleteTable',
    one(
      (call) => jsonRead(call.scope, 'DynamoDB_20120810.DescribeTable', { TableName: input(call, 'TableName') }, '1.0'),
      (answer) =>
        said(answer, {
          'the table holds about items:': 'Table.ItemCount',
          'bytes:': 'Table.TableSizeBytes',
          'status:': 'Table.TableStatus',
          'deletion protection:': 'Table.DeletionProtectionEnabled',
        }),
    ),
  ],
  [
    'kms:ScheduleKeyDeletion',
    one(
      (call) => jsonRead(call.scope, 'TrentService.DescribeKey', { KeyId: input(call, 'KeyId') }),
      (answer) =>
        said(answer, {
          'the key is': 'KeyMetadata.KeyState',
          for: 'KeyMetadata.KeyUsage',
          'described as': 'KeyMetadata.Description',
        }),
    ),
  ],
  [
    'secretsmanager:DeleteSecret',
    one(
      (call) => jsonRead(call.scope, 'secretsmanager.DescribeSecret', { SecretId: input(call, 'SecretId') }),
      (answer) =>
        said(answer, {
          'the secret is': 'Name',
          'described as': 'Description',
          'last used': 'LastAccessedDate',
          rotated: 'LastRotatedDate',
        }),
    ),
  ],
  [
    'cloudformation:DeleteStack',
    {
      reads: (call) => [
        formRead(call.scope, 'DescribeStacks', '2010-05-15', { StackName: input(call, 'StackName') }),
        formRead(call.scope, 'ListStackResources', '2010-05-15', { StackName: input(call, 'StackName') }),
      ],
      tell: ([stack, resources]) => [
        stack?.ok
          ? `the stack is ${stack.first('StackStatus') ?? '?'}, made ${stack.first('CreationTime') ?? '?'}`
          : 'the stack cannot be described',
        resources?.ok
          ? `with it go: ${
              resources
                .all('ResourceType')
                .map(({ text }) => text)
                .slice(0, 30)
                .join(', ') || 'no resources'
            }`
          : 'its resources cannot be listed',
      ],
    },
  ],
  [
    'rds:DeleteDBInstance',
    one(
      (call) =>
        formRead(call.scope, 'DescribeDBInstances', '2014-10-31', {
          DBInstanceIdentifier: input(call, 'DBInstanceIdentifier'),
        }),
      (answer) =>
        `the instance is ${answer.first('DBInstanceStatus') ?? '?'}, ${answer.first('Engine') ?? '?'}, ${answer.first('AllocatedStorage') ?? '?'} GB, deletion protection ${answer.first('DeletionProtection') ?? '?'}, restorable until ${answer.first('LatestRestorableTime') ?? '?'}`,
    ),
  ],
  ...(['DeleteQueue', 'PurgeQueue'] as const).map(
    (name) =>
      [
        `sqs:${name}`,
        one(
          (call) =>
            jsonRead(
              call.scope,
              'AmazonSQS.GetQueueAttributes',
              { QueueUrl: input(call, 'QueueUrl'), AttributeNames: ['ApproximateNumberOfMessages'] },
              '1.0',
            ),
          (answer) => `the queue holds about ${answer.text('Attributes.ApproximateNumberOfMessages') ?? '?'} messages`,
        ),
      ] as const,
  ),
];
