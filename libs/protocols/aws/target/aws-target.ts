/** What the sessions of one target share: connections to AWS, the agent's own credential, and roles assumed by it. */

import { createHmac } from 'node:crypto';
import { type Catalogue, SigningKeyCache } from '@sallyport/aws';
import { GatewayError } from '@sallyport/core';
import type { AwsCredential, Target, TargetHost } from '@sallyport/engine';
import { HeldBytes, type SecretSpellings, spellingsOf, UpstreamClient } from '@sallyport/http';
import { Ledgers } from '@sallyport/model-gateway';
import { Placeholders } from '@sallyport/models';
import { type AwsSettings, parseAwsSettings } from '../settings.js';
import { type Log, ScopedCredentials } from './scoping/scoped-credentials.js';
import { Sts } from './scoping/sts.js';

/** After a failure STS is not asked again for this long: whoever can do without an account does not wait for it. */
const forgetFailureMs = 60_000;
/** A credential that was rotated is noticed after this, or at once where AWS refuses the one before. */
const rereadMs = 1_000;
const none: ReadonlySet<string> = new Set();

export class AwsTarget {
  readonly settings: AwsSettings;
  readonly client: UpstreamClient;
  readonly scopes: ScopedCredentials;
  readonly held: HeldBytes;
  readonly keys = new SigningKeyCache();
  readonly ledgers = new Ledgers();
  readonly placeholders: Placeholders;
  readonly #target: Target;
  readonly #sts: Sts;
  readonly #log: Log;
  readonly #modelled = new WeakMap<object, ReadonlySet<string>>();
  readonly #spellings = new WeakMap<AwsCredential, SecretSpellings>();
  #credential: { readonly asked: Promise<AwsCredential>; readonly at: number } | undefined;
  #account: { readonly asked: Promise<string>; readonly keyId: string; failedAt?: number } | undefined;

  constructor(
    { target, maskingKey }: Pick<TargetHost, 'target' | 'maskingKey'>,
    readonly catalogue: Catalogue,
    log: Log,
  ) {
    this.#target = target;
    this.#log = log;
    this.settings = parseAwsSettings(target.settings);
    // The same as those of model connections: a value has one placeholder, whichever way it goes to a model.
    this.placeholders = new Placeholders(createHmac('sha256', maskingKey).update('model placeholders').digest());
    const { connections, deadlines, ca, maxBody } = this.settings;
    this.held = new HeldBytes(maxBody);
    this.client = new UpstreamClient({ connections, deadlines, ...(ca === undefined ? {} : { ca }) });
    this.#sts = new Sts({
      places: this,
      keys: this.keys,
      client: this.client,
      credential: (fresh) => this.credential({ fresh }),
    });
    this.scopes = new ScopedCredentials(this.#sts, log);
  }

  /** Names of the headers that an operation's own model has, in lower case. */
  modelledHeaders(service: string, operation: string): ReadonlySet<string> {
    const model = this.catalogue.operation(service, operation);
    if (model === undefined) return none;
    const known = this.#modelled.get(model) ?? new Set(model.headers.map(({ wire }) => wire.toLowerCase()));
    this.#modelled.set(model, known);
    return known;
  }

  /** What must not come back of a credential; for as long as the credential is in use. */
  spellings(credential: AwsCredential): SecretSpellings {
    const { secretAccessKey, sessionToken } = credential;
    const known =
      this.#spellings.get(credential) ??
      spellingsOf(sessionToken === undefined ? [secretAccessKey] : [secretAccessKey, sessionToken]);
    this.#spellings.set(credential, known);
    return known;
  }

  /** The agent's own. @throws CREDENTIAL_UNAVAILABLE */
  credential({ fresh = false } = {}): Promise<AwsCredential> {
    const known = this.#credential;
    if (!fresh && known !== undefined && performance.now() - known.at < rereadMs) return known.asked;
    const asking = { asked: this.#readCredential(fresh), at: performance.now() };
    this.#credential = asking;
    asking.asked.catch(() => {
      if (this.#credential === asking) this.#credential = undefined; // whoever comes next asks again
    });
    return asking.asked;
  }

  async #readCredential(fresh: boolean): Promise<AwsCredential> {
    const { aws } = await this.#target.credential({ fresh });
    if (aws !== undefined) return aws;
    throw new GatewayError('CREDENTIAL_UNAVAILABLE', 'the agent’s credential for this target is none for AWS', {
      hint: 'the secret must hold "AccessKeyId" and "SecretAccessKey"',
    });
  }

  /** Whose the agent's own credential is: asked once for each access key. @throws CREDENTIAL_UNAVAILABLE */
  async account({ accessKeyId }: AwsCredential): Promise<string> {
    const known = this.#account;
    const isStale = known?.failedAt !== undefined && Date.now() - known.failedAt > forgetFailureMs;
    if (known?.keyId === accessKeyId && !isStale) return known.asked;
    const asking: { asked: Promise<string>; keyId: string; failedAt?: number } = {
      keyId: accessKeyId,
      asked: this.#sts.account().catch((cause: unknown) => {
        asking.failedAt = Date.now();
        this.#log('account.unavailable', { error: cause });
        throw new GatewayError('CREDENTIAL_UNAVAILABLE', 'AWS does not say whose the agent’s credential is', {
          cause,
          hint: 'the agent must reach STS in its region, or the endpoint that is configured for it',
        });
      }),
    };
    this.#account = asking;
    return asking.asked;
  }
}
