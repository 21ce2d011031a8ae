import { Injectable } from '@nestjs/common';
import type { ConnectionId, Digest, IdentityClass, PersonId, ReviewId, TurnContext } from '@sallyport/core';
import type { Review, ReviewState, Vote } from '@sallyport/reviews';
import { rowOf, rowsOf, type Sql } from '../../platform/index.js';
import type { ReviewRow, VoteRow } from './review-row.js';

export type NewReview = Omit<ReviewRow, 'state' | 'votes' | 'settled_at'>;

export interface ReviewFilter {
  readonly state: ReviewState | undefined;
  readonly before: string | null;
  readonly limit: number;
  /** Undefined: every review. */
  readonly reader: { readonly id: PersonId; readonly groups: readonly string[] } | undefined;
}

/** An operation in a turn. */
export interface InTurn {
  readonly requester: PersonId;
  readonly turn: TurnContext & { readonly turn: string };
  readonly connection: ConnectionId;
  readonly operation: Digest;
}

const columns = [
  'id',
  'binding',
  'operation_digest',
  'session_id',
  'operation_id',
  'requester_id',
  'requester_class',
  'requester_name',
  'behind',
  'assurance',
  'ai_client',
  'ai_session',
  'turn',
  'tool_call',
  'connection_id',
  'connection_name',
  'database',
  'action',
  'risk',
  'resources',
  'shown',
  'shown_key',
  'policies',
  'policy_version',
  'groups',
  'approvals',
  'timeout_ms',
  'on_timeout',
  'message',
  'created_at',
  'expires_at',
] as const satisfies readonly (keyof NewReview)[];

const insert = `
  insert into reviews (${columns.join(', ')}) values (${columns.map((_, index) => `$${index + 1}`).join(', ')})
  on conflict (binding) where state in ('pending', 'approved') do nothing returning id`;

/** The tables `reviews` and `review_votes`. */
@Injectable()
export class ReviewRecords {
  /** The database's clock, which all replicas share. */
  async now(sql: Sql): Promise<Date> {
    return (await rowOf<{ at: Date }>(sql, 'select now() as at'))!.at;
  }

  async find(sql: Sql, id: ReviewId): Promise<ReviewRow | undefined> {
    return (await this.withVotes(sql, await rowsOf(sql, 'select * from reviews where id = $1', [id])))[0];
  }

  /** Nobody else settles it before the transaction ends. */
  async lock(tx: Sql, id: ReviewId): Promise<ReviewRow | undefined> {
    return (await this.withVotes(tx, await rowsOf(tx, 'select * from reviews where id = $1 for update', [id])))[0];
  }

  /** The one that is pending or approved for this binding, locked. */
  async lockOpen(tx: Sql, binding: Digest): Promise<ReviewRow | undefined> {
    const open = `select * from reviews where binding = $1 and state in ('pending', 'approved') for update`;
    return (await this.withVotes(tx, await rowsOf(tx, open, [binding])))[0];
  }

  async lastRejected(tx: Sql, binding: Digest): Promise<ReviewRow | undefined> {
    const rejected = `select * from reviews where binding = $1 and state = 'rejected' order by settled_at desc limit 1`;
    return (await this.withVotes(tx, await rowsOf(tx, rejected, [binding])))[0];
  }

  /** What people refused of this requester in this turn, whatever has changed around it since. */
  async rejectedInTurn(tx: Sql, { requester, turn, connection, operation }: InTurn): Promise<ReviewRow | undefined> {
    const { client, aiSession, turn: name } = turn;
    const rejected = `
      select * from reviews
      where requester_id = $1 and turn = $2 and operation_digest = $3 and connection_id = $4
        and ai_client is not distinct from $5 and ai_session is not distinct from $6 and state = 'rejected'
      order by settled_at desc limit 1`;
    const values = [requester, name, operation, connection, client ?? null, aiSession ?? null];
    return (await this.withVotes(tx, await rowsOf(tx, rejected, values)))[0];
  }

