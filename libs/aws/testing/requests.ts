import {
  parseAuthorization,
  type SignatureFailure,
  type SignOptions,
  sign,
  type Verified,
  verify,
} from '../sigv4/index.js';
import type { AwsRequest } from '../types.js';

export const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
export const credential = { accessKeyId: 'ASIAIOSFODNN7EXAMPLE', secretAccessKey: secret, sessionToken: 'a-ticket' };
export const now = new Date('2026-01-02T03:04:05Z');

export const signed = (request: AwsRequest, options: Partial<SignOptions> = {}): AwsRequest => ({
  ...request,
  ...sign(request, credential, { region: 'eu-central-1', service: 's3', now, payload: 'UNSIGNED-PAYLOAD', ...options }),
});

/** With another value of one header; with none where the value is undefined. */
export const withHeader = (request: AwsRequest, name: string, value: string | undefined): AwsRequest => ({
  ...request,
  headers: [
    ...request.headers.filter(([other]) => other !== name),
    ...(value === undefined ? [] : [[name, value] as const]),
  ],
});

export const check = (request: AwsRequest, at = now, key = secret): Verified | SignatureFailure => {
  const authorization = parseAuthorization(request);
  return authorization.ok ? verify(request, authorization, key, { now: at }) : authorization;
};
