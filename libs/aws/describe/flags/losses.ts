/** Operations by which something is lost: backups, logs, keys, data. And those that carry many data away. */
import { operationSet } from './table.js';

export const deletesBackup = operationSet({
  backup: `DeleteBackupPlan DeleteBackupSelection DeleteBackupVault DeleteBackupVaultAccessPolicy DeleteBackupVaultLockConfiguration DeleteRecoveryPoint
    DisassociateRecoveryPoint DisassociateRecoveryPointFromParent PutBackupVaultLockConfiguration UpdateRecoveryPointLifecycle UpdateBackupPlan StopBackupJob
    CancelLegalHold UpdateRegionSettings DeleteFramework DeleteRestoreTestingPlan`,
  ec2: `DeleteSnapshot DeregisterImage DisableImage DisableSnapshotBlockPublicAccess LockSnapshot UnlockSnapshot DisableImageDeregistrationProtection
    DisableFastSnapshotRestores`,
  rds: 'DeleteDBSnapshot DeleteDBClusterSnapshot DeleteDBInstanceAutomatedBackup DeleteDBClusterAutomatedBackup StopDBInstanceAutomatedBackupsReplication',
  docdb: 'DeleteDBClusterSnapshot',
  neptune: 'DeleteDBClusterSnapshot',
  'neptune-graph': 'DeleteGraphSnapshot',
  redshift:
    'DeleteClusterSnapshot BatchDeleteClusterSnapshots DisableSnapshotCopy DeleteSnapshotSchedule ModifyClusterSnapshot',
  'redshift-serverless': 'DeleteSnapshot DeleteSnapshotCopyConfiguration',
  dynamodb: 'DeleteBackup',
  elasticache: 'DeleteSnapshot DeleteServerlessCacheSnapshot',
  memorydb: 'DeleteSnapshot',
  efs: 'PutBackupPolicy DeleteReplicationConfiguration PutLifecycleConfiguration',
  fsx: 'DeleteBackup DeleteSnapshot',
  dlm: 'DeleteLifecyclePolicy UpdateLifecyclePolicy',
  lightsail:
    'DeleteInstanceSnapshot DeleteDiskSnapshot DeleteRelationalDatabaseSnapshot DeleteAutoSnapshot DisableAddOn',
  workspaces: 'DeleteWorkspaceImage',
  cloudhsmv2: 'DeleteBackup ModifyBackupAttributes',
  storagegateway: 'DeleteSnapshotSchedule DeleteTape DeleteTapeArchive',
  drs: 'DeleteRecoveryInstance DeleteSourceServer StopReplication',
  s3: 'PutBucketLifecycle PutBucketLifecycleConfiguration DeleteBucketReplication',
  glacier: 'DeleteArchive DeleteVault AbortVaultLock',
  ds: 'DeleteSnapshot',
});

