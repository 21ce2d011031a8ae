/** Flags that depend on what a call asks for, by member: data, read from top to bottom. */
import type { OperationName } from '../../types.js';
import type { Call } from '../call.js';
import { has, isOff, isOn, textsAt } from '../members.js';
import type { AwsFlag } from './names.js';

type When = 'on' | 'off' | 'given' | 'absent' | RegExp;

export interface Condition {
  readonly services: string;
  /** Names of operations, or how they begin where one ends in `*`. */
  readonly operations: string;
  readonly path: string;
  readonly when: When;
  readonly flag: AwsFlag;
}

const condition = (services: string, operations: string, path: string, when: When, flag: AwsFlag): Condition => ({
  services,
  operations,
  path,
  when,
  flag,
});

/** Networks so wide that they are the internet: less than eight bits are fixed. */
const everywhere = /\/[0-7]$/;
const databases = 'rds docdb neptune redshift redshift-serverless';

export const conditions: readonly Condition[] = [
  condition('s3', '*', 'ACL', /^(public-read|public-read-write|authenticated-read)$/, 'public-exposure'),
  condition('s3', 'PutBucketVersioning', 'VersioningConfiguration.Status', /^suspended$/i, 'backup-delete'),
  condition('s3', 'PutBucketLogging', 'BucketLoggingStatus.LoggingEnabled', 'absent', 'log-tamper'),
  condition('s3', '*', 'BypassGovernanceRetention', 'on', 'backup-delete'),
  condition('ec2', 'ModifySnapshotAttribute', 'CreateVolumePermission.Add[].Group', /^all$/i, 'public-exposure'),
  condition('ec2', 'ModifySnapshotAttribute', 'GroupNames|UserGroup[]', /^all$/i, 'public-exposure'),
  condition('ec2', 'ModifySnapshotAttribute', 'CreateVolumePermission.Add[].UserId', 'given', 'cross-account-share'),
  condition('ec2', 'ModifySnapshotAttribute', 'UserIds|UserId[]', 'given', 'cross-account-share'),
  condition(
    'ec2',
    'ModifyImageAttribute ModifyFpgaImageAttribute',
    'LaunchPermission|LoadPermission.Add[].Group',
    /^all$/i,
    'public-exposure',
  ),
  condition(
    'ec2',
    'ModifyImageAttribute ModifyFpgaImageAttribute',
    'UserGroups|UserGroup[]',
    /^all$/i,
    'public-exposure',
  ),
  condition(
    'ec2',
    'ModifyImageAttribute ModifyFpgaImageAttribute',
    'LaunchPermission|LoadPermission.Add[].UserId',
    'given',
    'cross-account-share',
  ),
  condition('ec2', 'ModifyImageAttribute ModifyFpgaImageAttribute', 'UserIds|UserId[]', 'given', 'cross-account-share'),
  condition('ec2', 'ModifyImageAttribute', 'LaunchPermission.Add[].OrganizationArn', 'given', 'cross-account-share'),
  condition('ec2', 'AuthorizeSecurityGroupIngress', 'CidrIp', everywhere, 'public-exposure'),
  condition('ec2', 'AuthorizeSecurityGroupIngress', 'IpPermissions[].IpRanges[].CidrIp', everywhere, 'public-exposure'),
  condition(
    'ec2',
    'AuthorizeSecurityGroupIngress',
    'IpPermissions[].Ipv6Ranges[].CidrIpv6',
    everywhere,
    'public-exposure',
  ),
  condition(
    'ec2',
    'AuthorizeSecurityGroupIngress',
    'IpPermissions[].PrefixListIds[].PrefixListId',
    'given',
    'public-exposure',
  ),
  condition(
    'ec2',
    'ModifySecurityGroupRules',
    'SecurityGroupRules|SecurityGroupRule[].SecurityGroupRule.CidrIpv4',
    everywhere,
    'public-exposure',
  ),
  condition(
    'ec2',
    'ModifySecurityGroupRules',
    'SecurityGroupRules|SecurityGroupRule[].SecurityGroupRule.CidrIpv6',
    everywhere,
    'public-exposure',
  ),
  condition('ec2', 'ModifySubnetAttribute', 'MapPublicIpOnLaunch.Value', 'on', 'public-exposure'),
  condition('ec2', 'DescribeInstanceAttribute', 'Attribute', /^userData$/i, 'secret-read'),
  condition('ec2', 'DescribeSnapshotAttribute', 'Attribute', /^userData$/i, 'secret-read'),
  condition('ec2', 'ModifyInstanceAttribute', 'UserData', 'given', 'indirect-execution'),
  condition('ec2', 'ModifyInstanceAttribute', 'Attribute', /^userData$/i, 'indirect-execution'),
  condition('ec2', 'ModifyInstanceMetadataOptions', 'HttpTokens', /^optional$/i, 'privilege-escalation'),
  condition(databases, '*', 'PubliclyAccessible', 'on', 'public-exposure'),
  condition('dms', '*', 'PubliclyAccessible', 'on', 'public-exposure'),
  condition('mq', '*', 'publiclyAccessible', 'on', 'public-exposure'),
  condition(
    'apprunner',
    '*',
    'NetworkConfiguration.IngressConfiguration.IsPubliclyAccessible',
    'on',
    'public-exposure',
  ),
  condition(
    'rds docdb neptune',
    'ModifyDBSnapshotAttribute ModifyDBClusterSnapshotAttribute',
    'ValuesToAdd|AttributeValue[]',
    /^all$/i,
    'public-exposure',
  ),
  condition('rds docdb neptune', 'Modify* Create*', 'BackupRetentionPeriod', /^0$/, 'backup-delete'),
  condition('redshift', 'ModifyCluster CreateCluster', 'AutomatedSnapshotRetentionPeriod', /^0$/, 'backup-delete'),
  condition('elasticache memorydb', 'Modify* Update*', 'SnapshotRetentionLimit', /^0$/, 'backup-delete'),
  condition(
    `${databases} elasticache lightsail`,
    '*',
    'MasterUserPassword|AdminUserPassword',
    'given',
    'credential-issue',
  ),
  condition('rds docdb', '*', 'RotateMasterUserPassword', 'on', 'credential-issue'),
  condition('elasticache memorydb', '*', 'AuthToken', 'given', 'credential-issue'),
  condition('elasticache memorydb', '*', 'Passwords[]', 'given', 'credential-issue'),
  condition(
    'opensearch es',
    '*',
    'AdvancedSecurityOptions.MasterUserOptions.MasterUserPassword',
    'given',
    'credential-issue',
  ),
  condition(
    'dynamodb',
    'UpdateContinuousBackups',
    'PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled',
    'off',
    'backup-delete',
  ),
  condition('dynamodb', 'BatchWriteItem', 'RequestItems{}[].DeleteRequest', 'given', 'data-delete'),
  condition('dynamodb', 'TransactWriteItems', 'TransactItems[].Delete', 'given', 'data-delete'),
  condition(
    'ssm',
    'GetParameter GetParameters GetParametersByPath GetParameterHistory',
    'WithDecryption',
    'on',
    'secret-read',
  ),
  condition('apigateway', 'GetApiKey GetApiKeys', 'includeValue|includeValues', 'on', 'secret-read'),
  condition('ssm', 'ModifyDocumentPermission', 'AccountIdsToAdd[]', /^all$/i, 'public-exposure'),
  condition('ssm', 'UpdateServiceSetting', 'SettingId', /public-sharing/i, 'public-exposure'),
  condition(
    'lambda',
    'CreateFunctionUrlConfig UpdateFunctionUrlConfig AddPermission',
    'AuthType|FunctionUrlAuthType',
    /^none$/i,
    'public-exposure',
  ),
  condition('lambda', 'AddPermission AddLayerVersionPermission', 'Principal', /^\*$/, 'public-exposure'),
  condition('lambda', 'RemovePermission DeleteFunctionConcurrency', 'FunctionName', 'given', 'privilege-escalation'),
  condition('events', 'PutPermission', 'Principal', /^\*$/, 'public-exposure'),
  condition('sns sqs', 'AddPermission', 'AWSAccountId|AWSAccountIds[]', /\*/, 'public-exposure'),
  condition('ecr-public', 'CreateRepository', 'repositoryName', 'given', 'public-exposure'),
  condition(
    'eks',
    'CreateCluster UpdateClusterConfig',
    'resourcesVpcConfig.endpointPublicAccess',
    'on',
    'public-exposure',
  ),
  condition(
    'eks',
    'CreateCluster UpdateClusterConfig',
    'resourcesVpcConfig.publicAccessCidrs[]',
    everywhere,
    'public-exposure',
  ),
  condition('eks', 'UpdateClusterConfig', 'logging', 'given', 'log-tamper'),
  condition(
    'kafka',
    'UpdateConnectivity CreateCluster CreateClusterV2',
    'connectivityInfo.publicAccess.type',
    /^service_provided/i,
    'public-exposure',
  ),
  condition(
    'emr',
    'PutBlockPublicAccessConfiguration',
    'BlockPublicAccessConfiguration.BlockPublicSecurityGroupRules',
    'off',
    'public-exposure',
  ),
  condition('lightsail', 'OpenInstancePublicPorts PutInstancePublicPorts', 'instanceName', 'given', 'public-exposure'),
  condition('lightsail', 'UpdateBucket', 'accessRules.getObject', /^public$/i, 'public-exposure'),
  condition('quicksight', 'UpdatePublicSharingSettings', 'PublicSharingEnabled', 'on', 'public-exposure'),
  condition('secretsmanager', 'DeleteSecret', 'ForceDeleteWithoutRecovery', 'on', 'data-delete'),
  condition('secretsmanager', 'PutResourcePolicy', 'BlockPublicPolicy', 'off', 'public-exposure'),
  condition('elbv2', 'ModifyLoadBalancerAttributes', 'Attributes[].Key', /^access_logs/i, 'log-tamper'),
  condition('elb', 'ModifyLoadBalancerAttributes', 'LoadBalancerAttributes.AccessLog.Enabled', 'off', 'log-tamper'),
  condition(
    'cloudcontrol',
    'CreateResource UpdateResource DeleteResource',
    'TypeName',
    /^AWS::(IAM|SSO|Organizations|IdentityStore|RolesAnywhere)::/i,
    'privilege-escalation',
  ),
  condition(
    'cloudcontrol',
    'CreateResource UpdateResource',
    'TypeName',
    /^AWS::IAM::(AccessKey|VirtualMFADevice|ServerCertificate)$/i,
    'credential-issue',
  ),
  condition('cloudcontrol', 'GetResource', 'TypeName', /^AWS::(SecretsManager|SSM)::/i, 'secret-read'),
  condition(
    'cloudformation',
    'CreateStack UpdateStack CreateChangeSet CreateStackSet UpdateStackSet',
    'Capabilities[]',
    /IAM$/,
    'privilege-escalation',
  ),
  condition(
    'iam',
    'UpdateAccessKey UpdateServiceSpecificCredential UpdateSSHPublicKey',
    'Status',
    /^active$/i,
    'privilege-escalation',
  ),
  condition(
    'athena',
    'UpdateWorkGroup',
    'ConfigurationUpdates.ResultConfigurationUpdates.OutputLocation',
    'given',
    'bulk-data-movement',
  ),
];

const matches = (names: string, name: string): boolean =>
  names.split(' ').some((each) => (each.endsWith('*') ? name.startsWith(each.slice(0, -1)) : each === name));

const byService = new Map<string, Condition[]>();
for (const each of conditions)
  for (const service of each.services.split(' ')) byService.set(service, [...(byService.get(service) ?? []), each]);

const holds = ({ input }: Call, { path, when }: Condition): boolean => {
  if (when === 'on') return isOn(input, path);
  if (when === 'off') return isOff(input, path);
  if (when === 'given') return has(input, path);
  if (when === 'absent') return !has(input, path);
  return textsAt(input, path).some((text) => when.test(text));
};

/** Those that may hold for an operation, whatever it asks for. */
export const conditionsOf = ({ service, operation }: OperationName): readonly Condition[] =>
  (byService.get(service) ?? []).filter(({ operations }) => matches(operations, operation));

export const conditionalFlags = (call: Call, possible: readonly Condition[]): AwsFlag[] => [
  ...possible.filter((each) => holds(call, each)).map(({ flag }) => flag),
  // Elsewhere nobody may look at a member of that name.
  ...(call.data?.d === 1 && isOn(call.input, 'DryRun') ? (['dry-run'] as const) : []),
];
