/**
 * Everything that can go wrong at a gate, as a closed union: each surface (PostgreSQL, HTTP, CLI …) owns a
 * `Record<ErrorCode, …>`, so a new code fails the build until every surface has chosen what its client sees.
 */
export const errorCodes = [
  'POLICY_DENIED',
  'POLICY_UNAVAILABLE',
  'REVIEW_REJECTED',
  'REVIEW_EXPIRED',
  'REVIEW_UNAVAILABLE',
  'RECORDING_UNAVAILABLE',
  'MASKING_UNAVAILABLE',
  'RESPONSE_NOT_UNDERSTOOD',
  'EVIDENCE_INCONSISTENT',
  'AGENT_OFFLINE',
  'AGENT_LOST',
  'AGENT_INCOMPATIBLE',
  'TARGET_UNKNOWN',
  'TARGET_UNREACHABLE',
  'TARGET_REFUSED_CREDENTIAL',
  'CREDENTIAL_UNAVAILABLE',
  'CONNECTION_NOT_FOUND',
  'CONNECTION_UNPROTECTED',
  'DATABASE_NOT_ALLOWED',
  'TICKET_INVALID',
  'TICKET_EXPIRED',
  'GRANT_ENDED',
  'SESSION_ENDED',
  'TOO_MANY_SESSIONS',
  'TLS_REQUIRED',
  'PROTOCOL_VIOLATION',
  'UNSUPPORTED',
  'TOO_LARGE',
  'TIMED_OUT',
  'CANCELLED',
  'SHUTTING_DOWN',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'CONFLICT',
  'INVALID_INPUT',
  'RATE_LIMITED',
  'BUDGET_EXHAUSTED',
  'INTERNAL',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

export interface GatewayErrorOptions {
  readonly cause?: unknown;
  /** One sentence that an AI or a person can act on. */
  readonly hint?: string;
  /** Facts for the log and for API clients; never a secret, never a value of the target. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Message: lower case, no full stop, input quoted. The cause is logged, never sent. */
export class GatewayError extends Error {
  readonly code: ErrorCode;
  readonly hint?: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, { cause, hint, details = {} }: GatewayErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'GatewayError';
    this.code = code;
    if (hint !== undefined) this.hint = hint;
    this.details = details;
  }
}

/** What a client is told instead of a result, in words; each protocol has its own envelope for it. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
}

/** Anything that is not a GatewayError is INTERNAL: its text may hold what no client should see. */
export const refusalOf = (error: unknown): Refusal =>
  error instanceof GatewayError
    ? { code: error.code, message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) }
    : {
        code: 'INTERNAL',
        message: 'the gateway failed, and nothing more was run',
        hint: 'ask an administrator to look at the log',
      };
