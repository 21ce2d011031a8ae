import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Digest, PersonId } from '@sallyport/core';
import { rowOf, rowsOf, type Sql } from '../../platform/index.js';

/** A row of `policy_versions`, with when it came into force if it is the one. */
export interface PolicyVersion {
  readonly version: number;
  readonly text: string;
  readonly digest: Digest;
  readonly comment: string;
  readonly author_id: PersonId | null;
  readonly author_name: string;
  readonly created_at: Date;
  readonly activated_at: Date | null;
}

export type NewVersion = Pick<PolicyVersion, 'text' | 'comment' | 'author_id' | 'author_name'>;

const select = `
  select v.*, a.activated_at from policy_versions v left join policy_active a on a.version = v.version`;

/** Of changes to the policies, one at a time; any number that nobody else takes in this database. */
const changeLock = 7_402_911_005_226;

@Injectable()
export class PolicyVersions {
  /** Until the end of the transaction nobody else adds or activates a version. */
  async lock(tx: Sql): Promise<void> {
    await tx.query('select pg_advisory_xact_lock($1)', [changeLock]);
  }

  /** @returns 0 while no policies have ever been in force */
  async activeNumber(sql: Sql): Promise<number> {
    return (await rowOf<{ version: number }>(sql, 'select version from policy_active'))?.version ?? 0;
  }

  active(sql: Sql): Promise<PolicyVersion | undefined> {
    return rowOf(sql, `${select} where a.version is not null`);
  }

  find(sql: Sql, version: number): Promise<PolicyVersion | undefined> {
    return rowOf(sql, `${select} where v.version = $1`, [version]);
  }

  /** The newest first. */
  list(
    sql: Sql,
    { before, limit }: { readonly before: number | undefined; readonly limit: number },
  ): Promise<PolicyVersion[]> {
    return rowsOf(sql, `${select} where ($1::int is null or v.version < $1) order by v.version desc limit $2`, [
      before ?? null,
      limit,
    ]);
  }

  async add(tx: Sql, { text, comment, author_id, author_name }: NewVersion): Promise<number> {
    const row = await rowOf<{ version: number }>(
      tx,
      `insert into policy_versions (version, text, digest, comment, author_id, author_name)
       values ((select coalesce(max(version), 0) + 1 from policy_versions), $1, $2, $3, $4, $5) returning version`,
      [text, createHash('sha256').update(text).digest('hex'), comment, author_id, author_name],
    );
    return row!.version;
  }

  async activate(tx: Sql, version: number): Promise<void> {
    await tx.query(
      `insert into policy_active (version) values ($1)
       on conflict (only_row) do update set version = excluded.version, activated_at = now()`,
      [version],
    );
  }
}
