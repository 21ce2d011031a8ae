/** Who asks: the ticket is the session token, and the key that signed is derived from it, by this installation only. */
import {
  type Authorization,
  type AwsRequest,
  type BodyVerifier,
  hashesUntoldBody,
  type SignatureFailure,
  type SignatureReason,
  type SignedScope,
  unpresigned,
  unpresignedV2,
  type Verified,
  verify,
} from '@sallyport/aws';
import { GatewayError } from '@sallyport/core';
import type { Lobby } from '@sallyport/engine';
import type { SignatureFault } from '../refuse.js';
import { SignatureRefused } from './signature-refused.js';
import { freely, type SingleUses, type Use } from './single-use.js';
import type { TicketKeys } from './ticket-keys.js';

/** A request that its client has proven to have signed. */
export interface Signed {
  readonly ticket: string;
  readonly scope: SignedScope;
  readonly presigned: boolean;
  /** With its body, where that had to be read to verify the signature. */
  readonly request: AwsRequest;
  /** What the body has to pass; undefined where it has been read already. */
  body(): BodyVerifier | undefined;
  /** Of the body, where the signature says it: hex. */
  readonly sha256?: string;
  /** Of a chunked body, as the client announced it. */
  readonly decodedLength?: number;
  /** What tells this body from another where it is not read before it is decided. */
  standsFor(contentLength: string | undefined): string;
  /** Refuses a signature that was used before. @throws SignatureRefused, GatewayError RATE_LIMITED */
  once(): Use;
}

export interface Verifying {
  readonly lobby: Pick<Lobby, 'derive' | 'once'>;
  readonly uses: SingleUses;
  readonly keys: TicketKeys;
  readonly now: Date;
  readonly connection: string;
  readonly address: string;
  /** The request with all headers that its signature names, and with its path as the signature has it. */
  readonly asSigned: AwsRequest;
  /** Reads the body whole, where its hash was signed without being told. */
  read(): Promise<Uint8Array>;
}

/**
 * @param authorization what the request says of its signature
 * @throws SignatureRefused; GatewayError TICKET_INVALID, UNSUPPORTED, and what `read` throws
 */
export async function authenticate(
  request: AwsRequest,
  authorization: Authorization | SignatureFailure,
  verifying: Verifying,
): Promise<Signed> {
  if (!authorization.ok) throw refused(authorization.reason, authorization.message);
  const ticket = authorization.sessionToken ?? '';
  // Before anything is read: whoever cannot name the key that belongs to the ticket has never been given it.
  const pair = verifying.keys.pairOf(ticket, authorization.accessKeyId, verifying.lobby);
  if (pair === undefined) throw unknownKey();
  const whole = hashesUntoldBody(authorization) ? { ...request, body: await verifying.read() } : request;
  const { path, headers } = verifying.asSigned;
  const asSigned = { ...whole, path, headers };
  const verified = verify(asSigned, authorization, pair.secretAccessKey, {
    now: verifying.now,
    keys: verifying.keys.signing,
  });
  if (!verified.ok) throw refused(verified.reason, verified.message);
  return signed({ ticket, request: whole, authorization, verified, verifying });
}

interface Proven {
  readonly ticket: string;
  readonly request: AwsRequest;
  readonly authorization: Authorization;
  readonly verified: Verified;
  readonly verifying: Verifying;
}

function signed({ ticket, request: arrived, authorization, verified, verifying }: Proven): Signed {
  const { body } = verified;
  // What follows reads headers: of a presigned S3 request some stand in the query, and mean the same.
  const bare = authorization.version === 2 ? unpresignedV2(arrived) : unpresigned(arrived, verified.scope);
  const request: AwsRequest = { ...arrived, ...bare };
  const sha256 = body.kind === 'hash' ? body.sha256 : undefined;
  const decodedLength = body.kind.startsWith('chunked') && 'length' in body ? body.length : undefined;
  return {
    ticket,
    scope: verified.scope,
    presigned: authorization.form === 'presigned',
    request,
    body: () => (request.body === undefined ? verified.readBody() : undefined),
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(decodedLength === undefined ? {} : { decodedLength }),
    standsFor: (contentLength) =>
      JSON.stringify([body.kind === 'hash' ? sha256 : 'unsigned', decodedLength ?? contentLength ?? '']),
    once: () =>
      // A presigned request is made to be used again, until it expires: it is decided each time.
      authorization.form === 'presigned' ? freely : verifying.uses.take(authorization, request.headers, verifying),
  };
}

const faults: Readonly<Record<Exclude<SignatureReason, 'unsupported'>, SignatureFault>> = {
  missing: 'missing',
  malformed: 'malformed',
  signature: 'signature',
  skew: 'skew',
  expired: 'expired',
  scope: 'signature',
  'unsigned-header': 'signature',
};

const refused = (reason: SignatureReason, message: string): GatewayError =>
  reason === 'unsupported'
    ? new GatewayError('UNSUPPORTED', message, { hint: 'sign with signature version 4 for one region' })
    : new SignatureRefused(faults[reason], message);

const unknownKey = (): GatewayError =>
  new GatewayError(
    'TICKET_INVALID',
    'the access key is not one that this gateway has given out for this session token',
    {
      hint: 'get new ones: "sallyport connect <connection>"',
    },
  );
