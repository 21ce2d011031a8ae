import { Injectable } from '@nestjs/common';
import type { Identity } from '@sallyport/core';
import { DataSource } from 'typeorm';
import { Notifications } from '../../platform/index.js';
import { checkpointWantedChannel } from './leader-work.js';
import { LogHealth } from './log-health.js';
import { LogIdentity, logChangedChannel } from './log-identity.js';

/** C2SP verifier keys. */
export interface RotatedKey {
  readonly origin: string;
  readonly old: string;
  readonly new: string;
}

/** Another key for the log: auditors who pinned the old one go on, because both keys have signed the change. */
@Injectable()
export class KeyRotation {
  constructor(
    private readonly database: DataSource,
    private readonly identity: LogIdentity,
    private readonly health: LogHealth,
    private readonly notifications: Notifications,
  ) {}

  /** @throws GatewayError EVIDENCE_INCONSISTENT while the log is in doubt: then it is not the key that must change */
  async rotate({ id, class: kind, name }: Identity, reason: string): Promise<RotatedKey> {
    this.health.assertSound();
    const { origin } = await this.identity.logKeys();
    const change = await this.database.transaction(async (tx) => {
      const made = await this.identity.rotate(tx, { by: { id, class: kind, name }, reason });
      await this.notifications.publish(tx, logChangedChannel, {});
      await this.notifications.publish(tx, checkpointWantedChannel, {});
      return made;
    });
    this.identity.forget();
    return { origin, old: change.old, new: change.new };
  }
}
