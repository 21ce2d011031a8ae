import { Injectable } from '@nestjs/common';
import { GatewayError, type Identity } from '@sallyport/core';
import { DataSource, type EntityManager } from 'typeorm';
import { afterOf, Notifications, type Page, type PageQuery, pageOf } from '../../platform/index.js';
import { EvidenceWriter } from '../evidence/evidence-writer.js';
import { LogHealth } from '../evidence/log-health.js';
import type { NewLog } from '../evidence/log-identity.js';
import { actorOf } from '../people/actor.js';
import type { ActivatePolicyBody, CreatePolicyBody, PolicyView } from './policies.dto.js';
import { PolicyRuntime, policyChannel } from './policy-runtime.js';
import { type PolicyVersion, PolicyVersions } from './policy-versions.js';
import { noPolicies, viewOf } from './policy-view.js';

interface Activation {
  readonly by: Identity;
  readonly version: number;
  readonly previous: number;
  readonly comment: string;
}

@Injectable()
export class PoliciesService {
  constructor(
    private readonly database: DataSource,
    private readonly versions: PolicyVersions,
    private readonly runtime: PolicyRuntime,
    private readonly evidence: EvidenceWriter,
    private readonly notifications: Notifications,
    health: LogHealth,
  ) {
    health.carryOver((tx, log) => this.tellAgain(tx, log));
  }

  async active(): Promise<PolicyView> {
    const found = await this.versions.active(this.database);
    return found === undefined ? noPolicies : viewOf(found);
  }

  async list(query: PageQuery): Promise<Page<PolicyView>> {
    const after = afterOf(query);
    if (after !== undefined && !/^\d{1,9}$/.test(after))
      throw new GatewayError('INVALID_INPUT', 'the cursor is not one that this list gave');
    const rows = await this.versions.list(this.database, {
      before: after === undefined ? undefined : Number(after),
      limit: query.limit + 1,
    });
    return pageOf(rows, query, ({ version }) => String(version), viewOf);
  }

  /** @throws GatewayError NOT_FOUND */
  async find(version: number): Promise<PolicyView> {
    return viewOf(await this.existing(this.database, version));
  }

  /**
   * Adds a version and puts it in force, here before this resolves and everywhere within 2 s.
   * @throws GatewayError INVALID_INPUT with `details.problems`, CONFLICT when another version is in force than expected
   */
  async create(
    by: Identity,
    { text, comment = '', expected_version: expected }: CreatePolicyBody,
  ): Promise<PolicyView> {
    this.refuseBroken(text);
    const version = await this.change(expected, async (tx, previous) => {
      const added = await this.versions.add(tx, { text, comment, author_id: by.id, author_name: by.name });
      await this.activateIn(tx, { by, version: added, previous, comment });
      return added;
    });
    return this.inForce(version);
  }

  /** Puts a version that exists in force again: how a change is rolled back. @throws as `create`, and NOT_FOUND */
  async activate(
    by: Identity,
    version: number,
    { comment, expected_version: expected }: ActivatePolicyBody,
  ): Promise<PolicyView> {
    this.refuseBroken((await this.existing(this.database, version)).text);
    await this.change(expected, (tx, previous) =>
      this.activateIn(tx, { by, version, previous, comment: comment ?? `version ${version} again` }),
    );
    return this.inForce(version);
  }

  private async change<T>(
    expected: number | undefined,
    work: (tx: EntityManager, previous: number) => Promise<T>,
  ): Promise<T> {
    return this.database.transaction(async (tx) => {
      await this.versions.lock(tx);
      const previous = await this.versions.activeNumber(tx);
      if (expected !== undefined && expected !== previous) {
        throw new GatewayError('CONFLICT', `version ${previous} is in force, not ${expected}`, {
          hint: 'somebody else changed the policies: read them again and repeat your change',
          details: { version: previous },
        });
      }
      return work(tx, previous);
    });
  }

  private async activateIn(tx: EntityManager, { by, version, previous, comment }: Activation): Promise<void> {
    await this.versions.activate(tx, version);
    const { digest } = await this.existing(tx, version);
    await this.evidence.append(tx, {
      event: 'policy.activated',
      body: { version, digest, ...(previous === 0 ? {} : { previousVersion: previous }), comment, by: actorOf(by) },
    });
    await this.notifications.publish(tx, policyChannel, { version });
  }

  private async inForce(version: number): Promise<PolicyView> {
    await this.runtime.confirm();
    return this.find(version);
  }

  private async existing(sql: Pick<EntityManager, 'query'>, version: number): Promise<PolicyVersion> {
    const found = version >= 1 && version <= 2_147_483_647 ? await this.versions.find(sql, version) : undefined;
    if (found === undefined) throw new GatewayError('NOT_FOUND', `there is no version ${version} of the policies`);
    return found;
  }

  private refuseBroken(text: string): void {
    const problems = this.runtime.validate(text);
    const first = problems.find(({ severity }) => severity === 'error');
    if (first === undefined) return;
    throw new GatewayError('INVALID_INPUT', `the policy text is not valid: line ${first.line ?? 1}: ${first.message}`, {
      ...(first.hint === undefined ? {} : { hint: first.hint }),
      details: { problems },
    });
  }

  /** What is in force, in a log that begins after a restore: its decisions rest on it. */
  private async tellAgain(tx: EntityManager, log: NewLog): Promise<void> {
    const active = await this.versions.active(tx);
    if (active === undefined) return;
    const { version, digest } = active;
    const by = { id: 'system', class: 'system', name: 'sallyport' } as const;
    await log.append('policy.activated', { version, digest, comment: 'in force when the log was restored', by });
  }
}
