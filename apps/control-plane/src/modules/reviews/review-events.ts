import type { OperationId } from '@sallyport/core';
import type { EventBody, Vote as RecordedVote } from '@sallyport/evidence';
import type { EvidenceEvent } from '../evidence/evidence-writer.js';
import type { NewReview } from './review-records.js';
import type { ReviewRow, VoteRow } from './review-row.js';

/** What goes on record of reviews; each under the key of the session that asked first, so that it is erased with it. */
export const requestedEvent = (review: NewReview): EvidenceEvent<'review.requested'> => ({
  event: 'review.requested',
  session: review.session_id,
  body: {
    review: review.id,
    binding: review.binding,
    operationDigest: review.operation_digest,
    operation: review.operation_id,
    requestedBy: { id: review.requester_id, class: review.requester_class, name: review.requester_name },
    connection: review.connection_name,
    requirement: {
      groups: review.groups,
      approvals: review.approvals,
      timeoutMs: review.timeout_ms,
      onTimeout: review.on_timeout,
    },
    policies: review.policies,
    policyVersion: review.policy_version,
    expiresAt: review.expires_at.toISOString(),
  },
});

export const votedEvent = (
  { id, session_id }: ReviewRow,
  vote: Omit<VoteRow, 'review_id'>,
): EvidenceEvent<'review.voted'> => ({
  event: 'review.voted',
  session: session_id,
  body: { review: id, vote: recorded(vote) },
});

export function settledEvent(
  { id, session_id, votes }: ReviewRow,
  event: 'review.approved' | 'review.rejected',
  last: Omit<VoteRow, 'review_id'>,
): EvidenceEvent<'review.approved' | 'review.rejected'> {
  const body: EventBody<'review.approved'> = { review: id, votes: [...votes, last].map(recorded) };
  return { event, session: session_id, body };
}

export const expiredEvent = (
  { id, session_id }: ReviewRow,
  applied: 'deny' | 'allow',
): EvidenceEvent<'review.expired'> => ({
  event: 'review.expired',
  session: session_id,
  body: { review: id, applied },
});

export const consumedEvent = (
  { id }: ReviewRow,
  { session, operation }: { session: EvidenceEvent['session'] & string; operation: OperationId },
): EvidenceEvent<'review.consumed'> => ({
  event: 'review.consumed',
  session,
  body: { review: id, operation },
});

const recorded = ({
  voter_id,
  voter_class,
  voter_name,
  groups,
  verdict,
  reason,
  at,
}: Omit<VoteRow, 'review_id'>): RecordedVote => ({
  by: { id: voter_id, class: voter_class, name: voter_name },
  groups,
  verdict,
  reason,
  at: at.toISOString(),
});
