import { Injectable } from '@nestjs/common';
import { GatewayError } from '@sallyport/core';
import { packs } from '@sallyport/policy';
import { DataSource } from 'typeorm';
import { Log } from '../../platform/index.js';
import { EvidenceWriter } from '../evidence/evidence-writer.js';
import { PolicyVersions } from './policy-versions.js';

const system = { id: 'system', class: 'system', name: 'sallyport' } as const;

/** The pack that a new installation starts with; none unless it is told. */
export class InitialPack {
  constructor(readonly name: string | undefined) {}
}

/** A new installation permits nothing, unless its configuration names a pack to start from. */
@Injectable()
export class InitialPolicies {
  constructor(
    private readonly database: DataSource,
    private readonly versions: PolicyVersions,
    private readonly evidence: EvidenceWriter,
    private readonly pack: InitialPack,
    private readonly log: Log,
  ) {}

  /** Once in the life of a database, whichever replica comes first. @throws GatewayError INVALID_INPUT for an unknown pack */
  async install(): Promise<void> {
    const { name } = this.pack;
    if (name === undefined || name === '' || (await this.versions.activeNumber(this.database)) !== 0) return;
    const pack = packs.find((each) => each.name === name);
    if (pack === undefined) {
      throw new GatewayError('INVALID_INPUT', `SALLYPORT_INITIAL_POLICY_PACK names "${name}", which is no pack`, {
        hint: `packs are ${packs.map((each) => each.name).join(', ')}`,
      });
    }
    await this.database.transaction(async (tx) => {
      await this.versions.lock(tx);
      if ((await this.versions.activeNumber(tx)) !== 0) return;
      const comment = `the pack ${pack.name}`;
      const version = await this.versions.add(tx, {
        text: pack.text,
        comment,
        author_id: null,
        author_name: system.name,
      });
      await this.versions.activate(tx, version);
      const { digest } = (await this.versions.find(tx, version))!;
      await this.evidence.append(tx, { event: 'policy.activated', body: { version, digest, comment, by: system } });
      this.log.info('policy.installed', { pack: pack.name, version });
    });
  }
}
