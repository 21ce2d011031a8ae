import { Injectable } from '@nestjs/common';
import { GatewayError } from '@sallyport/core';
import { packsTogether } from '@sallyport/policy';
import { DataSource } from 'typeorm';
import { Log } from '../../platform/index.js';
import { EvidenceWriter } from '../evidence/evidence-writer.js';
import { PolicyVersions } from './policy-versions.js';

const system = { id: 'system', class: 'system', name: 'sallyport' } as const;

/** The packs that a new installation starts with; none unless it is told. */
export class InitialPacks {
  constructor(readonly names: readonly string[]) {}
}

/** A new installation permits nothing, unless its configuration names packs to start from. */
@Injectable()
export class InitialPolicies {
  constructor(
    private readonly database: DataSource,
    private readonly versions: PolicyVersions,
    private readonly evidence: EvidenceWriter,
    private readonly packs: InitialPacks,
    private readonly log: Log,
  ) {}

  /** Once in the life of a database, whichever replica comes first. @throws GatewayError INVALID_INPUT for packs that are none, or do not go together */
  async install(): Promise<void> {
    const { names } = this.packs;
    if (names.length === 0 || (await this.versions.activeNumber(this.database)) !== 0) return;
    const text = this.text();
    await this.database.transaction(async (tx) => {
      await this.versions.lock(tx);
      if ((await this.versions.activeNumber(tx)) !== 0) return;
      const comment = `the ${names.length === 1 ? 'pack' : 'packs'} ${names.join(', ')}`;
      const version = await this.versions.add(tx, {
        text,
        comment,
        author_id: null,
        author_name: system.name,
      });
      await this.versions.activate(tx, version);
      const { digest } = (await this.versions.find(tx, version))!;
      await this.evidence.append(tx, { event: 'policy.activated', body: { version, digest, comment, by: system } });
      this.log.info('policy.installed', { packs: names, version });
    });
  }

  private text(): string {
    try {
      return packsTogether(this.packs.names);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      const { code, message, hint } = error;
      throw new GatewayError(code, `SALLYPORT_INITIAL_POLICY_PACK: ${message}`, {
        ...(hint === undefined ? {} : { hint }),
      });
    }
  }
}
