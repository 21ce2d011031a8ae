import { Injectable } from '@nestjs/common';
import type { EventBody } from '@sallyport/evidence';
import type { Sql } from '../../platform/index.js';
import { EvidenceWriter } from './evidence-writer.js';
import { SessionKeys } from './session-keys.js';

/** More would be too long for one entry. */
const mostKeys = 1000;

/** The end of keys on record, and made known to every replica. */
@Injectable()
export class KeyDestructions {
  constructor(
    private readonly evidence: EvidenceWriter,
    private readonly keys: SessionKeys,
  ) {}

  /** In the transaction that the destruction waits for. */
  async record(
    tx: Sql,
    destroyed: readonly string[],
    told: Omit<EventBody<'key.destroyed'>, 'key' | 'further'>,
  ): Promise<void> {
    for (let from = 0; from < destroyed.length; from += mostKeys) {
      const [key = '', ...further] = destroyed.slice(from, from + mostKeys);
      const body = { key, ...(further.length === 0 ? {} : { further }), ...told };
      await this.evidence.append(tx, { event: 'key.destroyed', body });
    }
    for (const key of destroyed) await this.keys.announceDestruction(tx, key);
  }
}
