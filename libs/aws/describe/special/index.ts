import type { Call } from '../call.js';
import type { Findings } from '../found.js';
import { apiGatewayResources } from './api-gateway.js';
import { bedrockResources } from './bedrock.js';
import { dynamodbResources } from './dynamodb.js';
import { ec2Resources } from './ec2.js';
import { ecsResources } from './ecs.js';
import { kmsResources } from './kms.js';
import { lambdaResources } from './lambda.js';
import { logsResources } from './logs.js';
import { s3Resources } from './s3.js';
import { secretsManagerResources } from './secrets-manager.js';
import { sqsResources } from './sqs.js';
import { ssmResources } from './ssm.js';

/** @returns whether the resources are complete; false leaves the rest to the models */
export type SpecialResources = (call: Call, findings: Findings) => boolean;

/** Services whose requests name their resources in a way that no template tells. */
export const specialResources: Readonly<Record<string, SpecialResources>> = {
  apigateway: apiGatewayResources,
  apigatewayv2: apiGatewayResources,
  'bedrock-runtime': bedrockResources,
  dynamodb: dynamodbResources,
  ec2: ec2Resources,
  ecs: ecsResources,
  kms: kmsResources,
  lambda: lambdaResources,
  logs: logsResources,
  s3: s3Resources,
  secretsmanager: secretsManagerResources,
  sqs: sqsResources,
  ssm: ssmResources,
};
