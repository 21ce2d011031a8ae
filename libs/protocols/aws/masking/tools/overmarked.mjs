// Output members that the models mark and that are left to detectors and rules, because hiding them breaks use and
// protects nothing: [why, 'service:Shape.member …'] with * for any text. The build fails where a pattern meets no mark.
export const overmarked = [
  ['paging: without it there is no next page', '*:*.NextToken *:*.nextToken'],
  [
    'names of keys, clients and roles: they open nothing by themselves',
    `s3:*.SSEKMSKeyId s3:SSEKMS.KeyId s3:ServerSideEncryptionByDefault.KMSMasterKeyID s3:*.SSEKMSEncryptionContext
     cognito-idp:*.ClientId grafana:*.workspaceRoleArn gameliftstreams:*.RoleArn kinesisvideo:MediaSourceConfig.MediaUriSecretArn
     chime-sdk-voice:*.VoiceProfileArn chime-sdk-voice:*.VoiceProfileDomainArn ecs:*.repositoryCredentials
     kms:GetParametersForImportResponse.PublicKey ec2:GetInstanceTpmEkPubResult.KeyValue 
     apprunner:RuntimeEnvironmentSecrets.* codeartifact:GetAuthorizationTokenResult.expiration`,
  ],
  ['tags, which detectors read together with their keys', '*:*.tags *:*.Tags *:Tag.Key *:Tag.Value *:*.RecoveryPointTags drs:*.stagingAreaTags'],
  ['what somebody wrote about a resource, which detectors read', '*:*.description *:*.Description *:*.Comment *:*.OwnerInformation'],
  [
    'names of resources in services that are not about people',
    `bedrock:*.name bedrock-agentcore-control:*.name bedrock-data-automation:*Name
     datazone:*.name proton:*.displayName auditmanager:*.name auditmanager:*.assessmentName grafana:*.name
     workspaces-web:*.displayName workspaces-thin-client:*.name verifiedpermissions:*Type
     quicksight:ActionConnector*.Name repostspace:*.name`,
  ],
  [
    'what a model was asked for: the answer is what the call is for, and detectors read it',
    `bedrock-runtime:*.* bedrock-agent-runtime:*.* bedrock-agentcore:Invoke*Response.* bedrock-agentcore:Content.text
     bedrock-agentcore:*Delta.* bedrock-agentcore:Harness*.* sagemaker-runtime:*.* sagemakerjobruntime:*.* qbusiness:*.*
     bedrock-agent:*.* bedrock:AutomatedReasoning*.* bedrock:Guardrail*.* bedrock:Evaluation*.* bedrock:CustomMetric*.*`,
  ],
  [
    'what a function, a workflow or an object gave back or was given as its code: detectors read it',
    `lambda:InvocationResponse.Payload lambda:InvokeResponseStreamUpdate.Payload stepfunctions:*.definition
     stepfunctions:*.variableReferences stepfunctions:ValidateStateMachineDefinitionDiagnostic.* stepfunctions:*.error
     stepfunctions:*.cause cloudfront:GetFunctionResult.FunctionCode cloudfront:GetConnectionFunctionResult.ConnectionFunctionCode
     cloudfront:*.FunctionErrorMessage amplify:*.buildSpec apprunner:*.BuildCommand apprunner:*.StartCommand`,
  ],
  ['messages of errors: whoever mends something needs them, and detectors read them', 'lambda:*Error.Message *:*.statusMessage *:*.statusReason *:*.failureMessage'],
  [
    'geography that was asked for: places, roads and distances, no person',
    `geo-routes:*.* geo-places:*.* location:*.CreateTime location:*.UpdateTime location:*.CreatedAt
     location:*.EndedAt location:*Route*.* location:Leg*.* location:Step*.* location:Place*.* location:TimeZone.* location:SearchPlace*.*`,
  ],
  [
    'how dashboards, forms and columns look and are computed',
    `quicksight:*.Expression quicksight:*.Prefix quicksight:*.Suffix quicksight:Topic*.* quicksight:*.FieldValue
     quicksight:*.OnClause quicksight:*.ConditionExpression quicksight:ColumnDescription.Text quicksight:*FriendlyName
     quicksight:OAuthClientApplication.*Url quicksight:CustomSql.SqlQuery`,
  ],
  ['ports and addresses of one’s own machines', 'gamelift:*.FromPort gamelift:*.ToPort gamelift:*.Port gamelift:*Port ssm:InstanceInfo.IpAddress ssm:InstanceProperty.IPAddress guardduty:*.*IpAddress* guardduty:*.IpAddressV4 guardduty:*.IpAddressV6'],
];
