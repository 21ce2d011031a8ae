/** What no table can say: whom policies and grants let in, and what stays open where nothing is said. */
import type { Call } from '../call.js';
import { has, isOn, valuesAt } from '../members.js';
import type { AwsFlag } from './names.js';
import { reachOfInput, type Texts, textsIn } from './policy-documents.js';
import { operationSet } from './table.js';

const blocks = ['BlockPublicAcls', 'IgnorePublicAcls', 'BlockPublicPolicy', 'RestrictPublicBuckets'];
const everyGroup = /groups\/global\/(AllUsers|AuthenticatedUsers)/i;

/** A member that is not there is off. */
const opensBlock = ({ service, operation, input }: Call): boolean =>
  operation === 'PutPublicAccessBlock' &&
  ['s3', 's3control'].includes(service) &&
  !blocks.every((name) => isOn(input, name) || isOn(input, `PublicAccessBlockConfiguration.${name}`));

const alwaysOpens: Readonly<Record<string, readonly string[]>> = {
  s3: ['DeletePublicAccessBlock'],
  s3control: ['DeletePublicAccessBlock'],
  ec2: [
    'DisableImageBlockPublicAccess',
    'DisableSnapshotBlockPublicAccess',
    'ModifyVpcBlockPublicAccessOptions',
    'DeleteVpcBlockPublicAccessExclusion',
    'CreateVpcBlockPublicAccessExclusion',
  ],
  ssm: ['ResetServiceSetting'],
};

const grantsEverybody = ({ service, request }: Call, { texts }: Texts): boolean =>
  service === 's3' &&
  (request.headers.some(
    ([name, value]) =>
      (name.startsWith('x-amz-grant-') && everyGroup.test(value)) ||
      (name === 'x-amz-acl' && /^(public-|authenticated-read)/i.test(value)),
  ) ||
    texts.some((text) => everyGroup.test(text)));

const grantees = ['ID', 'EmailAddress'].map((name) => `AccessControlPolicy.AccessControlList|Grants[].Grantee.${name}`);

/** Grants to accounts by id or address, in headers or in the body of an ACL. */
const grantsOthers = ({ service, input, request }: Call): boolean =>
  service === 's3' &&
  (request.headers.some(([name, value]) => name.startsWith('x-amz-grant-') && /(id|emailaddress)\s*=/i.test(value)) ||
    grantees.some((path) => has(input, path)));

/** What they carry are data of applications: a text in it that reads like a policy is none. */
const carriesData = operationSet({
  dynamodb:
    'BatchWriteItem PutItem UpdateItem TransactWriteItems ExecuteStatement BatchExecuteStatement ExecuteTransaction',
  sqs: 'SendMessage SendMessageBatch',
  sns: 'Publish PublishBatch',
  kinesis: 'PutRecord PutRecords',
  firehose: 'PutRecord PutRecordBatch',
  logs: 'PutLogEvents',
  events: 'PutEvents',
  'bedrock-runtime': 'ApplyGuardrail Converse ConverseStream InvokeModel InvokeModelWithResponseStream',
  'rds-data': 'ExecuteStatement BatchExecuteStatement',
});

export const specialFlags = (call: Call): AwsFlag[] => {
  if (call.data?.l === 'r' || carriesData.has(call)) return [];
  const texts = textsIn(call.input);
  const reach = reachOfInput(texts, call.context.account);
  const opens =
    opensBlock(call) || alwaysOpens[call.service]?.includes(call.operation) === true || grantsEverybody(call, texts);
  const shares = reach.others || grantsOthers(call) || sharesByMember(call);
  return [
    ...(opens || reach.everybody ? (['public-exposure'] as const) : []),
    ...(shares ? (['cross-account-share'] as const) : []),
  ];
};

/** Accounts named in the members that services use for sharing, other than the caller's own. */
const shareMembers = [
  'ValuesToAdd|AttributeValue[]',
  'AccountIdsToAdd[]',
  'AWSAccountIds|AWSAccountId[]',
  'UserIds|UserId[]',
  'Principal',
  'principals[]',
  'AccountWithRestoreAccess',
  'Account',
  'targetAccountId',
];
const sharing =
  /^(Modify\w*(Attribute|Permission)|Add\w*Permission|PutPermission|Authorize\w*|Share\w*|CreateResourceShare)$/;

const sharesByMember = ({ operation, input, context }: Call): boolean =>
  sharing.test(operation) &&
  shareMembers
    .flatMap((path) => valuesAt(input, path))
    .some(
      (value) =>
        typeof value === 'string' &&
        /(^|:)\d{12}(:|$)/.test(value) &&
        (context.account === undefined || !value.includes(context.account)),
    );
