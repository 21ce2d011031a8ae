export type { DescribeContext } from './context.js';
export { describeCall } from './describe-call.js';
export { type AwsFlag, awsFlags } from './flags/index.js';
export { type CallNeeds, needsOf } from './needs.js';
