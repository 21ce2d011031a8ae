/** Operations that give rights, share, or make others act. */
import { operationSet } from './table.js';

export const escalatesPrivilege = operationSet({
  iam: `AddRoleToInstanceProfile AddUserToGroup Attach* CreateGroup CreateInstanceProfile CreateOpenIDConnectProvider CreatePolicy CreatePolicyVersion CreateRole
    CreateSAMLProvider CreateServiceLinkedRole CreateUser DeleteRolePermissionsBoundary DeleteUserPermissionsBoundary DeleteRolePolicy
    DeleteUserPolicy DeleteGroupPolicy Detach* Put* AddClientIDToOpenIDConnectProvider UpdateOpenIDConnectProviderThumbprint UpdateSAMLProvider
    UpdateAssumeRolePolicy UpdateRole UpdateUser UpdateGroup SetDefaultPolicyVersion SetSecurityTokenServicePreferences UpdateAccountPasswordPolicy
    DeleteAccountPasswordPolicy DeleteAccountAlias CreateAccountAlias RemoveRoleFromInstanceProfile EnableOrganizations* DisableOrganizations*
    CreateDelegationRequest AcceptDelegationRequest AssociateDelegationRequest UpdateDelegationRequest`,
  organizations: `AcceptHandshake AttachPolicy CreateAccount CreateGovCloudAccount CreatePolicy DeletePolicy DeleteResourcePolicy DeregisterDelegatedAdministrator
    DetachPolicy DisableAWSServiceAccess DisablePolicyType EnableAllFeatures EnableAWSServiceAccess EnablePolicyType InviteAccountToOrganization
    LeaveOrganization MoveAccount PutResourcePolicy RegisterDelegatedAdministrator RemoveAccountFromOrganization UpdatePolicy CloseAccount
    DeleteOrganization`,
  'sso-admin': `AttachCustomerManagedPolicyReferenceToPermissionSet AttachManagedPolicyToPermissionSet CreateAccountAssignment CreateApplication*
    CreatePermissionSet CreateTrustedTokenIssuer DeleteInlinePolicyFromPermissionSet DeletePermissionsBoundaryFromPermissionSet Detach* Put*
    ProvisionPermissionSet UpdatePermissionSet UpdateTrustedTokenIssuer CreateInstanceAccessControlAttributeConfiguration`,
  identitystore: 'CreateGroupMembership CreateUser UpdateUser',
  lakeformation:
    'BatchGrantPermissions GrantPermissions PutDataLakeSettings AddLFTagsToResource CreateDataCellsFilter RegisterResource UpdateResource',
  verifiedpermissions: 'CreatePolicy UpdatePolicy CreatePolicyTemplate UpdatePolicyTemplate',
  rolesanywhere: 'CreateTrustAnchor EnableTrustAnchor UpdateTrustAnchor CreateProfile EnableProfile UpdateProfile',
  eks: 'AssociateAccessPolicy AssociateIdentityProviderConfig CreateAccessEntry UpdateAccessEntry CreatePodIdentityAssociation UpdatePodIdentityAssociation',
  'cognito-identity': 'SetIdentityPoolRoles CreateIdentityPool UpdateIdentityPool SetPrincipalTagAttributeMap',
  'cognito-idp': 'AdminAddUserToGroup CreateGroup UpdateGroup CreateIdentityProvider UpdateIdentityProvider',
  kms: 'CreateGrant PutKeyPolicy RetireGrant RevokeGrant',
  ec2: 'AssociateIamInstanceProfile ReplaceIamInstanceProfileAssociation AssociateEnclaveCertificateIamRole ModifyInstanceMetadataOptions ModifyInstanceMetadataDefaults',
  rds: 'AddRoleToDBCluster AddRoleToDBInstance',
  redshift: 'ModifyClusterIamRoles',
  account:
    'PutContactInformation PutAlternateContact StartPrimaryEmailUpdate AcceptPrimaryEmailUpdate EnableRegion DisableRegion',
  controltower: 'DisableControl ResetEnabledControl UpdateEnabledControl',
  ram: 'AcceptResourceShareInvitation EnableSharingWithAwsOrganization',
  transfer: 'CreateUser UpdateUser CreateAccess UpdateAccess',
  elasticache: 'CreateUser ModifyUser CreateUserGroup ModifyUserGroup',
  memorydb: 'CreateUser UpdateUser CreateACL UpdateACL',
  opensearchserverless: 'CreateAccessPolicy UpdateAccessPolicy CreateSecurityPolicy UpdateSecurityPolicy',
  quicksight:
    'UpdateAccountCustomPermission UpdateUser RegisterUser CreateGroupMembership UpdateRoleCustomPermission CreateRoleMembership',
});

