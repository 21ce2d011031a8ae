import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { GatewayError } from '@sallyport/core';
import type { Request } from 'express';
import { jwtVerify } from 'jose';
import OpenIDConnectStrategy from 'passport-openidconnect';
import { Clock, Configuration, Random } from '../../../platform/index.js';
import type { VerifiedToken } from '../tokens/access-token.js';
import { Issuer, type IssuerMetadata } from '../tokens/issuer.js';
import { signatureAlgorithms } from '../tokens/key-set.js';
import { oauth2Of } from './token-endpoint.js';

export const strategyName = 'sallyport-oidc';

const refused = (cause?: unknown): GatewayError =>
  new GatewayError('UNAUTHENTICATED', 'the login was not completed', { cause, hint: 'start again at /auth/login' });

/** State and nonce in the session under which the library keeps them. */
const sessionKey = 'oidc';

/**
 * passport-openidconnect with what it lacks: discovery, PKCE (RFC 7636, S256), the issuer of the response (RFC 9207),
 * a deadline on the token request, and a verified id_token.
 */
@Injectable()
export class OidcStrategy extends PassportStrategy(OpenIDConnectStrategy, strategyName, true) {
  constructor(
    private readonly issuer: Issuer,
    private readonly configuration: Configuration,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {
    const { oidc, http } = configuration;
    super({
      issuer: oidc.issuer,
      authorizationURL: oidc.issuer, // discovery puts the real ones in, request by request
      tokenURL: oidc.issuer,
      clientID: oidc.clientId ?? 'none',
      clientSecret: oidc.clientSecret ?? '',
      callbackURL: `${http.publicUrl}/auth/callback`,
      scope: oidc.scopes.filter((scope) => scope !== 'openid'),
      nonce: true,
      sessionKey,
      skipUserProfile: true,
    });
  }

  override authenticate(request: Request, options: object = {}): void {
    if (this.configuration.oidc.clientId === undefined) {
      this.error(
        new GatewayError('UNSUPPORTED', 'browser login is not configured', { hint: 'set SALLYPORT_OIDC_CLIENT_ID' }),
      );
      return;
    }
    this.issuer.metadata().then(
      (metadata) => this.withMetadata(request, options, metadata),
      (error: unknown) => this.error(error),
    );
  }

  /** Called by the library with a token that it has only read; nothing of it is believed before this returns. */
  async validate(_issuer: string, _profile: unknown, _context: unknown, idToken: string): Promise<VerifiedToken> {
    try {
      const { payload } = await jwtVerify(idToken, this.issuer.keyOf, {
        issuer: this.configuration.oidc.issuer,
        audience: this.configuration.oidc.clientId!,
        algorithms: signatureAlgorithms,
        clockTolerance: 5,
        requiredClaims: ['sub', 'exp', 'iat', 'nonce'],
        currentDate: this.clock.now(),
      });
      return payload as VerifiedToken;
    } catch (error) {
      throw refused(error);
    }
  }

  private withMetadata(request: Request, options: object, metadata: IssuerMetadata): void {
    try {
      const isCallback = request.path === '/auth/callback';
      const verifier = isCallback ? this.returning(request, metadata) : this.leaving(request);
      // passport made this object for one request; the strategy that all requests share is its prototype.
      this._oauth2 = oauth2Of({ oauth2: this._oauth2, metadata, verifier });
      this.authorizationParams = () => ({
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
      });
      super.authenticate(request, options);
    } catch (error) {
      this.error(error);
    }
  }

  private leaving(request: Request): string {
    const verifier = Buffer.from(this.random.bytes(32)).toString('base64url');
    request.session.verifier = verifier;
    return verifier;
  }

  private returning(
    request: Request,
    { issuer, authorization_response_iss_parameter_supported }: IssuerMetadata,
  ): string {
    const { verifier } = request.session;
    delete request.session.verifier; // one attempt for each login that was begun
    const { iss, code, state, error } = request.query;
    if (iss === undefined ? authorization_response_iss_parameter_supported === true : iss !== issuer)
      throw refused(new Error('the response is of another issuer'));
    if (error !== undefined) throw refused(new Error('the issuer refused the login'));
    if (verifier === undefined || typeof code !== 'string' || typeof state !== 'string')
      throw refused(new Error('no login was begun here'));
    return verifier;
  }
}
