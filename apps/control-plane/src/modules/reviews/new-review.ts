import type { PersonId, ReviewId } from '@sallyport/core';
import { request } from '@sallyport/reviews';
import type { BoundAsked } from './review-asked.js';
import type { NewReview } from './review-records.js';
import type { SealedShown } from './shown-texts.js';

interface Made {
  readonly id: ReviewId;
  /** Everybody who is the same human as the requester, or owns it. */
  readonly behind: readonly PersonId[];
  readonly at: Date;
  readonly shown: SealedShown;
}

const resourcesKept = 200;

/** The row of a review that is asked for now. */
export function newReview(asked: BoundAsked, { id, behind, at, shown }: Made): NewReview {
  const { identity, connection, operation, decision, turn, binding } = asked;
  const { requirement } = decision;
  const { createdAt, expiresAt } = request({
    id,
    binding,
    requirement,
    requester: { id: identity.id, name: identity.name, behind },
    turn,
    at,
  });
  return {
    id,
    binding,
    session_id: asked.session,
    operation_id: asked.operationId,
    requester_id: identity.id,
    requester_class: identity.class,
    requester_name: identity.name,
    behind,
    assurance: asked.assurance ?? null,
    ...turnOf(asked),
    connection_id: connection.id,
    connection_name: connection.name,
    database: asked.database,
    action: operation.action,
    risk: operation.risk,
    resources: operation.resources.slice(0, resourcesKept),
    ...shown,
    operation_digest: operation.digest,
    policies: decision.policies,
    policy_version: decision.policyVersion,
    groups: requirement.groups,
    approvals: requirement.approvals,
    timeout_ms: requirement.timeoutMs,
    on_timeout: requirement.onTimeout,
    message: requirement.message ?? null,
    created_at: createdAt,
    expires_at: expiresAt,
  };
}

const turnOf = ({ turn }: BoundAsked): Pick<NewReview, 'ai_client' | 'ai_session' | 'turn' | 'tool_call'> => ({
  ai_client: turn.client ?? null,
  ai_session: turn.aiSession ?? null,
  turn: turn.turn ?? null,
  tool_call: turn.toolCall ?? null,
});
