import { describe, expect, test } from 'vitest';
import { answerMembers, isPaging, type MemberNode } from './members.js';

/** Follows names of the wire; lists are stepped into. */
const markAt = (service: string, operation: string, path: string): 'm' | 'l' | undefined => {
  const answer = answerMembers(service, operation);
  let node: MemberNode | 0 | undefined = answer.service.nodes[answer.node];
  for (const name of path.split('.').filter((part) => part !== '')) {
    while (node && node.l !== undefined) node = answer.service.nodes[node.l];
    if (!node || node.x) break;
    const reference: MemberNode['v'] | readonly [number, string] = node.m?.[name] ?? node.v;
    node = answer.service.nodes[typeof reference === 'number' ? reference : (reference?.[0] ?? 0)];
  }
  while (node && node.l !== undefined) node = answer.service.nodes[node.l];
  return node ? node.x : undefined;
};

describe('hidden: what lets its holder in', () => {
  test.each([
    ['sts', 'AssumeRole', 'Credentials.SecretAccessKey', 'm'],
    ['sts', 'AssumeRole', 'Credentials.SessionToken', 'l'],
    ['sts', 'GetSessionToken', 'Credentials.SessionToken', 'l'],
    ['iam', 'CreateAccessKey', 'AccessKey.SecretAccessKey', 'm'],
    ['secretsmanager', 'GetSecretValue', 'SecretString', 'm'],
    ['secretsmanager', 'BatchGetSecretValue', 'SecretValues.SecretBinary', 'm'],
    ['ssm', 'GetParameter', 'Parameter.Value', 'm'],
    ['ssm', 'StartSession', 'TokenValue', 'l'],
    ['ssm', 'GetCommandInvocation', 'StandardOutputContent', 'l'],
    ['kms', 'Decrypt', 'Plaintext', 'm'],
    ['lambda', 'GetFunction', 'Configuration.Environment.Variables', 'm'],
    ['lambda', 'GetFunction', 'Code.Location', 'l'],
    ['lambda', 'GetLayerVersion', 'Content.Location', 'l'],
    ['lambda', 'GetLayerVersionByArn', 'Content.Location', 'l'],
    ['transcribe', 'GetTranscriptionJob', 'TranscriptionJob.Transcript.TranscriptFileUri', 'l'],
    ['transcribe', 'GetCallAnalyticsJob', 'CallAnalyticsJob.Transcript.RedactedTranscriptFileUri', 'l'],
    ['transcribe', 'GetMedicalTranscriptionJob', 'MedicalTranscriptionJob.Transcript.TranscriptFileUri', 'l'],
    ['qbusiness', 'GetDocumentContent', 'presignedUrl', 'l'],
    ['wafv2', 'GenerateMobileSdkReleaseUrl', 'Url', 'l'],
    ['ssm', 'GetAutomationExecution', 'AutomationExecution.TargetLocationsURL', 'l'],
    ['directconnect', 'DescribeRouterConfiguration', 'customerRouterConfig', 'l'],
    ['amplifybackend', 'CreateToken', 'challengeCode', 'l'],
    ['ecr', 'GetAuthorizationToken', 'authorizationData.authorizationToken', 'l'],
    ['ecr-public', 'GetAuthorizationToken', 'authorizationData.authorizationToken', 'l'],
    ['codeartifact', 'GetAuthorizationToken', 'authorizationToken', 'l'],
    ['ec2', 'DescribeInstanceAttribute', 'userData', 'l'],
    ['ec2', 'GetConsoleOutput', 'output', 'l'],
    ['ec2', 'GetPasswordData', 'passwordData', 'm'],
    ['ec2', 'CreateKeyPair', 'keyMaterial', 'm'],
    ['cognito-identity', 'GetCredentialsForIdentity', 'Credentials.SessionToken', 'l'],
    ['lakeformation', 'GetTemporaryGlueTableCredentials', 'SecretAccessKey', 'l'],
    ['lightsail', 'GetInstanceAccessDetails', 'accessDetails.privateKey', 'l'],
    ['apigateway', 'GetApiKeys', 'item.value', 'l'],
    ['appsync', 'ListApiKeys', 'apiKeys.id', 'l'],
    ['elbv2', 'DescribeRules', 'Rules.Actions.AuthenticateOidcConfig.ClientSecret', 'l'],
    ['batch', 'DescribeJobDefinitions', 'jobDefinitions.containerProperties.environment.value', 'l'],
    ['ecs', 'DescribeTaskDefinition', 'taskDefinition.containerDefinitions.environment', 'm'],
    ['codebuild', 'BatchGetProjects', 'projects.environment.environmentVariables.value', 'l'],
    ['elasticbeanstalk', 'DescribeConfigurationSettings', 'ConfigurationSettings.OptionSettings.Value', 'l'],
    ['cloudformation', 'DescribeStacks', 'Stacks.Outputs.OutputValue', 'l'],
    ['cloudformation', 'GetTemplate', 'TemplateBody', 'l'],
    ['glue', 'GetConnection', 'Connection.ConnectionProperties', 'l'],
    ['emr', 'DescribeCluster', 'Cluster.KerberosAttributes.KdcAdminPassword', 'l'],
    ['docdb', 'DescribeDBInstances', 'DBInstances.PendingModifiedValues.MasterUserPassword', 'l'],
    ['rds', 'DescribeDBInstances', 'DBInstances.PendingModifiedValues.MasterUserPassword', 'm'],
    ['athena', 'GetSessionEndpoint', 'AuthToken', 'l'],
    ['gamelift', 'GetComputeAuthToken', 'AuthToken', 'l'],
    ['sagemaker', 'CreatePresignedDomainUrl', 'AuthorizedUrl', 'l'],
    ['redshift', 'GetClusterCredentials', 'DbPassword', 'm'],
    ['sso', 'GetRoleCredentials', 'roleCredentials.sessionToken', 'm'],
  ])('%s:%s %s', (service, operation, path, mark) => {
    expect(markAt(service, operation, path)).toBe(mark);
  });
});

