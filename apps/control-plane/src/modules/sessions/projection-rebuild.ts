import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { rowsOf } from '../../platform/index.js';
import { sealedOf } from '../evidence/entry-rows.js';
import { sequencingLock } from '../evidence/sequencer.js';
import { fold } from './fold.js';
import { SessionsProjection } from './projection.js';

const pageSize = 1000;

interface Row {
  readonly id: string;
  readonly seq: string;
  readonly key_id: string;
  readonly envelope: string;
  readonly nonce: Buffer;
  readonly body_digest: Buffer;
  readonly body: Buffer;
}

/** Entries are the truth: the tables that people query can be made anew out of them at any time. */
@Injectable()
export class ProjectionRebuild {
  constructor(
    private readonly database: DataSource,
    private readonly projection: SessionsProjection,
  ) {}

  /** In one transaction, while sequencing waits: nobody sees half of it. @returns how many entries were read */
  async rebuild(): Promise<{ entries: number }> {
    const entries = await this.database.transaction(async (tx) => {
      await tx.query("set local lock_timeout = '30s'");
      await tx.query('select pg_advisory_xact_lock($1)', [sequencingLock]);
      await this.projection.clear(tx);
      return this.projectAll(tx);
    });
    return { entries };
  }

  private async projectAll(tx: EntityManager): Promise<number> {
    let count = 0;
    for (let after = '0'; ; ) {
      const rows = await this.page(tx, after);
      const told = await this.projection.open(
        rows.map((row) => {
          const stored = sealedOf(row);
          return { seq: Number(row.seq), keyId: row.key_id, envelope: stored.envelope, stored };
        }),
      );
      await this.projection.apply(tx, fold(told));
      count += rows.length;
      if (rows.length < pageSize) return count;
      after = rows.at(-1)!.id;
    }
  }

  // By entry: over several logs, after a restore, this is the order in which they were told.
  private page(tx: EntityManager, after: string): Promise<Row[]> {
    return rowsOf<Row>(
      tx,
      `select e.id, s.seq, e.key_id, e.envelope, e.nonce, e.body_digest, e.body from evidence_entries e join evidence_sequence s on s.entry_id = e.id
       where e.id > $1 order by e.id limit ${pageSize}`,
      [after],
    );
  }
}
