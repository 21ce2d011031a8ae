/** One call while it is described: what every part of describing reads. */
import type { AwsRequest, OperationName } from '../types.js';
import type { DescribeContext } from './context.js';
import type { Node } from './members.js';
import type { OperationData, ServiceData } from './service-data.js';

export interface Call extends OperationName {
  readonly input: Node;
  readonly request: AwsRequest;
  readonly context: DescribeContext;
  /** Undefined where the models do not have it. */
  readonly data: OperationData | undefined;
  readonly serviceData: ServiceData | undefined;
}

export const headerOf = (request: AwsRequest, name: string): string | undefined =>
  request.headers.find(([each]) => each === name)?.[1];
