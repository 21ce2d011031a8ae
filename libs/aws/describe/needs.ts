/** What a call needs of IAM: the part of its description that a credential can be scoped by. */
import type { AwsRequest, Identified } from '../types.js';
import { actionsOf } from './actions.js';
import type { Call } from './call.js';
import type { DescribeContext } from './context.js';
import { mostResources } from './found.js';
import { treeOf } from './input.js';
import { resourcesOf } from './resources.js';
import { operationData, serviceData } from './service-data.js';

export interface CallNeeds {
  /** `prefix:Action` */
  readonly actions: readonly string[];
  /** ARNs. */
  readonly resources: readonly string[];
}

/** @returns the union of what every candidate needs */
export const needsOf = (identified: Identified, request: AwsRequest, context: DescribeContext): CallNeeds => {
  const calls = callsOf(identified, request, context);
  return {
    actions: [...new Set(calls.flatMap(actionsOf))],
    resources: boundedUnion(calls.map((call) => resourcesOf(call).arns)),
  };
};

export const callsOf = (identified: Identified, request: AwsRequest, context: DescribeContext): Call[] => {
  const candidates = identified.candidates.length === 0 ? [identified] : identified.candidates;
  const input = treeOf(identified);
  return candidates.map(({ service, operation }) => ({
    service,
    operation,
    input,
    request,
    context,
    data: operationData(service, operation),
    serviceData: serviceData(service),
  }));
};

export const boundedUnion = (all: readonly (readonly string[])[]): string[] => {
  const union = [...new Set(all.flat())];
  return union.length <= mostResources ? union : [...union.filter((arn) => arn !== '*').slice(0, mostResources), '*'];
};
