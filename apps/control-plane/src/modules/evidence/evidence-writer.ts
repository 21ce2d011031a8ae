import { Injectable } from '@nestjs/common';
import type { SessionId } from '@sallyport/core';
import type { EventBody, EventName } from '@sallyport/evidence';
import type { Sql } from '../../platform/index.js';
import { insertEntries } from './entry-rows.js';
import { EntrySealer } from './entry-sealer.js';

/** One thing that happened, as the caller knows it. Who did it is in the body, which is encrypted. */
export interface EvidenceEvent<E extends EventName = EventName> {
  readonly event: E;
  /** Where it is part of a session: then that session's key seals it. */
  readonly session?: SessionId;
  /** Of a session whose operations may hold prompts: it is about one that does. */
  readonly holdsPrompt?: true;
  readonly body: EventBody<E>;
}

/** Appends entries in the transaction of the change they tell of: both are committed, or neither is. */
@Injectable()
export class EvidenceWriter {
  constructor(private readonly sealer: EntrySealer) {}

  /**
   * @param tx the change's own transaction; a plain manager where the entry stands alone
   * @throws GatewayError RECORDING_UNAVAILABLE or TOO_LARGE; the transaction must then roll back
   */
  async append<E extends EventName>(tx: Sql, event: EvidenceEvent<E>): Promise<void> {
    const row = await this.sealer.seal(event);
    await insertEntries((sql, parameters) => tx.query(sql, parameters), [row]);
  }
}
