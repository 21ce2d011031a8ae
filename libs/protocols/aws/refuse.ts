/**
 * Every error code in the words of an AWS service, so that clients show it, and retry it only where that helps.
 * Error shapes: https://smithy.io/2.0/aws/protocols/ of each protocol; S3's and EC2's are their own.
 */

import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { ErrorCode, Refusal } from '@sallyport/core';
import type { Headers } from '@sallyport/http';

/** How an error looks on the wire. */
export const errorStyles = ['json', 'rest-json', 'query', 'ec2', 's3', 'rest-xml', 'cbor'] as const;
export type ErrorStyle = (typeof errorStyles)[number];

export interface AwsError {
  readonly status: number;
  /** As a JSON service says it; see `codeFor` for the others. */
  readonly code: string;
}

/**
 * Adding an ErrorCode fails the build here until someone chooses what an AWS client sees. 4xx is not retried by SDKs but for
 * throttling codes; 503 ServiceUnavailable is.
 */
export const awsErrors: Record<ErrorCode, AwsError> = {
  POLICY_DENIED: { status: 403, code: 'AccessDeniedException' },
  POLICY_UNAVAILABLE: { status: 503, code: 'ServiceUnavailableException' },
  REVIEW_REJECTED: { status: 403, code: 'AccessDeniedException' },
  REVIEW_EXPIRED: { status: 403, code: 'AccessDeniedException' },
  REVIEW_UNAVAILABLE: { status: 503, code: 'ServiceUnavailableException' },
  RECORDING_UNAVAILABLE: { status: 503, code: 'ServiceUnavailableException' },
  MASKING_UNAVAILABLE: { status: 503, code: 'ServiceUnavailableException' },
  RESPONSE_NOT_UNDERSTOOD: { status: 400, code: 'ValidationException' }, // it ran: a retry would run it again
  EVIDENCE_INCONSISTENT: { status: 503, code: 'ServiceUnavailableException' },
  AGENT_OFFLINE: { status: 503, code: 'ServiceUnavailableException' },
  AGENT_LOST: { status: 400, code: 'ValidationException' }, // it may have run
  AGENT_INCOMPATIBLE: { status: 400, code: 'ValidationException' },
  TARGET_UNKNOWN: { status: 400, code: 'ValidationException' },
  TARGET_UNREACHABLE: { status: 503, code: 'ServiceUnavailableException' },
  TARGET_REFUSED_CREDENTIAL: { status: 403, code: 'AccessDeniedException' },
  CREDENTIAL_UNAVAILABLE: { status: 403, code: 'AccessDeniedException' },
  CONNECTION_NOT_FOUND: { status: 403, code: 'UnrecognizedClientException' },
  CONNECTION_UNPROTECTED: { status: 403, code: 'AccessDeniedException' },
  DATABASE_NOT_ALLOWED: { status: 403, code: 'AccessDeniedException' },
  TICKET_INVALID: { status: 403, code: 'UnrecognizedClientException' },
  TICKET_EXPIRED: { status: 403, code: 'ExpiredTokenException' },
  GRANT_ENDED: { status: 403, code: 'ExpiredTokenException' },
  SESSION_ENDED: { status: 403, code: 'ExpiredTokenException' },
  TOO_MANY_SESSIONS: { status: 429, code: 'ThrottlingException' },
  TLS_REQUIRED: { status: 403, code: 'AccessDeniedException' },
  PROTOCOL_VIOLATION: { status: 400, code: 'ValidationException' },
  UNSUPPORTED: { status: 400, code: 'ValidationException' },
  TOO_LARGE: { status: 413, code: 'RequestEntityTooLargeException' },
  TIMED_OUT: { status: 400, code: 'ValidationException' }, // it may have run
  CANCELLED: { status: 403, code: 'AccessDeniedException' },
  SHUTTING_DOWN: { status: 503, code: 'ServiceUnavailableException' },
  UNAUTHENTICATED: { status: 403, code: 'MissingAuthenticationTokenException' },
  FORBIDDEN: { status: 403, code: 'AccessDeniedException' },
  NOT_FOUND: { status: 404, code: 'ResourceNotFoundException' },
  CONFLICT: { status: 409, code: 'ConflictException' },
  INVALID_INPUT: { status: 400, code: 'ValidationException' },
  RATE_LIMITED: { status: 429, code: 'ThrottlingException' },
  BUDGET_EXHAUSTED: { status: 403, code: 'AccessDeniedException' },
  INTERNAL: { status: 400, code: 'ValidationException' }, // it may have run
};

/** What is wrong with a signature, which has its own code in each style: `[JSON, query and XML, S3]`. */
const ofSignature = {
  missing: ['MissingAuthenticationTokenException', 'MissingAuthenticationToken', 'AccessDenied'],
  malformed: ['IncompleteSignatureException', 'IncompleteSignature', 'AuthorizationHeaderMalformed'],
  signature: ['InvalidSignatureException', 'SignatureDoesNotMatch', 'SignatureDoesNotMatch'],
  skew: ['InvalidSignatureException', 'SignatureDoesNotMatch', 'RequestTimeTooSkewed'],
  expired: ['ExpiredTokenException', 'RequestExpired', 'AccessDenied'],
} as const;
export type SignatureFault = keyof typeof ofSignature;

