/**
 * Every error code in the words of OpenAI's API, so that its SDKs and Codex show it, and retry it only where that helps.
 * Shapes: https://platform.openai.com/docs/guides/error-codes.
 */
import type { ErrorCode, Refusal } from '@sallyport/core';
import { type ErrorAnswer, wordsOf } from '@sallyport/model-gateway';

export interface OpenAiError {
  readonly status: number;
  readonly type: string;
  readonly code: string | null;
}

const denied: OpenAiError = { status: 403, type: 'permission_error', code: 'permission_denied' };
const unknown: OpenAiError = { status: 401, type: 'authentication_error', code: 'invalid_api_key' };
const wrong: OpenAiError = { status: 400, type: 'invalid_request_error', code: null };
const away: OpenAiError = { status: 503, type: 'server_error', code: 'server_error' };
/** It may have run, and been paid for: the SDKs would run it again for a 5xx. */
const perhapsRun: OpenAiError = { status: 400, type: 'server_error', code: 'server_error' };
const throttled: OpenAiError = { status: 429, type: 'rate_limit_error', code: 'rate_limit_exceeded' };

/** The SDKs retry 408, 409, 429 and every 5xx, which stand here for what has not run and may run later. */
export const openAiErrors: Record<ErrorCode, OpenAiError> = {
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
  TOO_MANY_SESSIONS: throttled,
  TLS_REQUIRED: denied,
  PROTOCOL_VIOLATION: wrong,
  UNSUPPORTED: wrong,
  TOO_LARGE: { status: 413, type: 'invalid_request_error', code: 'request_too_large' },
  TIMED_OUT: perhapsRun,
  CANCELLED: denied,
  SHUTTING_DOWN: away,
  UNAUTHENTICATED: unknown,
  FORBIDDEN: denied,
  NOT_FOUND: { status: 404, type: 'invalid_request_error', code: 'not_found' },
  CONFLICT: wrong,
  INVALID_INPUT: wrong,
  RATE_LIMITED: throttled,
  BUDGET_EXHAUSTED: { status: 403, type: 'insufficient_quota', code: 'insufficient_quota' },
  INTERNAL: perhapsRun,
};

export function refusalAnswer(refusal: Refusal): ErrorAnswer {
  const { status, type, code } = openAiErrors[refusal.code];
  const error = { message: wordsOf(refusal), type, param: null, code };
  const body = Buffer.from(JSON.stringify({ error }), 'utf8');
  return {
    status,
    headers: [
      ['content-type', 'application/json'],
      ['content-length', String(body.length)],
    ],
    body,
  };
}
