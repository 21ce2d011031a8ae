/** What goes wrong on the way to AWS, in our words: never in the other end's. */
import { GatewayError } from '@sallyport/core';
import { NoAnswer } from './answer-reader.js';

/** How far the request had gone: AWS may have done what it asks for only where all of it was sent. */
export type Progress = 'unsent' | 'incomplete' | 'sent';

const unreachable: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'its name cannot be looked up',
  ECONNREFUSED: 'nobody listens there',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no way to it',
  ETIMEDOUT: 'it does not answer',
  ECONNRESET: 'the connection broke',
  EPIPE: 'the connection broke',
};

/** @param host that was asked: of our own choosing, so that it may be told */
export function failureOf(error: unknown, host: string): GatewayError {
  if (error instanceof GatewayError) return error;
  const code = codeOf(error);
  if (error instanceof NoAnswer)
    return new GatewayError(
      'RESPONSE_NOT_UNDERSTOOD',
      `the answer of "${host}" is no HTTP that can be read: ${error.message}`,
      { cause: error },
    );
  if (/^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/.test(code))
    return new GatewayError('TARGET_UNREACHABLE', `"${host}" shows no certificate that is trusted (${code})`, {
      cause: error,
      hint: 'a private authority goes into "tls.ca_file" of the agent’s configuration',
    });
  return new GatewayError(
    'TARGET_UNREACHABLE',
    `"${host}" cannot be reached: ${unreachable[code] ?? 'the way to it failed'}`,
    {
      cause: error,
    },
  );
}

const codeOf = (error: unknown): string => {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
};

export const late = (what: string): GatewayError => new GatewayError('TIMED_OUT', what);
