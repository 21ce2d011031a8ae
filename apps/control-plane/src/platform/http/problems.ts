import type { ErrorCode } from '@sallyport/core';

interface Problem {
  readonly status: number;
  readonly title: string;
}

/** What an API client sees of each error (RFC 9457). */
export const problems: Readonly<Record<ErrorCode, Problem>> = {
  POLICY_DENIED: { status: 403, title: 'Refused by policy' },
  POLICY_UNAVAILABLE: { status: 503, title: 'Policies cannot be evaluated' },
  REVIEW_REJECTED: { status: 403, title: 'Rejected by a reviewer' },
  REVIEW_EXPIRED: { status: 403, title: 'Review expired' },
  REVIEW_UNAVAILABLE: { status: 503, title: 'Reviews are unavailable' },
  RECORDING_UNAVAILABLE: { status: 503, title: 'Recording is unavailable' },
  MASKING_UNAVAILABLE: { status: 503, title: 'Masking is unavailable' },
  RESPONSE_NOT_UNDERSTOOD: { status: 502, title: 'Response not understood' },
  EVIDENCE_INCONSISTENT: { status: 503, title: 'Evidence is inconsistent' },
  AGENT_OFFLINE: { status: 503, title: 'Agent offline' },
  AGENT_LOST: { status: 502, title: 'Agent lost' },
  AGENT_INCOMPATIBLE: { status: 502, title: 'Agent incompatible' },
  TARGET_UNKNOWN: { status: 502, title: 'Target unknown to the agent' },
  TARGET_UNREACHABLE: { status: 502, title: 'Target unreachable' },
  TARGET_REFUSED_CREDENTIAL: { status: 502, title: 'Target refused the credential' },
  CREDENTIAL_UNAVAILABLE: { status: 502, title: 'Credential unavailable' },
  CONNECTION_NOT_FOUND: { status: 404, title: 'Connection not found' },
  CONNECTION_UNPROTECTED: { status: 503, title: 'Connection not protected' },
  DATABASE_NOT_ALLOWED: { status: 403, title: 'Database not allowed' },
  TICKET_INVALID: { status: 401, title: 'Ticket invalid' },
  TICKET_EXPIRED: { status: 401, title: 'Ticket expired' },
  GRANT_ENDED: { status: 401, title: 'Login ended' },
  SESSION_ENDED: { status: 409, title: 'Session ended' },
  TOO_MANY_SESSIONS: { status: 429, title: 'Too many sessions' },
  TLS_REQUIRED: { status: 403, title: 'TLS required' },
  PROTOCOL_VIOLATION: { status: 400, title: 'Protocol violation' },
  UNSUPPORTED: { status: 501, title: 'Unsupported' },
  TOO_LARGE: { status: 413, title: 'Too large' },
  TIMED_OUT: { status: 504, title: 'Timed out' },
  CANCELLED: { status: 409, title: 'Cancelled' },
  SHUTTING_DOWN: { status: 503, title: 'Shutting down' },
  UNAUTHENTICATED: { status: 401, title: 'Not logged in' },
  FORBIDDEN: { status: 403, title: 'Forbidden' },
  NOT_FOUND: { status: 404, title: 'Not found' },
  CONFLICT: { status: 409, title: 'Conflict' },
  INVALID_INPUT: { status: 400, title: 'Invalid input' },
  RATE_LIMITED: { status: 429, title: 'Too many requests' },
  BUDGET_EXHAUSTED: { status: 403, title: 'Budget exhausted' },
  INTERNAL: { status: 500, title: 'Internal error' },
};

/** What Nest, Express and the body parser throw, by HTTP status. */
export const codeOfStatus = (status: number): ErrorCode => {
  if (status === 401) return 'UNAUTHENTICATED';
  if (status === 403) return 'FORBIDDEN';
  if (status === 404 || status === 405) return 'NOT_FOUND';
  if (status === 409) return 'CONFLICT';
  if (status === 413) return 'TOO_LARGE';
  if (status === 429) return 'RATE_LIMITED';
  return status >= 400 && status < 500 ? 'INVALID_INPUT' : 'INTERNAL';
};