const short: Readonly<Record<string, string>> = {
  ValidationException: 'InvalidParameterValue',
  UnrecognizedClientException: 'InvalidClientTokenId',
};
const shortInS3: Readonly<Record<string, string>> = {
  ValidationException: 'InvalidRequest',
  UnrecognizedClientException: 'InvalidAccessKeyId',
  ThrottlingException: 'SlowDown',
  ExpiredTokenException: 'ExpiredToken',
  RequestEntityTooLargeException: 'EntityTooLarge',
  ResourceNotFoundException: 'NoSuchKey',
};
const shortInEc2: Readonly<Record<string, string>> = {
  ...short,
  AccessDeniedException: 'UnauthorizedOperation',
  UnrecognizedClientException: 'AuthFailure',
  ThrottlingException: 'RequestLimitExceeded',
};

const withoutException = (code: string): string => code.replace(/Exception$/, '');

/** The code as services of this style say it. */
export function codeFor(code: string, style: ErrorStyle): string {
  if (style === 'json' || style === 'rest-json' || style === 'cbor') return code;
  const own = style === 's3' ? shortInS3 : style === 'ec2' ? shortInEc2 : short;
  return own[code] ?? withoutException(code);
}

export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

/** A refusal in one line: clients print the message only. */
const wordsOf = ({ message, hint }: Refusal): string => (hint === undefined ? message : `${message}; ${hint}`);

/** @param fault why the signature was not taken, where that is what is wrong */
export function errorAnswer(refusal: Refusal, style: ErrorStyle, fault?: SignatureFault): ErrorAnswer {
  const { status, code } = awsErrors[refusal.code];
  const said =
    fault === undefined
      ? codeFor(code, style)
      : ofSignature[fault][style === 's3' ? 2 : style === 'query' || style === 'ec2' || style === 'rest-xml' ? 1 : 0];
  const id = requestId();
  const { type, body } = bodies[style]({
    code: said,
    message: `sallyport: ${wordsOf(refusal)}`,
    id,
    sender: status < 500,
  });
  const headers: [string, string][] = [
    ['content-type', type],
    ['content-length', String(body.length)],
    ['x-amzn-requestid', id],
    ...(style === 's3' ? ([['x-amz-request-id', id]] as [string, string][]) : []),
    ...(style === 'rest-json' ? ([['x-amzn-errortype', said]] as [string, string][]) : []),
    ...(style === 'json' ? ([['x-amz-crc32', String(crcOf(body))]] as [string, string][]) : []),
    ...(style === 'cbor' ? ([['smithy-protocol', 'rpc-v2-cbor']] as [string, string][]) : []),
  ];
  return { status, headers, body };
}

const requestId = (): string => {
  const hex = randomBytes(16).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};

interface Said {
  readonly code: string;
  readonly message: string;
  readonly id: string;
  readonly sender: boolean;
}

type Rendered = { readonly type: string; readonly body: Buffer };

const escaped = (text: string): string =>
  text
    .replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]!)
    .replace(/[^\P{Cc}\t\n]/gu, ' ');

const xml = (text: string): Rendered => ({
  type: 'text/xml;charset=utf-8',
  body: Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${text}`, 'utf8'),
});

const bodies: Readonly<Record<ErrorStyle, (said: Said) => Rendered>> = {
  json: ({ code, message }) => ({
    type: 'application/x-amz-json-1.1',
    body: Buffer.from(JSON.stringify({ __type: code, message, Message: message }), 'utf8'),
  }),
  'rest-json': ({ code, message }) => ({
    type: 'application/json',
    body: Buffer.from(JSON.stringify({ __type: code, code, message }), 'utf8'),
  }),
  query: ({ code, message, id, sender }) =>
    xml(
      `<ErrorResponse><Error><Type>${sender ? 'Sender' : 'Receiver'}</Type><Code>${code}</Code><Message>${escaped(message)}</Message></Error><RequestId>${id}</RequestId></ErrorResponse>`,
    ),
  'rest-xml': ({ code, message, id, sender }) =>
    xml(
      `<ErrorResponse><Error><Type>${sender ? 'Sender' : 'Receiver'}</Type><Code>${code}</Code><Message>${escaped(message)}</Message></Error><RequestId>${id}</RequestId></ErrorResponse>`,
    ),
  ec2: ({ code, message, id }) =>
    xml(
      `<Response><Errors><Error><Code>${code}</Code><Message>${escaped(message)}</Message></Error></Errors><RequestID>${id}</RequestID></Response>`,
    ),
  s3: ({ code, message, id }) => ({
    ...xml(
      `<Error><Code>${code}</Code><Message>${escaped(message)}</Message><RequestId>${id}</RequestId><HostId>${createHash('sha256').update(id).digest('base64')}</HostId></Error>`,
    ),
    type: 'application/xml',
  }),
  cbor: ({ code, message }) => ({ type: 'application/cbor', body: cborMap({ __type: code, message }) }),
};

/** RFC 8949: a map of texts. */
const cborMap = (map: Readonly<Record<string, string>>): Buffer => {
  const entries = Object.entries(map);
  return Buffer.concat([Buffer.from([0xa0 | entries.length]), ...entries.flat().map(cborText)]);
};

const cborText = (text: string): Buffer => {
  const bytes = Buffer.from(text, 'utf8');
  const head =
    bytes.length < 24
      ? Buffer.from([0x60 | bytes.length])
      : Buffer.from([0x79, bytes.length >> 8, bytes.length & 0xff]);
  return Buffer.concat([head, bytes]);
};

const crcOf = (body: Buffer): number => crc32(body);
