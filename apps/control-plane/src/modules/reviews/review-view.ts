import type { Identity } from '@sallyport/core';
import { isOver, previewOf, previewOfParameters, vote } from '@sallyport/reviews';
import { type ReviewRow, reviewOf } from './review-row.js';
import type { ReviewView } from './reviews.dto.js';
import type { Shown } from './shown-texts.js';

/** @param caller for whom it is: whether they could settle it */
export const viewOf = (row: ReviewRow, shown: Shown | undefined, caller: Identity): ReviewView => ({
  id: row.id,
  state: row.state === 'pending' && isOver(reviewOf(row), new Date()) ? 'expired' : row.state,
  preview: shown === undefined ? '(erased)' : previewOf(shown.text),
  parameters: previewOfParameters(shown?.parameters ?? []),
  action: row.action,
  risk: row.risk,
  resources: row.resources,
  connection: row.connection_name,
  database: row.database,
  requested_by: { id: row.requester_id, class: row.requester_class, name: row.requester_name },
  assurance: row.assurance,
  ai_client: row.ai_client,
  ai_session: row.ai_session,
  turn: row.turn,
  tool_call: row.tool_call,
  session: row.session_id,
  operation: row.operation_id,
  operation_digest: row.operation_digest,
  policies: row.policies,
  policy_version: row.policy_version,
  requirement: { groups: row.groups, approvals: row.approvals, on_timeout: row.on_timeout, message: row.message },
  votes: row.votes.map(({ voter_id, voter_name, groups, verdict, reason, at }) => ({
    by: { id: voter_id, name: voter_name },
    groups,
    verdict,
    reason,
    at: at.toISOString(),
  })),
  can_settle: couldSettle(row, caller),
  created_at: row.created_at.toISOString(),
  expires_at: row.expires_at.toISOString(),
  settled_at: row.settled_at?.toISOString() ?? null,
});

function couldSettle(row: ReviewRow, by: Identity): boolean {
  try {
    vote(reviewOf(row), { by, verdict: 'reject', reason: 'asking only', at: new Date() });
    return true;
  } catch {
    return false; // that it is refused is the answer
  }
}