export const tampersWithLogs = operationSet({
  cloudtrail: `StopLogging DeleteTrail UpdateTrail PutEventSelectors PutInsightSelectors DeleteEventDataStore UpdateEventDataStore StopEventDataStoreIngestion
    DeleteChannel UpdateChannel DisableFederation RemoveTags DeleteResourcePolicy DeregisterOrganizationDelegatedAdmin PutEventConfiguration`,
  config: `DeleteConfigurationRecorder DeleteConfigRule DeleteDeliveryChannel StopConfigurationRecorder PutConfigurationRecorder PutDeliveryChannel
    DeleteConformancePack DeleteOrganizationConfigRule DeleteOrganizationConformancePack DeleteRetentionConfiguration PutRetentionConfiguration
    DeleteConfigurationAggregator DeleteEvaluationResults DeleteRemediationConfiguration DeleteServiceLinkedConfigurationRecorder DisassociateResourceTypes`,
  guardduty: `DeleteDetector UpdateDetector StopMonitoringMembers DisassociateMembers DisassociateFromAdministratorAccount DisassociateFromMasterAccount
    CreateFilter UpdateFilter ArchiveFindings CreateIPSet UpdateIPSet DeleteMembers DeletePublishingDestination UpdateMalwareScanSettings
    DisableOrganizationAdminAccount UpdateMemberDetectors UpdateFindingsFeedback UpdateOrganizationConfiguration DeleteThreatIntelSet`,
  securityhub: `DisableSecurityHub DisableSecurityHubV2 BatchDisableStandards BatchUpdateFindings UpdateStandardsControl DisassociateMembers DeleteMembers
    DisableImportFindingsForProduct UpdateFindings UpdateSecurityHubConfiguration DisableOrganizationAdminAccount BatchUpdateStandardsControlAssociations
    CreateAutomationRule BatchUpdateAutomationRules`,
  macie2:
    'DisableMacie DisassociateMember DeleteMember UpdateMacieSession UpdateClassificationJob CreateFindingsFilter',
  inspector2: 'Disable CreateFilter UpdateFilter DisassociateMember',
  detective: 'DeleteGraph DeleteMembers DisassociateMembership',
  accessanalyzer: 'DeleteAnalyzer CreateArchiveRule UpdateArchiveRule UpdateFindings ApplyArchiveRule',
  auditmanager: 'DeregisterAccount DeleteAssessment',
  securitylake: 'DeleteDataLake DeleteAwsLogSource DeleteCustomLogSource DeleteSubscriber UpdateDataLake',
  logs: `DeleteLogGroup DeleteLogStream DeleteRetentionPolicy PutRetentionPolicy DeleteSubscriptionFilter DeleteMetricFilter DeleteDestination DeleteDelivery
    DeleteDeliverySource DeleteDeliveryDestination PutDataProtectionPolicy DeleteDataProtectionPolicy DeleteAccountPolicy DisassociateKmsKey PutTransformer
    PutLogGroupDeletionProtection`,
  cloudwatch:
    'DeleteAlarms DisableAlarmActions DeleteAnomalyDetector DeleteMetricStream StopMetricStreams DeleteInsightRules DisableInsightRules SetAlarmState PutAlarmMuteRule',
  ec2: 'DeleteFlowLogs',
  route53resolver: 'DeleteResolverQueryLogConfig DisassociateResolverQueryLogConfig',
  route53: 'DeleteQueryLoggingConfig',
  wafv2: 'DeleteLoggingConfiguration PutLoggingConfiguration',
  waf: 'DeleteLoggingConfiguration PutLoggingConfiguration',
  'waf-regional': 'DeleteLoggingConfiguration PutLoggingConfiguration',
  'network-firewall': 'UpdateLoggingConfiguration',
  redshift: 'DisableLogging',
  xray: 'DeleteSamplingRule UpdateSamplingRule PutEncryptionConfig',
  events: 'DisableRule DeleteRule RemoveTargets DeleteArchive UpdateArchive',
  fms: 'DeletePolicy DisassociateAdminAccount',
  shield: 'DeleteProtection DeleteSubscription DisableProactiveEngagement',
  bedrock: 'DeleteModelInvocationLoggingConfiguration',
  'ssm-incidents': 'DeleteIncidentRecord DeleteTimelineEvent',
  rds: 'StopActivityStream',
});

export const deletesKey = operationSet({
  kms: `ScheduleKeyDeletion DisableKey DeleteImportedKeyMaterial DeleteCustomKeyStore DisconnectCustomKeyStore DeleteAlias UpdateAlias DisableKeyRotation
    UpdatePrimaryRegion`,
  secretsmanager: 'DeleteSecret CancelRotateSecret RemoveRegionsFromReplication',
  ssm: 'DeleteParameter DeleteParameters',
  cloudhsmv2: 'DeleteCluster DeleteHsm',
  cloudhsm: 'DeleteHsm DeleteHapg',
  'payment-cryptography': 'DeleteKey DeleteAlias StopKeyUsage',
  acm: 'DeleteCertificate RevokeCertificate',
  'acm-pca': 'DeleteCertificateAuthority RevokeCertificate UpdateCertificateAuthority',
  iam: 'DeleteAccessKey DeleteSSHPublicKey DeleteSigningCertificate DeleteServerCertificate DeleteVirtualMFADevice DeleteLoginProfile',
  ec2: 'DeleteKeyPair',
  lightsail: 'DeleteKeyPair',
  cloudfront: 'DeletePublicKey DeleteKeyGroup',
});

