/**
 * What a call needs of IAM, derived here again from the bytes that go to AWS. It is what the call's credential is scoped to:
 * what gate one says of it can refuse a call, and widen none.
 */
import { type AwsRequest, type CallNeeds, type Identified, needsOf } from '@sallyport/aws';
import { GatewayError } from '@sallyport/core';
import type { CallHead, OpenedHead } from '../wire.js';

export interface Asking {
  readonly identified: Identified;
  readonly request: AwsRequest;
  readonly head: Pick<CallHead, 'region' | 'addressing' | 'actions' | 'resources'>;
  readonly opened: OpenedHead;
}

/** @throws PROTOCOL_VIOLATION where it needs something that was not decided */
export function agreedNeeds({ identified, request, head, opened }: Asking): CallNeeds {
  const needs = needsOf(identified, request, {
    partition: opened.partition,
    account: opened.account,
    region: head.region,
    bodyStreams: request.body === undefined,
    presigned: false,
    addressing: head.addressing,
    hide: () => undefined,
  });
  const actions = new Set(head.actions);
  const action = needs.actions.find((each) => !actions.has(each));
  if (action !== undefined) throw undecided(action);
  const resources = new Set(head.resources.map(withoutAccount));
  const resource = resources.has('*')
    ? undefined
    : needs.resources.find((each) => !resources.has(withoutAccount(each)));
  if (resource !== undefined) throw undecided(resource);
  return needs;
}

/** Whose account it is one way of a session may know, and another one not yet. */
const withoutAccount = (arn: string): string => arn.replace(/^(arn:[^:]*:[^:]*:[^:]*:)(?:\d{12}|\*):/, '$1:');

const undecided = (what: string): GatewayError =>
  new GatewayError('PROTOCOL_VIOLATION', `this call needs "${what}", which the control plane has not decided about`, {
    hint: 'tell an administrator: the control plane and the agent do not agree on a call',
  });
