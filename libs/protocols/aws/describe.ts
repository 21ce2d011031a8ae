/** From a call to the operation that is decided, recorded and reviewed. */

import {
  type AwsDescription,
  type AwsRequest,
  describeCall,
  type Identification,
  type Identified,
  type SignedScope,
} from '@sallyport/aws';
import type { Digest, Operation } from '@sallyport/core';
import { hideSecrets } from '@sallyport/masking';
import { digestOf } from './client/digest.js';
import type { OpenedHead } from './wire.js';

export interface DescribedCall {
  readonly operation: Operation;
  readonly description: AwsDescription | undefined;
}

export interface CallCircumstances {
  readonly identification: Identification;
  readonly request: AwsRequest;
  readonly scope: SignedScope;
  readonly bucket: string | undefined;
  readonly presigned: boolean;
  /** Of a body that is not read: what stands for it in the digest. */
  readonly streamed: string | undefined;
  readonly agent: OpenedHead;
}

/** Pure: the same call gives the same operation. */
export function operationOf(call: CallCircumstances): DescribedCall {
  const { identification } = call;
  return identification.identified
    ? identifiedCall(call, identification)
    : unidentifiedCall(call, identification.reason);
}

function identifiedCall(call: CallCircumstances, identified: Identified): DescribedCall {
  const { request, scope, bucket, presigned, streamed, agent } = call;
  const description = describeCall(identified, request, {
    partition: agent.partition,
    account: agent.account,
    region: scope.region,
    bodyStreams: request.body === undefined && streamed !== undefined,
    presigned,
    addressing: bucket === undefined ? {} : { bucket },
    hide: hideSecrets,
  });
  const { risk, text, facts, resources } = description;
  const digest = digestOf({ ...identified, request, region: scope.region, bucket, streamed });
  return {
    description,
    operation: { action: 'aws.call', risk, text, facts, resources, digest, pure: isPure(description, identified) },
  };
}

/** Without any effect but the answer: such a call may overtake its own record. */
const isPure = ({ risk, facts }: AwsDescription, { candidates }: Identified): boolean =>
  risk === 'read' && candidates.length <= 1 && Array.isArray(facts['flags']) && facts['flags'].length === 0;

/** On record like every other, so that somebody sees what was tried; it can be allowed by nobody. */
function unidentifiedCall(
  { request, scope, bucket, streamed, agent }: CallCircumstances,
  reason: string,
): DescribedCall {
  const { signingName, region } = scope;
  const digest: Digest = digestOf({ service: signingName, operation: '', request, region, bucket, streamed });
  return {
    description: undefined,
    operation: {
      action: 'aws.call',
      risk: 'unknown',
      text: `${signingName}: ${request.method} ${request.path.slice(0, 200)} in ${region}: ${reason}`,
      facts: {
        service: signingName,
        operation: '',
        region,
        account: agent.account ?? '',
        partition: agent.partition,
        actions: [],
        resources: [],
        resource: '',
        flags: ['unidentified'],
        bucket: bucket ?? '',
        key: '',
        candidates: 0,
        sql_verbs: [],
        sql_relations: [],
        sql_written: [],
      },
      resources: [],
      digest,
      pure: false,
    },
  };
}
