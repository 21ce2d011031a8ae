/**
 * Operations that hand out what works without the gateway, and those whose answer is a secret. The build step marks
 * every operation whose answer has members named like a credential; these lists add what has no such name and take out
 * what only looks like it.
 */
import { operationSet } from './table.js';

export const issuesCredential = operationSet({
  sts: 'AssumeRole* AssumeRoot GetSessionToken GetFederationToken GetDelegatedAccessToken GetWebIdentityToken',
  iam: `CreateAccessKey UpdateAccessKey CreateLoginProfile UpdateLoginProfile CreateServiceSpecificCredential ResetServiceSpecificCredential
    UpdateServiceSpecificCredential UploadSSHPublicKey UpdateSSHPublicKey UploadSigningCertificate UpdateSigningCertificate
    UploadServerCertificate CreateVirtualMFADevice EnableMFADevice DeactivateMFADevice ResyncMFADevice ChangePassword AcquireRole
    SendDelegationToken`,
  'cognito-identity': 'GetCredentialsForIdentity GetOpenIdToken GetOpenIdTokenForDeveloperIdentity',
  'cognito-idp': `AdminInitiateAuth AdminRespondToAuthChallenge InitiateAuth RespondToAuthChallenge GetTokensFromRefreshToken GetClientToken
    AdminSetUserPassword`,
  sso: 'GetRoleCredentials',
  'sso-oidc': 'CreateToken CreateTokenWithIAM RegisterClient StartDeviceAuthorization',
  signin: 'CreateOAuth2Token CreateOAuth2TokenWithIAM',
  ecr: 'GetAuthorizationToken',
  'ecr-public': 'GetAuthorizationToken',
  codeartifact: 'GetAuthorizationToken',
  codecatalyst: 'CreateAccessToken StartDevEnvironmentSession',
  codebuild: 'StartSandboxConnection',
  codepipeline: 'GetJobDetails GetThirdPartyJobDetails PollForJobs PollForThirdPartyJobs',
  eks: 'CreateAccessEntry AssociateAccessPolicy',
  'eks-auth': 'AssumeRoleForPodIdentity',
  'emr-containers': 'GetManagedEndpointSessionCredentials',
  emr: 'GetClusterSessionCredentials GetOnClusterAppUIPresignedURL GetPersistentAppUIPresignedURL GetSessionEndpoint',
  'emr-serverless': 'GetSessionEndpoint GetDashboardForJobRun GetResourceDashboard',
  lightsail: `CreateBucketAccessKey CreateContainerServiceRegistryLogin CreateKeyPair DownloadDefaultKeyPair GetBucketAccessKeys
    GetInstanceAccessDetails GetRelationalDatabaseMasterUserPassword ImportKeyPair`,
  redshift: 'GetClusterCredentials GetClusterCredentialsWithIAM GetIdentityCenterAuthToken',
  'redshift-serverless': 'GetCredentials GetIdentityCenterAuthToken',
  s3: 'CreateSession',
  s3control: 'GetDataAccess',
  lakeformation: 'AssumeDecoratedRoleWithSAML GetTemporary*',
  ssm: 'StartSession ResumeSession GetAccessToken CreateActivation',
  ecs: 'ExecuteCommand',
  'ec2-instance-connect': 'SendSSHPublicKey SendSerialConsoleSSHPublicKey',
  ec2: 'CreateKeyPair ImportKeyPair',
  iot: 'CreateKeysAndCertificate CreateProvisioningClaim CreateCertificateFromCsr RegisterCertificate* RegisterCACertificate',
  'iot-managed-integrations': 'CreateProvisioningProfile',
  iotsecuretunneling: 'OpenTunnel RotateTunnelAccessToken',
  acm: 'ExportCertificate',
  'acm-pca': 'IssueCertificate',
  rolesanywhere: 'CreateTrustAnchor EnableTrustAnchor UpdateTrustAnchor CreateProfile EnableProfile UpdateProfile',
  sagemaker: 'CreatePresigned* CreateHubContentPresignedUrls StartSession',
  athena: 'CreatePresignedNotebookUrl GetSessionEndpoint',
  kinesisanalyticsv2: 'CreateApplicationPresignedUrl',
  qapps: 'CreatePresignedUrl',
  quicksight: 'GenerateEmbedUrl* GetDashboardEmbedUrl GetSessionEmbedUrl',
  mwaa: 'CreateCliToken CreateWebLoginToken',
  grafana: 'CreateWorkspaceApiKey CreateWorkspaceServiceAccountToken',
  appstream: 'CreateStreamingURL CreateImageBuilderStreamingURL',
  workmail: 'AssumeImpersonationRole',
  datazone: 'GetEnvironmentCredentials GetConnection GetIamPortalLoginUrl',
  deadline: 'Assume*',
  gamelift: 'CreateBuild GetComputeAccess GetComputeAuthToken GetInstanceAccess RequestUploadCredentials',
  gameliftstreams: 'CreateStreamSessionAdminShell CreateStreamUrl GetStreamUrl ListStreamUrls',
  'finspace-data': 'GetExternalDataViewAccessDetails GetProgrammaticAccessCredentials ResetUserPassword',
  'bedrock-agentcore': 'GetResource* GetWorkloadAccessToken*',
  connect: 'CreateAuthCode GetFederationToken StartChatContact',
  'license-manager': 'CreateToken GetAccessToken',
  route53domains: 'RetrieveDomainAuthCode',
  'payment-cryptography': 'ExportKey',
  appsync: 'CreateApiKey',
  apigateway: 'CreateApiKey ImportApiKeys',
  wafv2: 'CreateAPIKey',
  pcs: 'RegisterComputeNodeGroupInstance',
  'pca-connector-scep': 'CreateChallenge GetChallengePassword',
  glue: 'GetSessionEndpoint',
  ds: 'ResetUserPassword',
  mq: 'CreateUser UpdateUser',
  transfer: 'ImportSshPublicKey',
  chime: 'RegenerateSecurityToken',
  cloudwatchomni: 'GetSpaceCredentialsForOrganization',
  'ivs-realtime': 'CreateParticipantToken CreateStage',
  amplifyuibuilder: 'ExchangeCodeForToken RefreshToken',
  connectparticipant: 'CreateParticipantConnection',
  iotwireless: 'AssociateAwsAccountWithPartnerAccount',
  ivschat: 'CreateChatToken',
});

