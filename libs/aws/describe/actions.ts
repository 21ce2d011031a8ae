/** The IAM actions that a call needs. */
import { type Call, headerOf } from './call.js';
import { has, isOn, textsAt } from './members.js';
import { passesRole } from './roles.js';
import { transactionActions } from './special/dynamodb.js';
import { sourcesOf } from './special/s3.js';
import { partiqlActions } from './sql/partiql.js';

/** @returns of one candidate: what the build step found, with what the request's own members add */
export const actionsOf = (call: Call): string[] => {
  const usual = call.data?.a ?? [`${call.serviceData?.prefix ?? call.service}:${call.operation}`];
  const special = specialActions[call.service]?.(call, usual) ?? usual;
  return [...new Set([...special, ...(passesRole(call) ? ['iam:PassRole'] : [])])];
};

type SpecialActions = (call: Call, usual: readonly string[]) => readonly string[];

const dynamodbActions: SpecialActions = ({ operation, input }, usual) => {
  if (operation === 'TransactGetItems' || operation === 'TransactWriteItems') {
    const parts = transactionActions(input);
    return parts.length > 0 ? parts : usual;
  }
  return partiqlActions(operation, input) ?? usual;
};

/** Reading or changing one version of an object asks for an action of its own. */
const versioned: Readonly<Record<string, string>> = {
  's3:GetObject': 's3:GetObjectVersion',
  's3:GetObjectAcl': 's3:GetObjectVersionAcl',
  's3:GetObjectTagging': 's3:GetObjectVersionTagging',
  's3:GetObjectAttributes': 's3:GetObjectVersionAttributes',
  's3:GetObjectTorrent': 's3:GetObjectVersionTorrent',
  's3:PutObjectAcl': 's3:PutObjectVersionAcl',
  's3:PutObjectTagging': 's3:PutObjectVersionTagging',
  's3:DeleteObject': 's3:DeleteObjectVersion',
  's3:DeleteObjectTagging': 's3:DeleteObjectVersionTagging',
};

const writesObject = new Set(['PutObject', 'CopyObject', 'CreateMultipartUpload']);
const aclMembers = ['ACL', 'GrantFullControl', 'GrantRead', 'GrantReadACP', 'GrantWrite', 'GrantWriteACP'];

/** Headers that do more than the operation's name says. */
const objectExtras = ({ operation, input, request }: Call): string[] => {
  const wants = (member: string, header: string) => has(input, member) || headerOf(request, header) !== undefined;
  const acl =
    aclMembers.some((member) => has(input, member)) ||
    request.headers.some(([name]) => /^x-amz-(acl|grant-)/.test(name));
  const bypass =
    isOn(input, 'BypassGovernanceRetention') ||
    /^true$/i.test(headerOf(request, 'x-amz-bypass-governance-retention') ?? '');
  const extras = bypass ? ['s3:BypassGovernanceRetention'] : [];
  if (operation === 'CreateBucket')
    return [
      ...extras,
      ...(acl ? ['s3:PutBucketAcl'] : []),
      ...(wants('ObjectOwnership', 'x-amz-object-ownership') ? ['s3:PutBucketOwnershipControls'] : []),
    ];
  if (!writesObject.has(operation)) return extras;
  return [
    ...extras,
    ...(wants('Tagging', 'x-amz-tagging') ? ['s3:PutObjectTagging'] : []),
    ...(acl ? ['s3:PutObjectAcl'] : []),
    ...(wants('ObjectLockLegalHoldStatus', 'x-amz-object-lock-legal-hold') ? ['s3:PutObjectLegalHold'] : []),
    ...(wants('ObjectLockMode', 'x-amz-object-lock-mode') ? ['s3:PutObjectRetention'] : []),
  ];
};

const s3Actions: SpecialActions = (call, usual) => {
  const { operation, input } = call;
  const hasVersion =
    operation === 'DeleteObjects' ? has(input, 'Delete.Objects|Object[].VersionId') : has(input, 'VersionId');
  const copiesVersion = sourcesOf(call).some(({ version }) => version);
  const own = usual.flatMap((action) => {
    const other = versioned[action];
    if (other === undefined) return [action];
    if (operation === 'CopyObject' || operation === 'UploadPartCopy') return copiesVersion ? [other] : [action];
    // Of several objects some may be named without a version.
    return hasVersion ? (operation === 'DeleteObjects' ? [action, other] : [other]) : [action];
  });
  return [...own, ...objectExtras(call)];
};

const specialActions: Readonly<Record<string, SpecialActions>> = {
  dynamodb: dynamodbActions,
  s3: s3Actions,
  // The login of the database is read under the caller's own permission.
  'rds-data': ({ input }, usual) =>
    textsAt(input, 'secretArn|awsSecretStoreArn').length > 0 ? [...usual, 'secretsmanager:GetSecretValue'] : usual,
  'redshift-data': ({ input }, usual) => [
    ...usual,
    ...(has(input, 'SecretArn') ? ['secretsmanager:GetSecretValue'] : []),
    ...(has(input, 'DbUser') ? ['redshift:GetClusterCredentials'] : []),
  ],
};
