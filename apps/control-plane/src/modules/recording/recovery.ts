import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { SessionId } from '@sallyport/core';
import type { EntityManager } from 'typeorm';
import { Log, rowsOf } from '../../platform/index.js';
import { LeaderWork } from '../evidence/leader-work.js';
import { deadAfterSeconds } from './replica-registry.js';
import { lostEnding, SessionCloser } from './session-closer.js';

/** The leader ends the sessions of replicas that have died: on record as lost, what was in flight as unknown. */
@Injectable()
export class Recovery implements OnModuleInit {
  constructor(
    private readonly work: LeaderWork,
    private readonly closer: SessionCloser,
    private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.work.addChore((connection) => this.recover(connection));
  }

  async recover(connection: EntityManager): Promise<void> {
    await connection.query(
      `update replicas set dead_at = now() where dead_at is null and seen_at < now() - interval '${deadAfterSeconds} seconds'`,
    );
    const lost = await rowsOf<{ session: SessionId }>(
      connection,
      'select session from session_homes home where not exists (select from replicas r where r.id = home.replica and r.dead_at is null) limit 1000',
    );
    for (const { session } of lost) {
      await connection.transaction((tx) => this.closer.close(tx, session, lostEnding));
      this.log.warn('session.lost', { session });
    }
    await connection.query(
      `delete from replicas where dead_at < now() - interval '1 day' and not exists (select from session_homes where replica = replicas.id)`,
    );
  }
}
