/**
 * What people are asked about is what runs: an upload that waits for them is bound to its review by the hash of its body,
 * which the client has signed or the gateway takes before anybody is asked.
 */
import { createHash } from 'node:crypto';
import { type AwsRequest, maxInspectedBytes } from '@sallyport/aws';
import { GatewayError } from '@sallyport/core';
import { headerOf } from '@sallyport/http';
import type { Signed } from './signature.js';

/** @returns whether it has to be read before people are asked. @throws GatewayError UNSUPPORTED where it is too large for that */
export function mustBeRead({ sha256, decodedLength }: Signed, { headers }: AwsRequest): boolean {
  if (sha256 !== undefined) return false; // it streams later, and has to be what was signed
  const announced = decodedLength ?? Number(headerOf(headers, 'content-length') ?? 0);
  if (announced > maxInspectedBytes) throw unbound();
  return true;
}

/** What a reviewer can compare an upload with; nothing where there is none. */
export function bodyText({ sha256, decodedLength }: Signed, { body, headers }: AwsRequest): string {
  if (body?.length === 0) return '';
  const hash = body === undefined ? sha256 : createHash('sha256').update(body).digest('hex');
  if (hash === undefined) return '';
  const length = body?.length ?? decodedLength ?? headerOf(headers, 'content-length') ?? 'some';
  return `\nbody: ${length} bytes, SHA-256 ${hash}`;
}

/** Refused whatever the review would come to: what would be sent after it may be something else. */
export const unbound = (): GatewayError =>
  new GatewayError(
    'UNSUPPORTED',
    'this upload waits for people, and is too large to tell whether what is sent after their word is what they saw',
    {
      hint: 'upload it in parts of at most 16 MiB, or sign its hash: in the AWS configuration "payload_signing_enabled = true" of s3 with "request_checksum_calculation = when_required"',
    },
  );
