/**
 * Every error code in the words of the Messages API, so that its SDKs and Claude Code show it, and retry it only where that
 * helps. Shapes: https://docs.claude.com/en/api/errors.
 */
import type { ErrorCode, Refusal } from '@sallyport/core';
import { type ErrorAnswer, wordsOf } from '@sallyport/model-gateway';

export interface AnthropicError {
  readonly status: number;
  readonly type: string;
}

const denied: AnthropicError = { status: 403, type: 'permission_error' };
const unknown: AnthropicError = { status: 401, type: 'authentication_error' };
const wrong: AnthropicError = { status: 400, type: 'invalid_request_error' };
const away: AnthropicError = { status: 503, type: 'api_error' };
/** It may have run, and been paid for: the SDKs would run it again for a 5xx. */
const perhapsRun: AnthropicError = { status: 400, type: 'api_error' };

/** The SDKs retry 408, 409, 429 and every 5xx, which stand here for what has not run and may run later. */
export const anthropicErrors: Record<ErrorCode, AnthropicError> = {
  POLICY_DENIED: denied,
  POLICY_UNAVAILABLE: away,
  REVIEW_REJECTED: denied,
  REVIEW_EXPIRED: denied,
  REVIEW_UNAVAILABLE: away,
  RECORDING_UNAVAILABLE: away,
  MASKING_UNAVAILABLE: away,
  RESPONSE_NOT_UNDERSTOOD: perhapsRun,
  EVIDENCE_INCONSISTENT: away,
  AGENT_OFFLINE: away,
  AGENT_LOST: perhapsRun,
  AGENT_INCOMPATIBLE: wrong,
  TARGET_UNKNOWN: wrong,
  TARGET_UNREACHABLE: away,
  TARGET_REFUSED_CREDENTIAL: denied,
  CREDENTIAL_UNAVAILABLE: denied,
  CONNECTION_NOT_FOUND: unknown,
  CONNECTION_UNPROTECTED: denied,
  DATABASE_NOT_ALLOWED: denied,
  TICKET_INVALID: unknown,
  TICKET_EXPIRED: unknown,
  GRANT_ENDED: unknown,
  SESSION_ENDED: denied,
  TOO_MANY_SESSIONS: { status: 429, type: 'rate_limit_error' },
  TLS_REQUIRED: denied,
  PROTOCOL_VIOLATION: wrong,
  UNSUPPORTED: wrong,
  TOO_LARGE: { status: 413, type: 'request_too_large' },
  TIMED_OUT: perhapsRun,
  CANCELLED: denied,
  SHUTTING_DOWN: away,
  UNAUTHENTICATED: unknown,
  FORBIDDEN: denied,
  NOT_FOUND: { status: 404, type: 'not_found_error' },
  CONFLICT: wrong,
  INVALID_INPUT: wrong,
  RATE_LIMITED: { status: 429, type: 'rate_limit_error' },
  BUDGET_EXHAUSTED: denied,
  INTERNAL: perhapsRun,
};

export function refusalAnswer(refusal: Refusal): ErrorAnswer {
  const { status, type } = anthropicErrors[refusal.code];
  const body = Buffer.from(JSON.stringify({ type: 'error', error: { type, message: wordsOf(refusal) } }), 'utf8');
  return {
    status,
    headers: [
      ['content-type', 'application/json'],
      ['content-length', String(body.length)],
    ],
    body,
  };
}