describe('left to detectors: what the models mark and hiding would break', () => {
  test.each([
    ['cognito-idp', 'DescribeUserPoolClient', 'UserPoolClient.ClientId'],
    ['bedrock-runtime', 'InvokeModel', ''],
    ['lambda', 'Invoke', ''],
    ['chime-sdk-messaging', 'ListChannels', 'NextToken'],
    ['ssm', 'GetMaintenanceWindow', 'Description'],
    ['stepfunctions', 'DescribeStateMachine', 'definition'],
  ])('%s:%s %s', (service, operation, path) => {
    expect(markAt(service, operation, path)).toBeUndefined();
  });

  test('names of keys in headers of S3', () => {
    expect(answerMembers('s3', 'GetObject').headers).toEqual({});
  });
});

test('how an operation answers', () => {
  expect(answerMembers('s3', 'GetObject')).toMatchObject({ body: 'raw', payload: 'Body' });
  expect(answerMembers('s3', 'ListObjectsV2').body).toBe('members');
  expect(answerMembers('bedrock-runtime', 'ConverseStream').body).toBe('events');
  expect(answerMembers('lex-runtime', 'PostContent').headers).toMatchObject({ 'x-amz-lex-message': 'm' });
  expect(answerMembers('nothing', 'AtAll')).toMatchObject({ body: 'members', node: 0 });
  expect(answerMembers('s3', 'constructor')).toMatchObject({ body: 'members', node: 0 });
});

test('a shape that holds itself is a node that leads to itself', () => {
  const { service, node } = answerMembers('dynamodb', 'GetItem');
  const item = service.nodes[(service.nodes[node] as MemberNode).m!['Item'] as number] as MemberNode;
  const value = service.nodes[item.v!] as MemberNode;
  const map = service.nodes[value.m!['M'] as number] as MemberNode;
  expect(service.nodes[map.v!]).toEqual(value);
});

test('names of tokens for the next page', () => {
  expect(['NextToken', 'nextToken', 'ContinuationToken'].every(isPaging)).toBe(true);
  expect(['Token', 'SessionToken', 'AccessToken'].some(isPaging)).toBe(false);
});