/** Marked by a name in their answer that means something public. */
export const onlyLooksLikeCredential = operationSet({
  'ivs-realtime': 'GetPublicKey ImportPublicKey',
  ec2: 'CreateIpamExternalResourceVerificationToken DeleteIpamExternalResourceVerificationToken DescribeIpamExternalResourceVerificationTokens',
});

/** Among much else their answer has somebody's credential: what they are asked for goes on without it, once it is masked. */
export const holdsCredential = operationSet({
  glue: 'BatchGetJobs GetJob GetJobs',
  iot: 'CreateTopicRuleDestination GetTopicRuleDestination ListTopicRuleDestinations',
  iam: 'ListVirtualMFADevices',
  datazone: 'CreateConnection UpdateConnection',
  connecthealth: 'GetPatientInsightsJob',
  quicksight: 'DescribeOAuthClientApplication',
  wickr: 'GetOidcInfo',
  amplifybackend: 'GetBackendAuth',
  taxsettings: 'GetTaxRegistration ListTaxRegistrations',
});

/** Their answer is a link that is signed, to one document or upload. */
export const signsLink = operationSet({
  artifact: 'ExportComplianceInquiry GetReport GetTermForReport',
  'bedrock-agent-runtime': 'GetDocumentContent',
  qbusiness: 'GetDocumentContent',
  'bedrock-agentcore-control': 'GetDataset',
  'cognito-idp': 'CreateUserImportJob DescribeUserImportJob ListUserImportJobs StartUserImportJob StopUserImportJob',
  connect: 'GetPromptFile GetAttachedFile StartAttachedFileUpload',
  connectparticipant: 'GetAttachment StartAttachmentUpload',
  dataexchange: 'CreateJob GetJob ListJobs',
  ecr: 'GetDownloadUrlForLayer',
  gamelift: 'DescribeFleetEvents GetGameSessionLogUrl',
  greengrassv2: 'GetComponentVersionArtifact',
  groundstation: 'GetAgentTaskResponseUrl',
  m2: 'GetSignedBluinsightsUrl',
  mailmanager: 'CreateAddressListImportJob GetAddressListImportJob ListAddressListImportJobs',
  'marketplace-reporting': 'GetBuyerDashboard',
  'security-ir': 'GetCaseAttachmentDownloadUrl GetCaseAttachmentUploadUrl',
  taxsettings: 'GetTaxRegistrationDocument',
  auditmanager: 'GetEvidenceFileUploadUrl',
  amplify: 'CreateDeployment GetArtifactUrl',
  mturk: 'GetFileUploadURL',
  'lexv2-models': 'CreateUploadUrl DescribeExport',
  'lex-models': 'GetExport',
  discovery: 'DescribeExportConfigurations DescribeExportTasks',
  wafv2: 'GenerateMobileSdkReleaseUrl GetMobileSdkRelease',
  workdocs: 'InitiateDocumentVersionUpload GetDocumentVersion',
  ssm: 'GetDeployablePatchSnapshotForInstance',
  support: 'GetAttachmentDownloadLink GetAttachmentUploadLinks',
  sagemaker: 'CreatePresigned* CreateHubContentPresignedUrls',
  emr: 'GetOnClusterAppUIPresignedURL GetPersistentAppUIPresignedURL',
  athena: 'CreatePresignedNotebookUrl',
  kinesisanalyticsv2: 'CreateApplicationPresignedUrl',
  qapps: 'CreatePresignedUrl',
  quicksight: 'GenerateEmbedUrl* GetDashboardEmbedUrl GetSessionEmbedUrl',
  appstream: 'CreateStreamingURL CreateImageBuilderStreamingURL',
  datazone: 'GetIamPortalLoginUrl',
  mwaa: 'CreateWebLoginToken',
});

