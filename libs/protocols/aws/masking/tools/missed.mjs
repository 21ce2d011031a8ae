// Output members that hold a secret and that the models do not mark: [why, 'service:Shape.member …'] with * for any text.
// The build fails where a pattern meets no member, so that a name that AWS changes is noticed.
export const missed = [
  [
    'temporary credentials: the key is marked, the session token beside it (or all of them) is not',
    `sts:Credentials.SessionToken cognito-identity:Credentials.SessionToken finspace-data:Credentials.sessionToken
     datazone:ConnectionCredentials.* datazone:GetEnvironmentCredentialsOutput.sessionToken
     lakeformation:TemporaryCredentials.SecretAccessKey lakeformation:TemporaryCredentials.SessionToken
     lakeformation:GetTemporaryGlue*CredentialsResponse.SecretAccessKey
     lakeformation:GetTemporaryGlue*CredentialsResponse.SessionToken
     lakeformation:AssumeDecoratedRoleWithSAMLResponse.SecretAccessKey
     lakeformation:AssumeDecoratedRoleWithSAMLResponse.SessionToken
     gamelift:AwsCredentials.SecretAccessKey gamelift:AwsCredentials.SessionToken gamelift:InstanceCredentials.Secret
     lightsail:AccessKey.secretAccessKey`,
  ],
  [
    'logs a container client in to a registry, for twelve hours, outside the gateway',
    `ecr:AuthorizationData.authorizationToken ecr-public:AuthorizationData.authorizationToken
     codeartifact:GetAuthorizationTokenResult.authorizationToken lightsail:ContainerServiceRegistryLogin.password`,
  ],
  [
    'opens a session with a machine, a job or a notebook past the gateway',
    `ssm:StartSessionResponse.TokenValue ssm:StartSessionResponse.StreamUrl
     ssm:ResumeSessionResponse.TokenValue ssm:ResumeSessionResponse.StreamUrl
     ssm:GetAccessTokenResponse.Credentials
     sagemaker:StartSessionResponse.TokenValue sagemaker:StartSessionResponse.StreamUrl
     codebuild:SSMSession.tokenValue codebuild:SSMSession.streamUrl
     ecs:Session.streamUrl gameliftstreams:CreateStreamSessionAdminShellOutput.StreamUrl
     athena:CreatePresignedNotebookUrlResponse.AuthToken athena:CreatePresignedNotebookUrlResponse.NotebookUrl
     athena:GetSessionEndpointResponse.AuthToken lambda-microvms:Create*AuthTokenResponse.authToken
     workmail:AssumeImpersonationRoleResponse.Token`,
  ],
  [
    'private keys and passwords of machines and databases',
    `lightsail:InstanceAccessDetails.password lightsail:InstanceAccessDetails.passwordData
     lightsail:InstanceAccessDetails.privateKey lightsail:CreateKeyPairResult.privateKeyBase64
     lightsail:DownloadDefaultKeyPairResult.privateKeyBase64
     lightsail:PendingModifiedRelationalDatabaseValues.masterUserPassword
     docdb:PendingModifiedValues.MasterUserPassword neptune:PendingModifiedValues.MasterUserPassword
     securityhub:*.MasterUserPassword emr:KerberosAttributes.KdcAdminPassword
     emr:KerberosAttributes.CrossRealmTrustPrincipalPassword emr:KerberosAttributes.ADDomainJoinPassword
     cloudhsmv2:Cluster.PreCoPassword quicksight:AssetBundleImportJobDataSourceCredentialPair.Password
     kinesis-video-signaling:IceServer.Password amplifybackend:BackendAuthAppleProviderConfig.PrivateKey
     directconnect:VirtualInterface.authKey directconnect:BGPPeer.authKey
     directconnect:VirtualInterface.customerRouterConfig directconnect:DescribeRouterConfigurationResponse.customerRouterConfig
     amplifybackend:*TokenResponse.ChallengeCode kendra:BasicAuthenticationConfiguration.Credentials
     customer-profiles:GetUploadJobPathResponse.ClientToken`,
  ],
  [
    'start-up scripts and consoles of machines carry passwords',
    `ec2:InstanceAttribute.UserData autoscaling:LaunchConfiguration.UserData ec2:GetConsoleOutputResult.Output
     ec2:GetConsoleScreenshotResult.ImageData`,
  ],
  [
    'output of commands that were run on machines',
    `ssm:GetCommandInvocationResult.StandardOutputContent ssm:GetCommandInvocationResult.StandardErrorContent
     ssm:CommandPlugin.Output`,
  ],
  [
    'keys of APIs',
    `apigateway:ApiKey.value apigateway:UsagePlanKey.value appsync:ApiKey.id wafv2:CreateAPIKeyResponse.APIKey
     wafv2:APIKeySummary.APIKey`,
  ],
  [
    'secrets of clients and tokens of OpenID Connect and OAuth',
    `elbv2:AuthenticateOidcActionConfig.ClientSecret amplifybackend:BackendAuthSocialProviderConfig.ClientSecret
     wickr:OidcTokenInfo.accessToken wickr:OidcTokenInfo.idToken wickr:OidcTokenInfo.refreshToken signin:CreateOAuth2TokenResponseBody.idToken`,
  ],
  [
    'environment of containers, builds and jobs: where passwords are put',
    `batch:KeyValuePair.value batch:EksContainerEnvironmentVariable.value codebuild:EnvironmentVariable.value
     codebuild:ExportedEnvironmentVariable.value elasticbeanstalk:ConfigurationOptionSetting.Value
     ecs:KeyValuePair.value lightsail:Container.environment apprunner:*.RuntimeEnvironmentVariables
     appsync:*GraphqlApiEnvironmentVariablesResponse.environmentVariables
     sagemaker:*.Environment sagemaker:*.EnvironmentVariables sagemaker:*.ContainerEnvironmentVariables
     lambda-microvms:*.environmentVariables gameliftstreams:*.AdditionalEnvironmentVariables
     cleanroomsml:*.environment amplify:*.environmentVariables
     securityhub:AwsCodeBuildProjectEnvironmentEnvironmentVariablesDetails.Value
     securityhub:AwsEcsTaskDefinitionContainerDefinitionsEnvironmentDetails.Value
     securityhub:AwsLambdaFunctionEnvironment.Variables`,
  ],
  [
    'parameters and outputs of templates, and templates that hold either',
    `cloudformation:Output.OutputValue cloudformation:Parameter.ParameterValue cloudformation:GetTemplateOutput.TemplateBody
     cloudformation:GetGeneratedTemplateOutput.TemplateBody cloudformation:StackSet.TemplateBody
     cloudformation:Export.Value cloudformation:StackEvent.ResourceProperties
     servicecatalog:RecordOutput.OutputValue`,
  ],
  [
    'passwords among properties and settings of connections',
    `glue:Connection.ConnectionProperties glue:Connection.SparkProperties glue:Connection.AthenaProperties
     glue:Connection.PythonProperties glue:SourceControlDetails.AuthToken firehose:SplunkDestinationDescription.HECToken
     medialive:HlsAkamaiSettings.Token iot:SalesforceAction.token
     codepipeline:WebhookAuthConfiguration.SecretToken codebuild:Webhook.secret
     invoicing:*.ProcurementPortalSharedSecret`,
  ],
  [
    'tokens by which others act: callers, players, licences, tasks',
    `gamelift:GetComputeAuthTokenOutput.AuthToken gamelift:PlayerConnectionDetail.PlayerGatewayToken
     license-manager:CreateTokenResponse.Token license-manager:GetAccessTokenResponse.AccessToken
     license-manager:*.SignedToken connect:*.ParticipantToken connect:ConnectionCredentials.ConnectionToken
     connectparticipant:ConnectionCredentials.ConnectionToken connect:Attendee.JoinToken
     taxsettings:TaxDocumentMetadata.taxDocumentAccessToken connectparticipant:Websocket.Url connect:Websocket.Url
     evs:GetDepotUrlResponse.token
     dataexchange:*.ApiKey grafana:*.grafanaToken marketplace-agreement:AgreementEntitlement.registrationToken
     eks:License.token managedblockchain:*.BillingToken`,
  ],
  [
    'links that sign their holder in',
    `connect:GetFederationTokenResponse.SignInUrl quicksight:RegisterUserResponse.UserInvitationUrl
     m2:GetSignedBluinsightsUrlResponse.signedBiUrl marketplace-reporting:GetBuyerDashboardOutput.embedUrl
     emr-serverless:GetDashboardForJobRunResponse.url emr-serverless:GetResourceDashboardResponse.url
     kinesisanalyticsv2:CreateApplicationPresignedUrlResponse.AuthorizedUrl athena:GetResourceDashboardResponse.Url
     emr:GetOnClusterAppUIPresignedURLOutput.PresignedURL emr:GetPersistentAppUIPresignedURLOutput.PresignedURL
     sagemaker:CreatePresigned*.AuthorizedUrl sagemaker:CreatePartnerAppPresignedUrlResponse.Url
     connectparticipant:GetAuthenticationUrlResponse.AuthenticationUrl evs:GetDepotUrlResponse.depotUrl`,
  ],
  [
    'presigned links: whoever has one reads or writes past the gateway until it expires',
    `lambda:FunctionCodeLocation.Location ecr:GetDownloadUrlForLayerResponse.downloadUrl
     amplify:GenerateAccessLogsResult.logUrl amplify:GetArtifactUrlResult.artifactUrl amplify:CreateDeploymentResult.zipUploadUrl
     amplify:CreateDeploymentResult.fileUploadUrls artifact:Get*Response.documentPresignedUrl
     auditmanager:GetEvidenceFileUploadUrlResponse.uploadUrl cognito-idp:UserImportJobType.PreSignedUrl
     connect:DownloadUrlMetadata.Url connect:UploadUrlMetadata.Url connect:GetPromptFileResponse.PromptPresignedUrl
     connectparticipant:GetAttachmentResponse.Url connectparticipant:UploadMetadata.Url
     customer-profiles:GetUploadJobPathResponse.Url dataexchange:*.SignedUrl dataexchange:ApiGatewayApiAsset.ApiSpecificationDownloadUrl
     dataexchange:ImportAssetFromApiGatewayApiResponseDetails.ApiSpecificationUploadUrl
     devicefarm:Artifact.url devicefarm:Sample.url elasticbeanstalk:EnvironmentInfoDescription.Message
     gamelift:GetGameSessionLogUrlOutput.PreSignedUrl gamelift:Event.PreSignedLogUrl
     greengrassv2:GetComponentVersionArtifactResponse.preSignedUrl groundstation:GetAgentTaskResponseUrlResponse.presignedLogUrl
     imagebuilder:GetMarketplaceResourceResponse.url inspector2:GetCisScanReportResponse.url
     inspector:GetAssessmentReportResponse.url invoicing:*.DocumentUrl iotdeviceadvisor:GetSuiteRunReportResponse.qualificationReportDownloadUrl
     iotdeviceadvisor:TestCaseRun.logUrl lex-models:GetExportResponse.url lexv2-models:BotRecommendationResults.botLocaleExportUrl
     lexv2-models:BotRecommendationResults.associatedTranscriptsUrl lexv2-models:CreateUploadUrlResponse.uploadUrl
     lexv2-models:DescribeExportResponse.downloadUrl lexv2-models:DescribeTestSetDiscrepancyReportResponse.testSetDiscrepancyRawOutputUrl
     lexv2-models:GetTestExecutionArtifactsUrlResponse.downloadArtifactsUrl lexv2-models:DescribeBotResourceGenerationResponse.generatedBotLocaleUrl
     mailmanager:GetArchiveMessageResponse.MessageDownloadLink qapps:CreatePresignedUrlOutput.*
     amplifyuibuilder:CodegenJobAsset.downloadUrl`,
  ],
  [
    'presigned links of the rest of the services',
    `sagemaker:AuthorizedUrl.Url sesv2:ExportDestination.S3Url sesv2:FailureInfo.FailedRecordsS3Url
     snowball:DescribeReturnShippingLabelResult.ReturnShippingLabelURI snowball:GetJobManifestResult.ManifestURI
     snowball:GetSoftwareUpdatesResult.UpdatesURI snowball:JobLogs.Job*URI snowball:GetJobUnlockCodeResult.UnlockCode
     socialmessaging:MetaFlowAsset.downloadUrl ssm:GetDeployablePatchSnapshotForInstanceResult.SnapshotDownloadUrl
     support:DownloadUrl.url support:UploadUrl.url taxsettings:GetTaxRegistrationDocumentResponse.presignedS3Url
     translate:ParallelDataDataLocation.Location translate:TerminologyDataLocation.Location
     iot-managed-integrations:GetOtaTaskResponse.S3Url waf:CreateWebACLMigrationStackResponse.S3ObjectUrl
     waf-regional:CreateWebACLMigrationStackResponse.S3ObjectUrl workdocs:UploadMetadata.UploadUrl
     workdocs:UploadMetadata.SignedHeaders workdocs:DocumentVersionMetadata.Source workdocs:DocumentVersionMetadata.Thumbnail
     kinesis-video-archived-media:GetHLSStreamingSessionURLOutput.HLSStreamingSessionURL
     kinesis-video-archived-media:GetDASHStreamingSessionURLOutput.DASHStreamingSessionURL
     ssm:AttachmentContent.Url lambda:LayerVersionContentOutput.Location qbusiness:GetDocumentContentResponse.presignedUrl
     wafv2:GenerateMobileSdkReleaseUrlResponse.Url ssm:*.TargetLocationsURL transcribe:Transcript.*Uri
     transcribe:MedicalTranscript.TranscriptFileUri`,
  ],
];
