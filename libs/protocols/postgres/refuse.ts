import type { ErrorCode, Refusal } from '@sallyport/core';
import { reportMessage } from './backend.js';
import { cstring, message } from './wire.js';

/**
 * Adding an ErrorCode fails the build here until someone chooses what psql will show.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export const sqlStates: Record<ErrorCode, string> = {
  POLICY_DENIED: '42501', // insufficient_privilege
  POLICY_UNAVAILABLE: '57P03', // cannot_connect_now
  REVIEW_REJECTED: '42501',
  REVIEW_EXPIRED: '57014', // query_canceled
  REVIEW_UNAVAILABLE: '57P03',
  RECORDING_UNAVAILABLE: '57P03',
  MASKING_UNAVAILABLE: '57P03',
  RESPONSE_NOT_UNDERSTOOD: '08P01', // protocol_violation
  EVIDENCE_INCONSISTENT: '57P03',
  AGENT_OFFLINE: '08001', // sqlclient_unable_to_establish_sqlconnection
  AGENT_LOST: '08006', // connection_failure
  AGENT_INCOMPATIBLE: '08001',
  TARGET_UNKNOWN: '08001',
  TARGET_UNREACHABLE: '08001',
  TARGET_REFUSED_CREDENTIAL: '08004', // sqlserver_rejected_establishment_of_sqlconnection
  CREDENTIAL_UNAVAILABLE: '08004',
  CONNECTION_NOT_FOUND: '28000', // invalid_authorization_specification
  CONNECTION_UNPROTECTED: '08004',
  DATABASE_NOT_ALLOWED: '3D000', // invalid_catalog_name
  TICKET_INVALID: '28P01', // invalid_password
  TICKET_EXPIRED: '28P01',
  GRANT_ENDED: '57P01', // admin_shutdown
  SESSION_ENDED: '57P01',
  TOO_MANY_SESSIONS: '53300', // too_many_connections
  TLS_REQUIRED: '28000',
  PROTOCOL_VIOLATION: '08P01',
  UNSUPPORTED: '0A000', // feature_not_supported
  TOO_LARGE: '54000', // program_limit_exceeded
  TIMED_OUT: '57014',
  CANCELLED: '57014',
  SHUTTING_DOWN: '57P01',
  UNAUTHENTICATED: '28000',
  FORBIDDEN: '42501',
  NOT_FOUND: '42704', // undefined_object
  CONFLICT: '55000', // object_not_in_prerequisite_state
  INVALID_INPUT: '22023', // invalid_parameter_value
  RATE_LIMITED: '53300',
  BUDGET_EXHAUSTED: '53400',
  INTERNAL: 'XX000', // internal_error
};

/** An ErrorResponse (without the ReadyForQuery that may follow). FATAL where the connection ends with it. */
export const refusalMessage = ({ code, message, hint }: Refusal, severity: 'ERROR' | 'FATAL' = 'ERROR'): Buffer =>
  reportMessage(
    'E',
    new Map([
      ['S', severity],
      ['V', severity],
      ['C', sqlStates[code]],
      ['M', message],
      ...(hint === undefined ? [] : [['H', hint] as const]),
    ]),
  );

export const noticeMessage = (text: string, hint?: string): Buffer =>
  reportMessage(
    'N',
    new Map([
      ['S', 'NOTICE'],
      ['V', 'NOTICE'],
      ['C', '00000'],
      ['M', text],
      ...(hint === undefined ? [] : [['H', hint] as const]),
    ]),
  );

/** CopyFail: ends a COPY FROM STDIN in the client's place; the target says why. */
export const copyFail = ({ message: text, hint }: Refusal): Buffer =>
  message('f', cstring(hint === undefined ? text : `${text}; ${hint}`));
