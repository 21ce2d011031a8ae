import { Injectable } from '@nestjs/common';
import { GatewayError } from '@sallyport/core';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { Clock, Configuration, Log } from '../../../platform/index.js';
import { fetchDocument } from './fetch-document.js';
import { keySetOf } from './key-set.js';

/** OpenID Connect Discovery 1.0, section 3: the members that are used here. */
export interface IssuerMetadata {
  readonly issuer: string;
  readonly jwks_uri: string;
  readonly authorization_endpoint?: string;
  readonly token_endpoint?: string;
  readonly token_endpoint_auth_methods_supported?: readonly string[];
  readonly authorization_response_iss_parameter_supported?: boolean;
}

/** A rotated key dies within five minutes: the set is never used older than this while the issuer answers. */
const freshMs = 4 * 60_000;
/** While the issuer does not answer, the last set that it gave counts this long, then nobody gets in. */
const lastKnownMs = 60 * 60_000;
/** An unknown key id may cause one look at the issuer in this time, so that forged ids cannot make us hammer it. */
const refetchMs = 30_000;
const metadataFreshMs = 60 * 60_000;

interface Held<T> {
  readonly value: T;
  readonly at: number;
}

/** The issuer that people and machines log in at: where it is, and with which keys it signs now. */
@Injectable()
export class Issuer {
  private described: Held<IssuerMetadata> | undefined;
  private keys: Held<JSONWebKeySet> | undefined;
  private askedAt = Number.NEGATIVE_INFINITY;
  private asking: Promise<void> | undefined;

  constructor(
    private readonly configuration: Configuration,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** Finds the key of a token's header for `jwtVerify`; only among those that the issuer published. */
  readonly keyOf: JWTVerifyGetKey = async (header, token) => {
    try {
      return await createLocalJWKSet(await this.current())(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !this.mayAsk()) throw error;
      await this.ask();
      return createLocalJWKSet(this.trusted())(header, token);
    }
  };

  async metadata(): Promise<IssuerMetadata> {
    if (this.described !== undefined && this.now() - this.described.at < metadataFreshMs) return this.described.value;
    const { issuer } = this.configuration.oidc;
    const { ok, body } = await fetchDocument(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
    const metadata = (typeof body === 'object' ? body : null) as IssuerMetadata | null;
    if (!ok || metadata?.issuer !== issuer || typeof metadata.jwks_uri !== 'string') {
      throw new GatewayError('UNAUTHENTICATED', 'the issuer does not describe itself as the one that is configured', {
        details: { issuer },
      });
    }
    this.described = { value: metadata, at: this.now() };
    return metadata;
  }

  private async current(): Promise<JSONWebKeySet> {
    if (
      (this.keys === undefined || this.now() - this.keys.at >= freshMs) &&
      (this.keys === undefined || this.mayAsk() || this.asking !== undefined)
    )
      await this.ask();
    return this.trusted();
  }

  private trusted(): JSONWebKeySet {
    if (this.keys !== undefined && this.now() - this.keys.at < lastKnownMs) return this.keys.value;
    throw new GatewayError('UNAUTHENTICATED', 'the issuer’s keys are not known, so nobody can log in', {
      hint: 'try again in a minute',
    });
  }

  private mayAsk(): boolean {
    return this.now() - this.askedAt >= refetchMs;
  }

  private ask(): Promise<void> {
    this.asking ??= this.fetchKeys().finally(() => {
      this.asking = undefined;
    });
    return this.asking;
  }

  private async fetchKeys(): Promise<void> {
    this.askedAt = this.now();
    try {
      const { jwks_uri } = await this.metadata();
      const { ok, body } = await fetchDocument(jwks_uri);
      if (!ok) throw new Error('the issuer refused to give its keys');
      this.keys = { value: keySetOf(body), at: this.now() };
    } catch (error) {
      this.log.warn('issuer.unreachable', { error });
    }
  }

  private now(): number {
    return this.clock.now().getTime();
  }
}