  /** The newest first. */
  async list(sql: Sql, { state, before, limit, reader }: ReviewFilter): Promise<ReviewRow[]> {
    const rows = await rowsOf<Omit<ReviewRow, 'votes'>>(
      sql,
      `select * from reviews
       where ($1::text is null or state = $1) and ($2::uuid is null or id < $2)
         and ($3::uuid is null or requester_id = $3 or $3 = any (behind) or groups && $4::text[])
       order by id desc limit $5`,
      [state ?? null, before, reader?.id ?? null, reader?.groups ?? [], limit],
    );
    return this.withVotes(sql, rows);
  }

  /** @returns false when another one for the same binding is open, perhaps made by another replica at this moment */
  async add(tx: Sql, review: NewReview): Promise<boolean> {
    const values = columns.map((column) => review[column]);
    return (await rowOf(tx, insert, values)) !== undefined;
  }

  async pendingOf(tx: Sql, requester: PersonId): Promise<number> {
    const found = await rowOf<{ count: number }>(
      tx,
      `select count(*)::int as count from reviews where requester_id = $1 and state = 'pending' and expires_at > now()`,
      [requester],
    );
    return found!.count;
  }

  async addVote(tx: Sql, id: ReviewId, vote: Vote & { readonly class: IdentityClass }): Promise<void> {
    await tx.query(
      `insert into review_votes (review_id, voter_id, voter_class, voter_name, groups, verdict, reason, at)
       values ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [id, vote.by, vote.class, vote.name, vote.groups, vote.verdict, vote.reason, vote.at],
    );
  }

  /** How many approvals this person gave in the last minute; concurrent ones of the same person wait for each other. */
  async approvalsLately(tx: Sql, voter: PersonId): Promise<number> {
    await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 7402))', [voter]);
    const found = await rowOf<{ count: number }>(
      tx,
      `select count(*)::int as count from review_votes
       where voter_id = $1 and verdict = 'approve' and at > now() - interval '1 minute'`,
      [voter],
    );
    return found!.count;
  }

  /** Writes what the state machine changed. @returns false when the row was no longer in the state it was read in */
  async save(tx: Sql, from: ReviewState, { id, state, expiresAt, settledAt }: Review): Promise<boolean> {
    const changed = await rowOf(
      tx,
      'update reviews set state = $3, expires_at = $4, settled_at = $5 where id = $1 and state = $2 returning id',
      [id, from, state, expiresAt, settledAt ?? null],
    );
    return changed !== undefined;
  }

  /** Uses an approval up: one statement, so that of any number of takers one gets it, and only for what it was given. */
  async consume(tx: Sql, id: ReviewId, binding: Digest): Promise<boolean> {
    const taken = await rowOf(
      tx,
      `update reviews set state = 'consumed'
       where id = $1 and binding = $2 and state = 'approved' and expires_at > now() returning id`,
      [id, binding],
    );
    return taken !== undefined;
  }

  /** Of these, the ones that no longer need waiting for. */
  async due(sql: Sql, ids: readonly ReviewId[]): Promise<ReviewId[]> {
    const rows = await rowsOf<{ id: ReviewId }>(
      sql,
      `select id from reviews where id = any ($1::uuid[]) and (state <> 'pending' or expires_at <= now())`,
      [ids],
    );
    return rows.map(({ id }) => id);
  }

  /** Open ones whose time has been over for a while, locked, without waiting for other replicas. */
  async lockOverdue(tx: Sql, graceMs: number): Promise<ReviewRow[]> {
    const rows = await rowsOf<Omit<ReviewRow, 'votes'>>(
      tx,
      `select * from reviews where state in ('pending', 'approved') and expires_at < now() - $1 * interval '1 millisecond'
       order by expires_at limit 100 for update skip locked`,
      [graceMs],
    );
    return this.withVotes(tx, rows);
  }

  private async withVotes(sql: Sql, rows: readonly Omit<ReviewRow, 'votes'>[]): Promise<ReviewRow[]> {
    if (rows.length === 0) return [];
    const votes = await rowsOf<VoteRow>(
      sql,
      'select * from review_votes where review_id = any ($1::uuid[]) order by at, voter_id',
      [rows.map(({ id }) => id)],
    );
    return rows.map((row) => ({ ...row, votes: votes.filter(({ review_id }) => review_id === row.id) }));
  }
}
