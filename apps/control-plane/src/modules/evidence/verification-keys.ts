import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Configuration, rowsOf } from '../../platform/index.js';
import { LogIdentity } from './log-identity.js';

export interface WitnessKey {
  readonly key: string;
  readonly agent_id: string;
  /** The agent's name, where it is enrolled. */
  readonly agent: string | null;
}

// Agents that are enrolled now, and whoever has cosigned this log.
const witnessesSql = `
  select coalesce(a.witness_key, w.witness) as key, coalesce(a.id, w.agent_id) as agent_id, a.name as agent
  from (select id, name, witness_key from agents where revoked_at is null and witness_key <> '') a
    full join (select distinct on (witness) witness, agent_id from evidence_cosignatures where log = $1 order by witness, size desc) w on w.witness = a.witness_key
  order by a.name nulls last, key`;

/** What auditors pin, before they need it. */
export interface VerificationKeys {
  readonly log_keys: readonly { readonly key: string; readonly origin: string }[];
  readonly witness_keys: readonly WitnessKey[];
  /** How many of the witnesses must have cosigned. */
  readonly quorum: number;
}

@Injectable()
export class VerificationKeysReader {
  constructor(
    private readonly database: DataSource,
    private readonly configuration: Configuration,
    private readonly identity: LogIdentity,
  ) {}

  async read(): Promise<VerificationKeys> {
    const { verifierKey, origin, id } = await this.identity.logKeys();
    const witnesses = await rowsOf<WitnessKey>(this.database, witnessesSql, [id]);
    return {
      log_keys: [{ key: verifierKey, origin }],
      witness_keys: witnesses,
      quorum: Math.min(this.configuration.evidence.witnessQuorum, witnesses.length),
    };
  }
}