export const sharesAcrossAccounts = operationSet({
  ram: 'CreateResourceShare AssociateResourceShare AssociateResourceSharePermission UpdateResourceShare PromoteResourceShareCreatedFromPolicy',
  ec2: `CreateVpcPeeringConnection AcceptVpcPeeringConnection AcceptTransitGatewayVpcAttachment CreateTransitGatewayPeeringAttachment
    ModifyVpcEndpointServicePermissions EnableFastLaunch EnableAddressTransfer CreateVpcEndpointServiceConfiguration`,
  rds: 'ModifyDBSnapshotAttribute ModifyDBClusterSnapshotAttribute',
  docdb: 'ModifyDBClusterSnapshotAttribute',
  neptune: 'ModifyDBClusterSnapshotAttribute',
  redshift: 'AuthorizeSnapshotAccess AuthorizeDataShare AuthorizeEndpointAccess AssociateDataShareConsumer',
  ds: 'ShareDirectory',
  'license-manager': 'CreateGrant',
  servicecatalog: 'CreatePortfolioShare',
  cleanrooms: 'CreateCollaboration CreateMembership',
  logs: 'PutDestinationPolicy PutSubscriptionFilter PutAccountPolicy',
  events: 'PutPermission',
  lambda: 'AddPermission AddLayerVersionPermission',
  sns: 'AddPermission',
  sqs: 'AddPermission',
  ssm: 'ModifyDocumentPermission',
  fsx: 'CreateAndAttachS3AccessPoint',
  backup: 'PutBackupVaultAccessPolicy UpdateGlobalSettings',
  route53: 'CreateVPCAssociationAuthorization',
  imagebuilder: 'PutImagePolicy PutImageRecipePolicy PutComponentPolicy PutContainerRecipePolicy',
  workspaces: 'UpdateWorkspaceImagePermission',
  appstream: 'UpdateImagePermissions',
  organizations: 'InviteAccountToOrganization',
});

