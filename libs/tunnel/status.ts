import { Metadata, type ServiceError, type StatusObject, status } from '@grpc/grpc-js';
import { type ErrorCode, GatewayError, refusalOf } from '@sallyport/core';
import { errorOf } from './messages.js';

// gRPC's own status is for gRPC's own tools; the code that counts travels in the trailers.
const grpcStatus: Partial<Record<ErrorCode, status>> = {
  UNAUTHENTICATED: status.UNAUTHENTICATED,
  FORBIDDEN: status.PERMISSION_DENIED,
  NOT_FOUND: status.NOT_FOUND,
  CONFLICT: status.ALREADY_EXISTS,
  INVALID_INPUT: status.INVALID_ARGUMENT,
  RATE_LIMITED: status.RESOURCE_EXHAUSTED,
  TIMED_OUT: status.DEADLINE_EXCEEDED,
  SHUTTING_DOWN: status.UNAVAILABLE,
  AGENT_INCOMPATIBLE: status.FAILED_PRECONDITION,
  INTERNAL: status.INTERNAL,
};

const codeKey = 'sallyport-code';
const hintKey = 'sallyport-hint';

// Metadata is ASCII: anything else would make gRPC throw instead of answer.
const ascii = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?');

/** @returns a gRPC status that ends a call with what a client may know of the error */
export function statusOf(error: unknown): StatusObject {
  const { code, message, hint } = refusalOf(error);
  const metadata = new Metadata();
  metadata.set(codeKey, code);
  if (hint !== undefined) metadata.set(hintKey, ascii(hint));
  return { code: grpcStatus[code] ?? status.FAILED_PRECONDITION, details: ascii(message), metadata };
}

/** @returns the GatewayError that the other end gave as reason, or undefined when the transport itself failed */
export function reasonOf(error: Partial<ServiceError>): GatewayError | undefined {
  const code = error.metadata?.get(codeKey)[0];
  if (typeof code !== 'string') return undefined;
  const hint = error.metadata?.get(hintKey)[0];
  return errorOf({ code, message: error.details ?? '', hint: typeof hint === 'string' ? hint : '' });
}
