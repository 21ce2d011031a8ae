import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { type Decision, type PolicyId, refusalOf } from '@sallyport/core';
import { createPolicyEngine, type PolicyEngine, type PolicyRequest, Quotas } from '@sallyport/policy';
import { DataSource } from 'typeorm';
import { FreshSnapshot, Log, Notifications, Readiness } from '../../platform/index.js';
import { InitialPolicies } from './initial-policies.js';
import { PolicyVersions } from './policy-versions.js';

/** The channel on which a change of the active version is told. */
export const policyChannel = 'policy_activated';

/**
 * The policies in force, on this replica. A change made on any replica acts here within 2 s; while the database does
 * not confirm the version, every decision is a denial.
 */
@Injectable()
export class PolicyRuntime implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly engine: PolicyEngine;
  private readonly quotas = new Quotas();
  private readonly active: FreshSnapshot<number>;

  constructor(
    database: DataSource,
    versions: PolicyVersions,
    private readonly initial: InitialPolicies,
    private readonly notifications: Notifications,
    readiness: Readiness,
    log: Log,
  ) {
    this.engine = createPolicyEngine({ onFailure: (failure) => log.error('policy.failed', failure) });
    this.active = new FreshSnapshot(
      {
        name: 'policies',
        channel: policyChannel,
        version: () => versions.activeNumber(database),
        load: async (version) => {
          const stored = version === 0 ? undefined : await versions.find(database, version);
          this.engine.load(version, stored?.text ?? '');
          log.info('policy.loaded', { version });
          return version;
        },
        unavailable: 'POLICY_UNAVAILABLE',
      },
      log,
    );
    readiness.register('policies', async () => this.problem());
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.initial.install();
    await this.active.start(this.notifications);
  }

  onApplicationShutdown(): void {
    this.active.stop();
  }

  /**
   * The version in force, confirmed.
   * @throws GatewayError POLICY_UNAVAILABLE
   */
  get version(): number {
    return this.active.current();
  }

  /** See FreshSnapshot. */
  confirmed(): Promise<void> | undefined {
    return this.active.confirmed();
  }

  /** Never throws: without confirmed policies it is a denial with POLICY_UNAVAILABLE. */
  decide(request: PolicyRequest): Decision {
    try {
      this.active.current();
    } catch (error) {
      return { outcome: 'deny', policies: [], policyVersion: this.engine.version, refusal: refusalOf(error) };
    }
    return this.engine.decide(request);
  }

  /** Does any policy name this action? Without confirmed policies it is taken for so. */
  names(action: string): boolean {
    return this.problem() !== undefined || this.engine.names(action);
  }

  /** Decides what is about to run: it counts against the quotas of the policies that permit it. Never throws. */
  admit(request: PolicyRequest): Decision {
    const decision = this.decide(request);
    if (decision.outcome === 'deny') return decision;
    const quotas = this.engine.quotasOf(decision.policies);
    if (quotas.length === 0 || isProvisional(request)) return decision;
    const taken = this.quotas.take(request.identity.id, quotas, performance.now());
    if (taken.taken) return decision;
    const { quota } = quotas.find(({ policy }) => policy === taken.policy)!;
    const seconds = Math.ceil(taken.freeInMs / 1000);
    return {
      outcome: 'deny',
      policies: [taken.policy as PolicyId],
      policyVersion: decision.policyVersion,
      refusal: {
        code: 'RATE_LIMITED',
        message: `the quota of policy "${taken.policy}" is used up: ${quota.count} in ${quota.windowMs / 1000} s`,
        hint: `try again in ${seconds} s, or ask for the same in fewer statements`,
      },
    };
  }

  /** @throws GatewayError INVALID_INPUT */
  decideWith(text: string, request: PolicyRequest): Decision {
    return this.engine.decideWith(text, request);
  }

  validate(text: string): ReturnType<PolicyEngine['validate']> {
    return this.engine.validate(text);
  }

  /** Resolves once what was committed before the call is in force here. */
  async confirm(): Promise<void> {
    await this.active.refresh();
  }

  private problem(): string | undefined {
    try {
      this.active.current();
      return undefined;
    } catch (error) {
      return refusalOf(error).message;
    }
  }
}

/** A Parse is decided for itself; what it prepares counts when it is executed. */
const isProvisional = ({ operation }: PolicyRequest): boolean => {
  const { flags } = operation.facts;
  return Array.isArray(flags) && flags.includes('provisional');
};