export const runsIndirectly = operationSet({
  ssm: `SendCommand StartAutomationExecution StartChangeRequestExecution CreateAssociation CreateAssociationBatch UpdateAssociation CreateDocument UpdateDocument
    UpdateDocumentDefaultVersion StartSession ResumeSession StartAssociationsOnce RegisterTaskWithMaintenanceWindow UpdateMaintenanceWindowTask
    SendAutomationSignal StartAccessRequest`,
  lambda: `CreateFunction UpdateFunctionCode UpdateFunctionConfiguration Invoke InvokeAsync InvokeWithResponseStream PublishLayerVersion CreateEventSourceMapping
    UpdateEventSourceMapping CreateAlias UpdateAlias CreateCodeSigningConfig UpdateCodeSigningConfig PutFunctionCodeSigningConfig DeleteFunctionCodeSigningConfig
    PutRuntimeManagementConfig PutFunctionEventInvokeConfig UpdateFunctionEventInvokeConfig`,
  'lambda-web': 'CreateWebFunction CreateWebFunctionRevision CreateWebFunctionEndpoint UpdateWebFunctionEndpoint',
  ec2: `RunInstances RunScheduledInstances RequestSpotInstances RequestSpotFleet ModifySpotFleetRequest CreateFleet ModifyFleet CreateLaunchTemplate
    CreateLaunchTemplateVersion ModifyLaunchTemplate ImportImage ImportInstance CreateReplaceRootVolumeTask`,
  autoscaling: 'CreateAutoScalingGroup UpdateAutoScalingGroup CreateLaunchConfiguration StartInstanceRefresh',
  cloudformation: `CreateStack UpdateStack ExecuteChangeSet CreateChangeSet CreateStackSet UpdateStackSet CreateStackInstances UpdateStackInstances
    ImportStacksToStackSet ActivateType RegisterType SetTypeConfiguration TestType CreateStackRefactor ExecuteStackRefactor RollbackStack
    ContinueUpdateRollback ActivateOrganizationsAccess BatchDescribeTypeConfigurations CreateGeneratedTemplate SetTypeDefaultVersion PublishType`,
  cloudcontrol: 'CreateResource UpdateResource DeleteResource',
  stepfunctions:
    'CreateStateMachine UpdateStateMachine StartExecution StartSyncExecution TestState RedriveExecution PublishStateMachineVersion CreateStateMachineAlias UpdateStateMachineAlias SendTaskSuccess',
  events:
    'PutTargets PutRule EnableRule CreateApiDestination UpdateApiDestination CreateConnection UpdateConnection StartReplay',
  scheduler: 'CreateSchedule UpdateSchedule',
  pipes: 'CreatePipe UpdatePipe StartPipe',
  codebuild:
    'StartBuild StartBuildBatch RetryBuild RetryBuildBatch CreateProject UpdateProject CreateWebhook UpdateWebhook CreateFleet UpdateFleet StartSandbox StartCommandExecution StartSandboxConnection ImportSourceCredentials',
  codepipeline:
    'CreatePipeline UpdatePipeline StartPipelineExecution PutApprovalResult RetryStageExecution CreateCustomActionType PutWebhook OverrideStageCondition RollbackStage PutActionRevision',
  codedeploy:
    'CreateDeployment CreateDeploymentGroup UpdateDeploymentGroup ContinueDeployment RegisterApplicationRevision',
  codecommit: 'CreateCommit PutFile MergePullRequest* MergeBranches* UpdateDefaultBranch PutRepositoryTriggers',
  glue: 'CreateJob UpdateJob StartJobRun StartTrigger CreateTrigger UpdateTrigger CreateDevEndpoint UpdateDevEndpoint CreateSession RunStatement StartWorkflowRun CreateWorkflow StartBlueprintRun StartCrawler CreateCrawler UpdateCrawler CreateUserDefinedFunction UpdateUserDefinedFunction UpdateJobFromSourceControl CreateMLTransform',
  ecs: 'RunTask StartTask RegisterTaskDefinition CreateService UpdateService ExecuteCommand CreateTaskSet UpdateTaskSet UpdateServicePrimaryTaskSet CreateExpressGatewayService UpdateExpressGatewayService',
  eks: 'CreateAddon UpdateAddon CreateNodegroup UpdateNodegroupConfig UpdateNodegroupVersion CreateFargateProfile CreateCluster CreateCapability UpdateCapability',
  batch:
    'SubmitJob SubmitServiceJob RegisterJobDefinition CreateComputeEnvironment UpdateComputeEnvironment CreateJobQueue UpdateJobQueue',
  sagemaker: `CreateAutoMLJob CreateAutoMLJobV2 CreateProcessingJob CreateTrainingJob CreateTransformJob CreateHyperParameterTuningJob CreateNotebookInstance
    UpdateNotebookInstance CreateNotebookInstanceLifecycleConfig UpdateNotebookInstanceLifecycleConfig CreateStudioLifecycleConfig CreateModel CreateEndpoint
    UpdateEndpoint CreateEndpointConfig CreatePipeline UpdatePipeline StartPipelineExecution CreateApp CreateUserProfile UpdateUserProfile CreateDomain UpdateDomain
    CreateImageVersion CreateAppImageConfig CreateCodeRepository CreateLabelingJob CreateFlowDefinition CreateCluster UpdateCluster CreateSpace
    CreateMonitoringSchedule UpdateMonitoringSchedule CreateDataQualityJobDefinition CreateModelQualityJobDefinition StartNotebookInstance`,
  'bedrock-agent':
    'CreateAgent UpdateAgent CreateAgentActionGroup UpdateAgentActionGroup PrepareAgent CreateFlow UpdateFlow PrepareFlow CreateAgentAlias UpdateAgentAlias',
  'bedrock-agent-runtime': 'InvokeAgent InvokeInlineAgent InvokeFlow StartFlowExecution',
  'bedrock-agentcore':
    'InvokeAgentRuntime* InvokeCodeInterpreter InvokeBrowser InvokeHarness StartBrowserSession StartCodeInterpreterSession',
  'bedrock-agentcore-control':
    'CreateAgentRuntime UpdateAgentRuntime CreateCodeInterpreter CreateBrowser CreateGateway UpdateGateway CreateGatewayTarget UpdateGatewayTarget',
  emr: 'RunJobFlow AddJobFlowSteps AddInstanceGroups AddInstanceFleet StartNotebookExecution CreateStudio UpdateStudio',
  'emr-serverless': 'StartJobRun CreateApplication UpdateApplication StartSession',
  'emr-containers': 'StartJobRun CreateJobTemplate CreateManagedEndpoint CreateVirtualCluster',
  datapipeline:
    'PutPipelineDefinition ActivatePipeline EvaluateExpression CreatePipeline ReportTaskProgress SetTaskStatus',
  elasticbeanstalk:
    'CreateApplicationVersion CreateEnvironment UpdateEnvironment CreateConfigurationTemplate UpdateConfigurationTemplate CreatePlatformVersion ApplyEnvironmentManagedAction ComposeEnvironments SwapEnvironmentCNAMEs',
  apprunner: 'CreateService UpdateService StartDeployment',
  amplify:
    'CreateApp UpdateApp CreateBranch UpdateBranch StartJob StartDeployment CreateDeployment CreateWebhook UpdateWebhook',
  lightsail: 'CreateInstances CreateInstancesFromSnapshot CreateContainerServiceDeployment CreateCloudFormationStack',
  imagebuilder:
    'CreateComponent CreateImage CreateImagePipeline UpdateImagePipeline StartImagePipelineExecution CreateImageRecipe CreateContainerRecipe ImportComponent CreateWorkflow',
  iot: 'CreateTopicRule ReplaceTopicRule EnableTopicRule CreateJob CreateProvisioningTemplate CreateProvisioningTemplateVersion CreateOTAUpdate CreateCommand CreateTopicRuleDestination',
  'iot-jobs-data': 'StartCommandExecution',
  greengrassv2: 'CreateDeployment CreateComponentVersion',
  greengrass: 'CreateDeployment CreateFunctionDefinition CreateFunctionDefinitionVersion',
  s3: 'PutBucketNotification PutBucketNotificationConfiguration',
  s3control: 'CreateJob UpdateJobStatus CreateAccessPointForObjectLambda PutAccessPointConfigurationForObjectLambda',
  mwaa: 'CreateEnvironment UpdateEnvironment InvokeRestApi',
  'mwaa-serverless': 'CreateWorkflow UpdateWorkflow StartWorkflowRun',
  servicecatalog:
    'ProvisionProduct UpdateProvisionedProduct ExecuteProvisionedProductPlan ExecuteProvisionedProductServiceAction CreateProvisioningArtifact CreateProvisionedProductPlan CreateServiceAction',
  proton:
    'CreateEnvironment CreateService UpdateEnvironment UpdateService UpdateServiceInstance CreateTemplateSyncConfig CreateEnvironmentTemplateVersion',
  gamelift: 'CreateScript UpdateScript CreateBuild CreateFleet UpdateFleetAttributes CreateContainerGroupDefinition',
  cloudfront:
    'CreateFunction UpdateFunction PublishFunction CreateDistribution UpdateDistribution CreateDistributionWithTags',
  appsync: 'CreateFunction UpdateFunction CreateResolver UpdateResolver CreateDataSource UpdateDataSource EvaluateCode',
  apigateway:
    'PutIntegration UpdateIntegration PutRestApi ImportRestApi CreateAuthorizer UpdateAuthorizer TestInvokeMethod TestInvokeAuthorizer CreateDeployment',
  apigatewayv2:
    'CreateIntegration UpdateIntegration ImportApi ReimportApi CreateAuthorizer UpdateAuthorizer CreateDeployment',
  kinesisanalyticsv2:
    'CreateApplication UpdateApplication StartApplication AddApplicationInput AddApplicationOutput AddApplicationInputProcessingConfiguration',
  kinesisanalytics:
    'CreateApplication UpdateApplication StartApplication AddApplicationOutput AddApplicationInputProcessingConfiguration',
  firehose: 'CreateDeliveryStream UpdateDestination',
  transfer: 'CreateWorkflow StartFileTransfer StartRemoteDelete StartRemoteMove',
  fis: 'CreateExperimentTemplate UpdateExperimentTemplate StartExperiment',
  dms: 'StartReplicationTask CreateReplicationTask ModifyReplicationTask StartReplication',
  rds: 'CreateCustomDBEngineVersion CreateEventSubscription',
  redshift: 'CreateScheduledAction ModifyScheduledAction',
  'ssm-incidents': 'StartIncident CreateResponsePlan UpdateResponsePlan',
  'ssm-quicksetup': 'CreateConfigurationManager UpdateConfigurationDefinition',
  config:
    'PutRemediationConfigurations StartRemediationExecution PutConformancePack PutOrganizationConformancePack PutConfigRule PutOrganizationConfigRule',
  swf: 'StartWorkflowExecution RegisterActivityType RegisterWorkflowType',
  ses: 'CreateReceiptRule UpdateReceiptRule',
  pcs: 'CreateComputeNodeGroup UpdateComputeNodeGroup CreateCluster CreateQueue',
  deadline: 'CreateJob CreateFleet UpdateFleet CreateQueueEnvironment UpdateQueueEnvironment',
  braket: 'CreateJob CreateQuantumTask',
  omics: 'StartRun CreateWorkflow CreateWorkflowVersion',
  synthetics: 'CreateCanary UpdateCanary StartCanary',
  devicefarm: 'ScheduleRun CreateUpload',
});
