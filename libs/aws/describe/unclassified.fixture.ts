/**
 * IAM has no action of their name, and their verb may do either: risk `unknown`, so nobody runs them without a review.
 * The list only shrinks, or grows by what a new model brings.
 */
export const unclassified: readonly string[] = [
  'bedrock-agentcore:InvokeBrowser',
  'codecatalyst:StartDevEnvironment',
  'codecatalyst:StartDevEnvironmentSession',
  'codecatalyst:StartWorkflowRun',
  'codecatalyst:StopDevEnvironment',
  'codecatalyst:StopDevEnvironmentSession',
  'cognito-idp:StartWebAuthnRegistration',
  'connect:StartAssistantContact',
  'connect:StartTestCaseExecution',
  'connect:StopTestCaseExecution',
  'connectparticipant:StartAttachmentUpload',
  'glue:StartMaterializedViewRefreshTaskRun',
  'glue:StopMaterializedViewRefreshTaskRun',
  'iot-jobs-data:StartCommandExecution',
  'mediaconvert:StartJobsQuery',
  'neptune-graph:ExecuteQuery',
  'outposts:StartOutpostDecommission',
  'resiliencehubv2:StartDependencyInsights',
  'sso-oidc:StartDeviceAuthorization',
];
