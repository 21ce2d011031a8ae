import type { Decision, Operation, OperationId } from '@sallyport/core';
import type { Settled } from '@sallyport/engine';
import { clipText, type OperationDecided, type OperationDenied, type OperationReviewing } from '@sallyport/evidence';
import type { EvidenceEvent } from '../evidence/evidence-writer.js';
import type { AdmissionContext } from './recorder.js';

const textBytes = 128 * 1024;
const parametersBytes = 64 * 1024;
const resourcesKept = 500;

type DecisionEvent = 'operation.allowed' | 'operation.denied' | 'operation.reviewing';
export type DecidedEvent = Omit<EvidenceEvent<DecisionEvent>, 'session'>;

/** What stays the same however often the operation is decided. */
export type Asked = Omit<OperationDecided, 'policies' | 'policyVersion' | 'review' | 'completed'>;

export interface Numbered {
  readonly id: OperationId;
  readonly number: number;
}

export function askedOf(
  { id, number }: Numbered,
  operation: Operation,
  { assurance, masking }: AdmissionContext,
): Asked {
  const { action, risk, facts, digest, pure, provisional, resources, turn } = operation;
  const { text, bytes } = clipText(operation.text, textBytes);
  return {
    operation: id,
    number,
    action,
    risk,
    text,
    ...(bytes === undefined ? {} : { textBytes: bytes }),
    ...parametersOf(operation),
    facts,
    resources: resources.length > resourcesKept ? resources.slice(0, resourcesKept) : resources,
    digest,
    pure,
    ...(provisional === undefined ? {} : { provisional }),
    ...(turn === undefined ? {} : { turn }),
    assurance,
    masking,
  };
}

/** As many as fit, whole or cut; the digest covers all of them. */
function parametersOf({ parameters }: Operation): Pick<OperationDecided, 'parameters' | 'parametersClipped'> {
  if (parameters === undefined) return {};
  let left = parametersBytes;
  let cut = false;
  const kept: (string | null)[] = [];
  for (const parameter of parameters) {
    if (left <= 0) break;
    const clipped = parameter === null ? undefined : clipText(parameter, left);
    cut ||= clipped?.bytes !== undefined;
    left -= clipped === undefined ? 4 : Buffer.byteLength(clipped.text) + 4;
    kept.push(clipped?.text ?? null);
  }
  return { parameters: kept, ...(cut || kept.length < parameters.length ? { parametersClipped: true } : {}) };
}

/** The event that a decision is recorded as. A provisional operation that will need a review is let through to its execution. */
export function decidedEvent(asked: Asked, decision: Decision | Settled): DecidedEvent {
  const { policies, policyVersion } = decision;
  const body: OperationDecided = { ...asked, policies, policyVersion };
  if (decision.outcome === 'review') {
    if (asked.provisional === true) return { event: 'operation.allowed', body };
    const { groups, approvals, timeoutMs, onTimeout } = decision.requirement;
    return {
      event: 'operation.reviewing',
      body: { ...body, requirement: { groups, approvals, timeoutMs, onTimeout } } satisfies OperationReviewing,
    };
  }
  const reviewed = decision.review === undefined ? body : { ...body, review: decision.review };
  if (decision.outcome === 'allow') return { event: 'operation.allowed', body: reviewed };
  return { event: 'operation.denied', body: { ...reviewed, refusal: decision.refusal } satisfies OperationDenied };
}
