import { Injectable } from '@nestjs/common';
import { GatewayError, type Identity } from '@sallyport/core';
import { type Accepted, Clock, Configuration, RateLimiter } from '../../platform/index.js';
import { GrantsService, type LiveGrant } from '../grants/grants.service.js';
import { ServiceAccountsService, secretHash, secretPrefix } from '../service-accounts/service-accounts.service.js';
import { looksLikeWitnessToken, WitnessTokens } from '../witness-tokens/witness-tokens.service.js';
import { LoginRefusals } from './login-refusals.js';
import { AccessTokens, type VerifiedToken } from './tokens/access-token.js';
import { isClientItself, loginKeyOf, personClaimsOf } from './tokens/claims.js';

const secretShape = /^sps_[A-Za-z0-9_-]{43}$/;

/** From a credential that somebody shows to the login grant that it stands for. */
@Injectable()
export class LoginService {
  constructor(
    private readonly tokens: AccessTokens,
    private readonly grants: GrantsService,
    private readonly accounts: ServiceAccountsService,
    private readonly witnessTokens: WitnessTokens,
    private readonly configuration: Configuration,
    private readonly limiter: RateLimiter,
    private readonly clock: Clock,
    private readonly refusals: LoginRefusals,
  ) {}

  /**
   * An access token of the issuer, a service account's own secret, or where the route takes it a witness token. Guessing
   * is slowed down per address.
   */
  async byBearer(
    credential: string,
    address = '',
    accepted: Accepted = { witnessTokens: false },
  ): Promise<LiveGrant & { readonly method: 'bearer' | 'service-account' }> {
    const from = `address ${address}`;
    const method = credential.startsWith(secretPrefix) ? 'service-account' : 'bearer';
    try {
      this.limiter.check('failed-login', from);
      if (looksLikeWitnessToken(credential)) return { ...(await this.byWitnessToken(credential, accepted)), method };
      return method === 'service-account'
        ? { ...(await this.bySecret(credential, address)), method }
        : { ...(await this.byToken(await this.tokens.verify(credential), address)), method };
    } catch (error) {
      this.refusals.tell({ method, address }, error);
      if (error instanceof GatewayError && error.code === 'UNAUTHENTICATED') this.limiter.take('failed-login', from);
      throw error;
    }
  }

  /** An id_token that the browser login has verified. */
  async byIdToken(payload: VerifiedToken, address?: string): Promise<LiveGrant> {
    try {
      const { key, authenticatedAt, repeatable } = loginKeyOf(payload);
      const who = personClaimsOf(payload, this.configuration.oidc.groupsClaim);
      const from = address === undefined ? {} : { address };
      return await this.grants.open({ who, key, authenticatedAt, repeatable, method: 'cookie', ...from });
    } catch (error) {
      this.refusals.tell({ method: 'browser', address }, error);
      throw error;
    }
  }

  check(grantId: string): Promise<LiveGrant> {
    return this.grants.check(grantId);
  }

  end(grantId: string, by: Identity): Promise<void> {
    return this.grants.end(grantId, by);
  }

  private byWitnessToken(token: string, { witnessTokens }: Accepted): Promise<LiveGrant> {
    if (witnessTokens) return this.witnessTokens.redeem(token);
    throw new GatewayError('UNAUTHENTICATED', 'a witness token opens nothing but /hooks and /otlp', {
      hint: 'log in with "sallyport login"',
    });
  }

  private async byToken(payload: VerifiedToken, address: string): Promise<LiveGrant> {
    const account = await this.accounts.byClientSubject(payload.sub);
    if (account === undefined && isClientItself(payload)) {
      throw new GatewayError('UNAUTHENTICATED', 'this client is not a service account here', {
        hint: 'ask an administrator to make one with this client_subject',
      });
    }
    const who =
      account === undefined
        ? personClaimsOf(payload, this.configuration.oidc.groupsClaim)
        : { serviceAccount: account.id };
    return this.grants.open({
      who,
      ...loginKeyOf(payload),
      method: account === undefined ? 'bearer' : 'service-account',
      address,
    });
  }

  // Each use of a secret is a login: it opens the next grant when one has expired, but not when one was ended.
  private async bySecret(secret: string, address: string): Promise<LiveGrant> {
    const account = secretShape.test(secret) ? await this.accounts.bySecret(secret) : undefined;
    if (account === undefined) throw new GatewayError('UNAUTHENTICATED', 'the credential is not valid');
    const key = JSON.stringify(['secret', account.id, secretHash(secret).slice(0, 32)]);
    return this.grants.open({
      who: { serviceAccount: account.id },
      key,
      authenticatedAt: this.clock.now(),
      repeatable: 'after-expiry',
      method: 'service-account',
      address,
    });
  }
}