export const deletesData = operationSet({
  s3: 'DeleteBucket DeleteObject DeleteObjects PutBucketLifecycle PutBucketLifecycleConfiguration RenameObject',
  s3control: 'DeleteBucket DeleteMultiRegionAccessPoint',
  s3tables: 'DeleteTable DeleteTableBucket DeleteNamespace',
  s3vectors: 'DeleteIndex DeleteVectorBucket DeleteVectors',
  dynamodb: 'DeleteTable DeleteItem UpdateTimeToLive',
  rds: 'DeleteDBCluster DeleteDBInstance DeleteGlobalCluster DeleteTenantDatabase DeleteBlueGreenDeployment BacktrackDBCluster DeleteDBShardGroup',
  docdb: 'DeleteDBCluster DeleteDBInstance DeleteGlobalCluster',
  'docdb-elastic': 'DeleteCluster DeleteClusterSnapshot',
  neptune: 'DeleteDBCluster DeleteDBInstance DeleteGlobalCluster',
  'neptune-graph': 'DeleteGraph ResetGraph',
  neptunedata: 'ExecuteFastReset',
  redshift: 'DeleteCluster',
  'redshift-serverless': 'DeleteNamespace DeleteWorkgroup',
  dsql: 'DeleteCluster',
  elasticache: 'DeleteCacheCluster DeleteReplicationGroup DeleteServerlessCache DeleteGlobalReplicationGroup',
  memorydb: 'DeleteCluster',
  keyspaces: 'DeleteKeyspace DeleteTable',
  'timestream-write': 'DeleteDatabase DeleteTable',
  efs: 'DeleteFileSystem',
  fsx: 'DeleteFileSystem DeleteVolume DeleteStorageVirtualMachine DeleteFileCache',
  ec2: 'DeleteVolume TerminateInstances CreateReplaceRootVolumeTask',
  ecr: 'BatchDeleteImage DeleteRepository PutLifecyclePolicy',
  'ecr-public': 'BatchDeleteImage DeleteRepository',
  sqs: 'DeleteQueue PurgeQueue',
  sns: 'DeleteTopic',
  kinesis: 'DeleteStream DecreaseStreamRetentionPeriod',
  firehose: 'DeleteDeliveryStream',
  kafka: 'DeleteCluster DeleteTopic',
  opensearch: 'DeleteDomain',
  es: 'DeleteElasticsearchDomain',
  opensearchserverless: 'DeleteCollection',
  cloudformation: 'DeleteStack DeleteStackSet DeleteStackInstances',
  cloudcontrol: 'DeleteResource',
  lambda: 'DeleteFunction DeleteLayerVersion',
  glue: 'DeleteDatabase DeleteTable BatchDeleteTable BatchDeletePartition BatchDeleteTableVersion DeleteCatalog',
  athena: 'DeleteDataCatalog DeleteWorkGroup',
  eks: 'DeleteCluster',
  ecs: 'DeleteCluster DeleteService',
  codecommit: 'DeleteRepository DeleteBranch DeleteFile',
  codeartifact: 'DeleteDomain DeleteRepository DeletePackage DeletePackageVersions DisposePackageVersions',
  'cognito-idp': 'DeleteUserPool AdminDeleteUser DeleteUser DeleteUserPoolDomain',
  'cognito-identity': 'DeleteIdentityPool DeleteIdentities',
  route53: 'DeleteHostedZone ChangeResourceRecordSets',
  cloudfront: 'DeleteDistribution',
  sagemaker: 'DeleteDomain DeleteFeatureGroup DeleteModel DeleteNotebookInstance DeleteSpace',
  workspaces: 'TerminateWorkspaces RebuildWorkspaces RestoreWorkspace',
  workdocs: 'DeleteDocument DeleteFolder DeleteFolderContents',
  organizations: 'DeleteOrganization CloseAccount',
  quicksight: 'DeleteDataSet DeleteDashboard DeleteAnalysis',
  mediastore: 'DeleteContainer',
  'mediastore-data': 'DeleteObject',
  sdb: 'DeleteDomain DeleteAttributes BatchDeleteAttributes',
  mq: 'DeleteBroker',
  elasticbeanstalk: 'DeleteApplication TerminateEnvironment',
  emr: 'TerminateJobFlows',
  autoscaling: 'DeleteAutoScalingGroup',
  lightsail: 'DeleteBucket DeleteDisk DeleteInstance DeleteRelationalDatabase',
});

