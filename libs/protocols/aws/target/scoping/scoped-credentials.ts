/**
 * Just-in-time credentials: each call runs under the session's role, narrowed to the call by a session policy.
 * INVARIANT: where a role was named, there is no other way to a credential: what cannot be scoped is refused.
 */
import { GatewayError } from '@sallyport/core';
import type { AwsCredential } from '@sallyport/engine';
import type { Attribution } from '../../wire.js';
import { type Labels, labelsOf } from './attribution.js';
import { type CallScope, type SessionPolicy, sessionPolicies } from './session-policy.js';
import { type Sts, StsRefusal } from './sts.js';

const lastsSeconds = 900; // the least that STS gives
/** A credential this near its end is not used any more: a call must not outlive it on the way. */
const marginMs = 120_000;
const mostKept = 2_000;

export interface ScopedCredential {
  readonly credential: AwsCredential;
  readonly scoped: 'role' | 'narrowed';
}

export interface ScopeRequest extends CallScope {
  readonly role: string;
  readonly attribution: Attribution;
}

interface Kept {
  readonly asked: Promise<ScopedCredential>;
  until: number;
}

export type Log = (event: string, details: Readonly<Record<string, unknown>>) => void;

export class ScopedCredentials {
  readonly #sts: Pick<Sts, 'assumeRole'>;
  readonly #log: Log;
  readonly #now: () => number;
  readonly #kept = new Map<string, Kept>();
  /** By role: what its trust policy does not let us say. */
  readonly #withheld = new Map<string, Set<keyof Labels>>();

  constructor(sts: Pick<Sts, 'assumeRole'>, log: Log, now: () => number = Date.now) {
    this.#sts = sts;
    this.#log = log;
    this.#now = now;
  }

  /** @throws CREDENTIAL_UNAVAILABLE */
  async credential(request: ScopeRequest, { fresh = false } = {}): Promise<ScopedCredential> {
    const labels = labelsOf(request.attribution);
    const policies = sessionPolicies(request);
    const key = JSON.stringify([request.role, policies[0]?.text, labels]);
    const kept = this.#kept.get(key);
    this.#kept.delete(key);
    if (kept !== undefined && !fresh && this.#now() < kept.until) {
      this.#kept.set(key, kept); // used last, forgotten last
      return kept.asked;
    }
    return this.#ask(key, { role: request.role, labels, policies });
  }

  #ask(key: string, asked: Asked): Promise<ScopedCredential> {
    const kept: Kept = { asked: this.#assume(asked), until: Number.POSITIVE_INFINITY };
    this.#kept.set(key, kept);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= mostKept) break;
      this.#kept.delete(oldest);
    }
    kept.asked.then(
      ({ credential }) => {
        kept.until = (credential.expiration?.getTime() ?? 0) - marginMs;
      },
      () => {
        if (this.#kept.get(key) === kept) this.#kept.delete(key);
      },
    );
    return kept.asked;
  }

  /** The narrowest policy that AWS takes: it counts packed bytes too, which nobody else can. */
  async #assume({ role, labels, policies }: Asked): Promise<ScopedCredential> {
    for (const { text, exact } of policies) {
      try {
        const credential = await this.#attempt(role, labels, text);
        return { credential, scoped: exact ? 'role' : 'narrowed' };
      } catch (error) {
        if (!(error instanceof StsRefusal) || error.code !== 'PackedPolicyTooLarge')
          throw this.#unavailable(role, error);
      }
    }
    throw new GatewayError(
      'CREDENTIAL_UNAVAILABLE',
      'this call needs more IAM actions than a session policy can name',
      {
        hint: 'split the call into smaller ones',
      },
    );
  }

  /** Without what the role's trust policy does not let us say, as soon as that is known. */
  async #attempt(role: string, labels: Labels, policy: string): Promise<AwsCredential> {
    for (;;) {
      const withheld = this.#withheld.get(role) ?? new Set();
      try {
        return await this.#sts.assumeRole(parametersOf({ role, labels, policy, withheld }));
      } catch (error) {
        const refused = error instanceof StsRefusal ? labelRefused(error) : undefined;
        if (refused === undefined || withheld.has(refused)) throw error;
        this.#withheld.set(role, new Set([...withheld, refused]));
        this.#log('scoping.label-refused', { role, label: refused });
      }
    }
  }

  #unavailable(role: string, error: unknown): GatewayError {
    const code = error instanceof StsRefusal || error instanceof GatewayError ? error.code : 'unknown error';
    this.#log('scoping.failed', { role, code });
    return new GatewayError('CREDENTIAL_UNAVAILABLE', `the role "${role}" cannot be assumed (${code})`, {
      cause: error,
      hint: 'ask an administrator to look at the role’s trust policy and the agent’s right to assume it',
    });
  }
}

interface Asked {
  readonly role: string;
  readonly labels: Labels;
  readonly policies: readonly SessionPolicy[];
}

interface Parameters {
  readonly role: string;
  readonly labels: Labels;
  readonly policy: string;
  readonly withheld: ReadonlySet<keyof Labels>;
}

function parametersOf({ role, labels, policy, withheld }: Parameters): [string, string][] {
  const tags = withheld.has('tags') ? [] : labels.tags;
  return [
    ['RoleArn', role],
    ['RoleSessionName', labels.roleSessionName],
    ['DurationSeconds', String(lastsSeconds)],
    ['Policy', policy],
    ...(withheld.has('sourceIdentity') ? [] : [['SourceIdentity', labels.sourceIdentity] as [string, string]]),
    ...tags.flatMap(([key, value], index): [string, string][] => [
      [`Tags.member.${index + 1}.Key`, key],
      [`Tags.member.${index + 1}.Value`, value],
    ]),
  ];
}

function labelRefused({ code, text }: StsRefusal): keyof Labels | undefined {
  if (code !== 'AccessDenied' && code !== 'ValidationError') return undefined;
  if (/sts:SetSourceIdentity|source identity/i.test(text)) return 'sourceIdentity';
  return /sts:TagSession|session tags?/i.test(text) ? 'tags' : undefined;
}
