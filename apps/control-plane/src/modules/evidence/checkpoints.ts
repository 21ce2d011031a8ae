import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { GatewayError } from '@sallyport/core';
import { addSignatures } from '@sallyport/evidence';
import { DataSource } from 'typeorm';
import { Notifications, rowOf, rowsOf } from '../../platform/index.js';
import { checkpointWantedChannel, LeaderWork } from './leader-work.js';
import { LogIdentity } from './log-identity.js';

const freshWithinMs = 10_000;
const askAgainMs = 1000;
const lookEveryMs = 50;

export interface SignedHead {
  readonly log: number;
  readonly size: number;
  /** The checkpoint with every cosignature that there is so far. */
  readonly note: string;
  readonly signedAt: Date;
  readonly witnesses: readonly string[];
}

interface HeadRow {
  readonly size: string;
  readonly note: string;
  readonly at: Date;
  readonly lines: string[];
  readonly witnesses: string[];
}

const headSql = `
  select point.size, point.note, point.at,
    array_remove(array_agg(sign.line order by sign.witness), null) as lines, array_remove(array_agg(sign.witness order by sign.witness), null) as witnesses
  from evidence_checkpoints point left join evidence_cosignatures sign using (log, size)`;

/** Signed tree heads, as auditors ask for them. */
@Injectable()
export class Checkpoints {
  constructor(
    private readonly database: DataSource,
    private readonly identity: LogIdentity,
    private readonly notifications: Notifications,
    private readonly work: LeaderWork,
  ) {}

  /** The last one. @throws GatewayError NOT_FOUND before the first */
  async last(): Promise<SignedHead> {
    const { id } = await this.identity.logKeys();
    const row = await rowOf<HeadRow>(
      this.database,
      `${headSql} where point.log = $1 group by point.log, point.size order by point.size desc limit 1`,
      [id],
    );
    if (row === undefined)
      throw new GatewayError('NOT_FOUND', 'nothing has been signed yet', { hint: 'ask again in a few seconds' });
    return headOf(id, row);
  }

  /** Verifier keys of everybody who has cosigned this log. */
  async witnesses(log: number): Promise<string[]> {
    const rows = await rowsOf<{ witness: string }>(
      this.database,
      'select distinct witness from evidence_cosignatures where log = $1 order by witness',
      [log],
    );
    return rows.map(({ witness }) => witness);
  }

  /** In order of size, up to `size`. */
  async *upTo(log: number, size: number): AsyncGenerator<SignedHead> {
    for (let from = -1; ; ) {
      const page = await rowsOf<HeadRow>(
        this.database,
        `${headSql} where point.log = $1 and point.size > $2 and point.size <= $3 group by point.log, point.size order by point.size limit 500`,
        [log, from, size],
      );
      for (const row of page) yield headOf(log, row);
      if (page.length < 500) return;
      from = Number(page.at(-1)!.size);
    }
  }

  /**
   * One that covers everything committed before the call.
   * @throws GatewayError TIMED_OUT when the leader does not sign within ten seconds
   */
  async fresh(): Promise<SignedHead> {
    const { id } = await this.identity.logKeys();
    const wanted = await rowOf<{ entry: string }>(
      this.database,
      'select coalesce(max(id), 0) as entry from evidence_entries',
    );
    const deadline = performance.now() + freshWithinMs;
    let size: number | undefined;
    for (let asked = 0; performance.now() < deadline; await sleep(lookEveryMs)) {
      if (performance.now() - asked > askAgainMs) {
        asked = performance.now();
        await this.ask();
      }
      size ??= await this.sizeCovering(id, wanted!.entry);
      const last = size === undefined ? undefined : await this.last().catch(() => undefined); // nothing signed yet
      if (last !== undefined && last.size >= size!) return last;
    }
    throw new GatewayError('TIMED_OUT', 'the log was not signed in time', {
      hint: 'try again; if it persists, an administrator must look at the leader of the control plane',
    });
  }

  private async ask(): Promise<void> {
    this.work.want(); // the leader may be this replica
    await this.notifications.publish(this.database, checkpointWantedChannel, {});
  }

  /** @returns the size of a tree that holds every entry up to this id; undefined while one has no place yet */
  private async sizeCovering(log: number, entry: string): Promise<number | undefined> {
    const row = await rowOf<{ size: string | null }>(
      this.database,
      `select case when not exists (
         select from evidence_entries e where id > (select entry_id from evidence_watermark) and id <= $2
           and not exists (select from evidence_sequence s where s.entry_id = e.id)
       ) then (select max(seq) + 1 from evidence_sequence where log = $1) end as size`,
      [log, entry],
    );
    return row?.size == null ? undefined : Number(row.size);
  }
}

const headOf = (log: number, { size, note, at, lines, witnesses }: HeadRow): SignedHead => ({
  log,
  size: Number(size),
  note: lines.length === 0 ? note : addSignatures(note, lines),
  signedAt: at,
  witnesses,
});