/** Secret values are what they are called for. */
export const readsSecret = operationSet({
  secretsmanager: 'GetSecretValue BatchGetSecretValue',
  kms: 'Decrypt GenerateDataKey GenerateDataKeyPair DeriveSharedSecret',
  'payment-cryptography-data': 'DecryptData TranslateKeyMaterial',
  ec2: 'GetPasswordData GetConsoleOutput GetConsoleScreenshot GetLaunchTemplateData',
  appsync: 'ListApiKeys',
  wafv2: 'ListAPIKeys',
});

/** No name in their answer tells it, and still it holds environments, templates or what programs have written. */
export const mayHoldSecrets = operationSet({
  lambda: 'GetFunction GetFunctionConfiguration ListFunctions ListVersionsByFunction',
  ecs: 'DescribeTaskDefinition DescribeTasks',
  cloudformation: 'GetTemplate DescribeStacks DescribeChangeSet',
  codebuild: 'BatchGetProjects BatchGetBuilds',
  elasticbeanstalk: 'DescribeConfigurationSettings',
  batch: 'DescribeJobDefinitions DescribeJobs',
  glue: 'GetConnection GetConnections',
  apprunner: 'DescribeService',
  ssm: 'GetCommandInvocation ListCommandInvocations',
  ec2: 'DescribeLaunchTemplateVersions DescribeVpnConnections CreateVpnConnection DescribeSpotFleetRequests ExportClientVpnClientConfiguration',
  stepfunctions: 'DescribeExecution GetExecutionHistory',
  emr: 'DescribeCluster',
  autoscaling: 'DescribeLaunchConfigurations',
});
