import { Injectable } from '@nestjs/common';
import { GatewayError, type Identity } from '@sallyport/core';
import { logKeyId } from '@sallyport/evidence';
import { DataSource } from 'typeorm';
import { rowOf } from '../../platform/index.js';
import { KeyDestructions } from './key-destructions.js';
import { SessionKeys } from './session-keys.js';

/** Erasure of personal data: what was sealed under a key can never be read again, and every proof stays valid. */
@Injectable()
export class Erasure {
  constructor(
    private readonly database: DataSource,
    private readonly destructions: KeyDestructions,
    private readonly keys: SessionKeys,
  ) {}

  /**
   * @param key a session's id, or `person:<id>` for what is told of a person outside any session; with the keys below it
   * @throws GatewayError NOT_FOUND, CONFLICT while the session is open
   */
  async destroy(key: string, by: Identity, reason: string): Promise<void> {
    if (key === logKeyId) throw new GatewayError('FORBIDDEN', 'the key of the log itself cannot be destroyed');
    if ((await this.keys.find(key)) === undefined)
      throw new GatewayError('NOT_FOUND', `there is no key "${key}", or it has been destroyed already`);
    await this.refuseWhileOpen(key);
    // Recorded in the same breath: the change of the key is committed only once the entry is.
    const told = { by: { id: by.id, class: by.class, name: by.name }, reason };
    await this.keys.destroy(key, (destroyed) =>
      this.database.transaction((tx) => this.destructions.record(tx, destroyed, told)),
    );
  }

  private async refuseWhileOpen(key: string): Promise<void> {
    const row = await rowOf<{ open: boolean }>(
      this.database,
      `select bool_or(event = 'session.started') and not bool_or(event = 'session.ended') as open
       from evidence_entries where session::text = $1 and event in ('session.started', 'session.ended')`,
      [key],
    );
    if (row?.open === true)
      throw new GatewayError('CONFLICT', `session "${key}" is still open`, {
        hint: 'end it first: sallyport sessions end',
      });
  }
}
