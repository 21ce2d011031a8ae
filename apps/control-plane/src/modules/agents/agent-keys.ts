import { Injectable } from '@nestjs/common';
import type { AgentId, Digest } from '@sallyport/core';
import { DataSource } from 'typeorm';
import { rowOf } from '../../platform/index.js';

export interface AgentKey {
  readonly agent: AgentId;
  /** DER SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
}

const mostKept = 1000;

/** The keys that agents were given certificates for: by them they sign what they record. */
@Injectable()
export class AgentKeys {
  private readonly kept = new Map<Digest, AgentKey>();

  constructor(private readonly database: DataSource) {}

  /** @param digest SHA-256 of the key's DER SubjectPublicKeyInfo */
  async find(digest: Digest): Promise<AgentKey | undefined> {
    const known = this.kept.get(digest);
    if (known !== undefined) return known;
    const row = await rowOf<{ agent_id: AgentId; public_key: Buffer }>(
      this.database,
      'select agent_id, public_key from agent_certificates where key_digest = $1 limit 1',
      [digest],
    );
    if (row === undefined) return undefined;
    const key: AgentKey = { agent: row.agent_id, publicKey: row.public_key };
    if (this.kept.size >= mostKept) this.kept.clear();
    this.kept.set(digest, key);
    return key;
  }
}
