import { Injectable } from '@nestjs/common';
import { GatewayError } from '@sallyport/core';
import { decodeProtectedHeader, type JWTPayload, jwtVerify } from 'jose';
import { Clock, Configuration } from '../../../platform/index.js';
import { Issuer } from './issuer.js';
import { signatureAlgorithms } from './key-set.js';

const mostLength = 16_384;
const clockToleranceSeconds = 5;
// RFC 7515, 4.1: a token that brings or names its own key asks to be believed on its own word.
const forbiddenHeaders = ['jwk', 'jku', 'x5u', 'x5c', 'crit', 'b64', 'zip', 'enc'];
// OpenID Connect Core 1.0: only id_tokens carry these.
const idTokenClaims = ['nonce', 'at_hash', 'c_hash', 's_hash'];

export interface VerifiedToken extends JWTPayload {
  readonly sub: string;
  readonly iss: string;
  readonly iat: number;
}

const refused = (cause: unknown): GatewayError =>
  new GatewayError('UNAUTHENTICATED', 'the access token is not valid here', {
    cause,
    hint: 'log in again: "sallyport login"',
  });

/** RFC 9068 access tokens of the configured issuer, for this API. */
@Injectable()
export class AccessTokens {
  constructor(
    private readonly issuer: Issuer,
    private readonly configuration: Configuration,
    private readonly clock: Clock,
  ) {}

  /** @throws GatewayError UNAUTHENTICATED; why is in the cause, for the log only */
  async verify(token: string): Promise<VerifiedToken> {
    const { issuer, audience, accessTokenType } = this.configuration.oidc;
    try {
      refuseHeader(token);
      const { payload } = await jwtVerify(token, this.issuer.keyOf, {
        issuer,
        audience,
        typ: accessTokenType,
        algorithms: signatureAlgorithms,
        clockTolerance: clockToleranceSeconds,
        requiredClaims: ['sub', 'exp', 'iat'],
        currentDate: this.clock.now(),
      });
      this.refuseClaims(payload);
      return payload as VerifiedToken;
    } catch (error) {
      throw refused(error);
    }
  }

  private refuseClaims(payload: JWTPayload): void {
    const idToken = idTokenClaims.find((name) => payload[name] !== undefined);
    if (idToken !== undefined) throw new Error(`the token has "${idToken}": it is an id_token`);
    if (payload.sub === '' || (payload.sub?.length ?? 0) > 255) throw new Error('the subject is empty or too long');
    if ((payload.iat ?? 0) * 1000 > this.clock.now().getTime() + clockToleranceSeconds * 1000)
      throw new Error('the token is from the future');
  }
}

function refuseHeader(token: string): void {
  if (token.length > mostLength) throw new Error('the token is too long');
  const header = decodeProtectedHeader(token);
  const found = forbiddenHeaders.find((name) => name in header);
  if (found !== undefined) throw new Error(`the header has "${found}"`);
}
