import { timingSafeEqual } from 'node:crypto';
import type { AwsRequest, SignedScope } from '../types.js';
import type { Authorization } from './authorization.js';
import { type BodyVerifier, bodyVerifier } from './body.js';
import { canonicalQuery, canonicalRequest, headerValues, queryPairs, sha256Hex } from './canonical.js';
import { ChunkChain } from './chunk-chain.js';
import { fail, orFailure, type SignatureFailure } from './failure.js';
import { type BodyProtection, protectionOf } from './payload.js';
import { signatureParameter } from './presigned-form.js';
import { signatureV2 } from './presigned-v2.js';
import { hmac, stringToSign } from './scope.js';
import { derivedEachTime, type SigningKeySource } from './signing-keys.js';

export interface VerifyOptions {
  readonly now: Date;
  /** How far the client's clock may be off; AWS's own five minutes where absent. */
  readonly skewMs?: number;
  readonly keys?: SigningKeySource;
  /** Of the body, where it was hashed while it was read and `request.body` is absent. */
  readonly bodySha256?: string;
}

export interface Verified {
  readonly ok: true;
  readonly scope: SignedScope;
  readonly body: BodyProtection;
  /** What the body has to pass, once: the signature says how it must be, not that it is. */
  readBody(): BodyVerifier;
}

export const defaultSkewMs = 300_000;

const noMatch = 'the signature does not match the request and the secret access key';

/** Is the hash of the body signed without being told? Then all of it must be read before the request can be verified. */
export const hashesUntoldBody = ({ payload }: Authorization): boolean => payload === undefined;

/**
 * Is this the request that the holder of the secret signed, and is it signed now? The body is proven by `readBody()`
 * only; a replay is for the `ReplayGuard` to see.
 */
export const verify = (
  request: AwsRequest,
  authorization: Authorization,
  secret: string,
  options: VerifyOptions,
): Verified | SignatureFailure => orFailure(() => verifyOrFail(request, authorization, secret, options));

const verifyOrFail = (
  request: AwsRequest,
  authorization: Authorization,
  secret: string,
  options: VerifyOptions,
): Verified => {
  if (authorization.version === 2) return verifyV2(request, authorization, secret, options);
  const headers = headerValues(request.headers);
  checkTime(authorization, options.now.getTime(), options.skewMs ?? defaultSkewMs);
  checkSigned(authorization, headers);
  const payload = authorization.payload ?? options.bodySha256 ?? hashOf(request.body);
  const body = protectionOf(payload, headers);
  const key = (options.keys ?? derivedEachTime).key(secret, authorization.scope);
  const expected = hmac(key, textToSign(request, authorization, headers, payload));
  if (!timingSafeEqual(expected, Buffer.from(authorization.signature, 'hex'))) fail('signature', noMatch);
  const { region, service } = authorization.scope;
  return {
    ok: true,
    scope: { region, signingName: service },
    body,
    readBody: () => bodyVerifier(body, () => new ChunkChain(key, authorization)),
  };
};

const verifyV2 = (
  request: AwsRequest,
  authorization: Authorization,
  secret: string,
  { now }: VerifyOptions,
): Verified => {
  const from = { headers: headerValues(request.headers), pairs: queryPairs(request.query) };
  if (now > authorization.signedAt) fail('expired', 'the presigned request has expired');
  const expected = signatureV2(request, authorization, from, secret);
  if (!timingSafeEqual(expected, Buffer.from(authorization.signature, 'hex'))) fail('signature', noMatch);
  const body: BodyProtection = { kind: 'unsigned' };
  return {
    ok: true,
    scope: { region: '', signingName: 's3' },
    body,
    readBody: () => bodyVerifier(body, () => fail('unsupported', 'version 2 signs no chunks')),
  };
};

const hashOf = (body: Uint8Array | undefined): string =>
  body ? sha256Hex(body) : fail('missing', 'x-amz-content-sha256 is missing, and the body was not read');

const checkTime = (
  { form, scope, signedAt, amzDate, expiresSeconds }: Authorization,
  now: number,
  skew: number,
): void => {
  if (!amzDate.startsWith(scope.date)) fail('scope', 'the date of the credential is not that of the request');
  const age = now - signedAt.getTime();
  if (-age > skew || (form === 'header' && age > skew))
    fail('skew', `the request was signed at ${amzDate}, too far from the time here`);
  if (expiresSeconds !== undefined && age > expiresSeconds * 1000) fail('expired', 'the presigned request has expired');
};

type Headers = ReadonlyMap<string, readonly string[]>;

/**
 * What AWS asks for: the host, each x-amz-* header, and the content type where the header form has one. SDKs sign all of
 * these; a presigned upload has the content type of whoever uploads.
 */
const checkSigned = ({ form, signedHeaders }: Authorization, headers: Headers): void => {
  const signed = new Set(signedHeaders);
  for (const name of headers.keys()) {
    if (signed.has(name) || name === 'x-amz-content-sha256') continue; // which is signed as the request's last line
    if (name.startsWith('x-amz-') || (name === 'content-type' && form === 'header'))
      fail('unsigned-header', `the header ${name} is not signed`);
  }
  for (const name of signedHeaders)
    if (!headers.has(name)) fail('signature', `the signed header ${name} is not in the request`);
};

const textToSign = (request: AwsRequest, authorization: Authorization, headers: Headers, payload: string): string => {
  const { form, scope, amzDate, signedHeaders } = authorization;
  const pairs = queryPairs(request.query).filter(([name]) => form === 'header' || name !== signatureParameter);
  const canonical = canonicalRequest({
    method: request.method,
    path: request.path,
    query: canonicalQuery(pairs),
    headers,
    signedHeaders,
    payload,
    service: scope.service,
  });
  return stringToSign(amzDate, scope, sha256Hex(canonical));
};
