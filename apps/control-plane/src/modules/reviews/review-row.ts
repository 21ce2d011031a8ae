import type {
  Assurance,
  ConnectionId,
  Digest,
  IdentityClass,
  OperationId,
  PersonId,
  PolicyId,
  ReviewId,
  Risk,
  SessionId,
} from '@sallyport/core';
import type { Review, ReviewState, Verdict } from '@sallyport/reviews';

/** A row of `review_votes`. */
export interface VoteRow {
  readonly review_id: ReviewId;
  readonly voter_id: PersonId;
  readonly voter_class: IdentityClass;
  readonly voter_name: string;
  readonly groups: readonly string[];
  readonly verdict: Verdict;
  readonly reason: string;
  readonly at: Date;
}

/** A row of `reviews`, with its votes in the order in which they were cast. */
export interface ReviewRow {
  readonly id: ReviewId;
  readonly state: ReviewState;
  readonly binding: Digest;
  readonly operation_digest: Digest;
  /** Where it was asked for first. */
  readonly session_id: SessionId;
  readonly operation_id: OperationId;
  readonly requester_id: PersonId;
  readonly requester_class: IdentityClass;
  readonly requester_name: string;
  readonly behind: readonly PersonId[];
  /** When it was asked for; null in reviews of before. */
  readonly assurance: Assurance | null;
  /** Whose names the AI session, the turn and the tool call are. */
  readonly ai_client: string | null;
  readonly ai_session: string | null;
  readonly turn: string | null;
  readonly tool_call: string | null;
  readonly connection_id: ConnectionId;
  readonly connection_name: string;
  readonly database: string;
  readonly action: string;
  readonly risk: Risk;
  readonly resources: readonly string[];
  /** Sealed: see shown-texts.ts. */
  readonly shown: Buffer;
  /** The key that it is sealed under where that is not the session's own. */
  readonly shown_key: string | null;
  readonly policies: readonly PolicyId[];
  readonly policy_version: number;
  readonly groups: readonly string[];
  readonly approvals: number;
  readonly timeout_ms: number;
  readonly on_timeout: 'deny' | 'allow';
  readonly message: string | null;
  readonly created_at: Date;
  readonly expires_at: Date;
  readonly settled_at: Date | null;
  readonly votes: readonly VoteRow[];
}

/** The row as the state machine knows it. */
export const reviewOf = (row: ReviewRow): Review => ({
  id: row.id,
  state: row.state,
  binding: row.binding,
  requirement: {
    groups: row.groups,
    approvals: row.approvals,
    timeoutMs: row.timeout_ms,
    onTimeout: row.on_timeout,
    ...(row.message === null ? {} : { message: row.message }),
  },
  requester: { id: row.requester_id, name: row.requester_name, behind: row.behind },
  turn: {
    ...(row.ai_client === null ? {} : { client: row.ai_client }),
    ...(row.ai_session === null ? {} : { aiSession: row.ai_session }),
    ...(row.turn === null ? {} : { turn: row.turn }),
    ...(row.tool_call === null ? {} : { toolCall: row.tool_call }),
  },
  votes: row.votes.map((vote) => ({
    by: vote.voter_id,
    name: vote.voter_name,
    groups: vote.groups,
    verdict: vote.verdict,
    reason: vote.reason,
    at: vote.at,
  })),
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  ...(row.settled_at === null ? {} : { settledAt: row.settled_at }),
});