export const movesBulk = operationSet({
  s3: 'PutBucketReplication PutBucketInventoryConfiguration PutBucketAnalyticsConfiguration CreateBucketMetadataConfiguration CreateBucketMetadataTableConfiguration',
  s3control: 'CreateJob PutBucketReplication CreateStorageLensGroup PutStorageLensConfiguration',
  dynamodb:
    'ExportTableToPointInTime ImportTable RestoreTableFromBackup RestoreTableToPointInTime CreateGlobalTable UpdateGlobalTable EnableKinesisStreamingDestination',
  rds: `StartExportTask RestoreDBClusterFromS3 RestoreDBClusterFromSnapshot RestoreDBClusterToPointInTime RestoreDBInstanceFromDBSnapshot
    RestoreDBInstanceFromS3 RestoreDBInstanceToPointInTime CopyDBSnapshot CopyDBClusterSnapshot CreateDBInstanceReadReplica
    StartDBInstanceAutomatedBackupsReplication StartActivityStream DownloadDBLogFilePortion CreateIntegration`,
  docdb: 'CopyDBClusterSnapshot RestoreDBClusterFromSnapshot RestoreDBClusterToPointInTime',
  neptune: 'CopyDBClusterSnapshot RestoreDBClusterFromSnapshot RestoreDBClusterToPointInTime',
  'neptune-graph': 'StartExportTask StartImportTask',
  redshift:
    'RestoreFromClusterSnapshot RestoreTableFromClusterSnapshot CopyClusterSnapshot EnableSnapshotCopy CreateIntegration',
  ec2: `CopySnapshot CopyImage CreateStoreImageTask CreateRestoreImageTask CreateInstanceExportTask ExportImage CreateFpgaImage CopyVolumes
    CreateTrafficMirrorSession ExportTransitGatewayRoutes`,
  ebs: 'GetSnapshotBlock ListSnapshotBlocks ListChangedBlocks',
  logs: 'CreateExportTask PutSubscriptionFilter PutAccountPolicy CreateDelivery',
  datasync: 'StartTaskExecution CreateTask UpdateTask CreateLocation*',
  dms: 'StartReplicationTask CreateReplicationTask StartReplication CreateReplicationConfig',
  transfer: 'StartFileTransfer CreateConnector',
  backup: 'StartCopyJob StartRestoreJob CreateBackupPlan UpdateBackupPlan CreateBackupSelection',
  fsx: 'CopyBackup CreateDataRepositoryTask CreateFileSystemFromBackup CopySnapshotAndUpdateVolume',
  efs: 'CreateReplicationConfiguration',
  ecr: 'PutReplicationConfiguration',
  elasticache: 'CopySnapshot CopyServerlessCacheSnapshot ExportServerlessCacheSnapshot',
  memorydb: 'CopySnapshot',
  snowball: 'CreateJob',
  cloudtrail: 'StartImport',
  kinesis: 'RegisterStreamConsumer',
  firehose: 'CreateDeliveryStream UpdateDestination',
  glue: 'CreateIntegration',
  secretsmanager: 'ReplicateSecretToRegions',
  kms: 'ReplicateKey',
  healthlake: 'StartFHIRExportJob',
  'medical-imaging': 'StartDICOMImportJob CopyImageSet',
  pinpoint: 'CreateExportJob',
  sesv2: 'CreateExportJob',
  personalize: 'CreateDatasetExportJob CreateBatchInferenceJob',
  discovery: 'StartExportTask StartContinuousExport',
  appflow: 'StartFlow CreateFlow UpdateFlow',
  dataexchange: 'StartJob CreateJob SendApiAsset',
  workspaces: 'CopyWorkspaceImage',
  storagegateway: 'CreateSnapshot CreateCachediSCSIVolume',
  drs: 'StartReplication CreateExtendedSourceServer',
  mgn: 'StartExport StartReplication',
  neptunedata: 'StartLoaderJob',
  amplifybackend: 'CloneBackend',
});
