import { Injectable } from '@nestjs/common';
import { GatewayError, type Identity, type ReviewId, refusalOf } from '@sallyport/core';
import { mayRead, vote } from '@sallyport/reviews';
import { DataSource, type EntityManager } from 'typeorm';
import { afterOf, idCursor, Log, Notifications, type Page, pageOf } from '../../platform/index.js';
import { EvidenceWriter } from '../evidence/evidence-writer.js';
import { Refusals, type RefusedEvent } from '../evidence/refusals.js';
import { actorOf } from '../people/actor.js';
import { PeopleService } from '../people/people.service.js';
import { settledEvent, votedEvent } from './review-events.js';
import { ReviewPrompts } from './review-prompts.js';
import { ReviewRecords } from './review-records.js';
import { type ReviewRow, reviewOf } from './review-row.js';
import { viewOf } from './review-view.js';
import { reviewChannel } from './review-watch.js';
import type { ReviewDetailView, ReviewsQuery, ReviewView, VerdictBody } from './reviews.dto.js';
import { ShownTexts } from './shown-texts.js';

/** Approvals that one person can have read in a minute. */
const approvalsPerMinute = 20;

/** What people do with reviews: see and settle them. */
@Injectable()
export class VerdictsService {
  constructor(
    private readonly database: DataSource,
    private readonly records: ReviewRecords,
    private readonly texts: ShownTexts,
    private readonly prompts: ReviewPrompts,
    private readonly people: PeopleService,
    private readonly evidence: EvidenceWriter,
    private readonly refusals: Refusals,
    private readonly notifications: Notifications,
    private readonly log: Log,
  ) {}

  async list(caller: Identity, query: ReviewsQuery): Promise<Page<ReviewView>> {
    const rows = await this.records.list(this.database, {
      state: query.state,
      before: idCursor(afterOf(query)),
      limit: query.limit + 1,
      reader: readsAll(caller) ? undefined : caller,
    });
    const shown = await Promise.all(rows.map((row) => this.texts.open(row)));
    return pageOf(
      rows,
      query,
      ({ id }) => id,
      (row) => viewOf(row, shown[rows.indexOf(row)], caller),
    );
  }

  /** @throws GatewayError NOT_FOUND also for what the caller may not see */
  async find(caller: Identity, id: ReviewId): Promise<ReviewDetailView> {
    const row = visible(await this.records.find(this.database, id), caller);
    const [shown, prompt] = await Promise.all([this.texts.open(row), this.prompts.of(row)]);
    return { ...viewOf(row, shown, caller), prompt };
  }

  /**
   * Casts the caller's vote; the one that settles wakes whoever waits, on every replica.
   * @throws GatewayError NOT_FOUND, FORBIDDEN, CONFLICT, REVIEW_EXPIRED, INVALID_INPUT, RATE_LIMITED
   */
  async settle(by: Identity, id: ReviewId, body: VerdictBody): Promise<ReviewView> {
    try {
      return await this.cast(by, id, body);
    } catch (error) {
      if (error instanceof GatewayError && refusedVerdicts.has(error.code))
        await this.recordRefusal(by, { id, verdict: body.verdict }, error).catch((cause: unknown) =>
          this.log.warn('review.refusal-unrecorded', { review: id, cause }),
        );
      throw error;
    }
  }

  private cast(by: Identity, id: ReviewId, { verdict, reason }: VerdictBody): Promise<ReviewView> {
    return this.database.transaction(async (tx) => {
      const row = visible(await this.records.lock(tx, id), by);
      const review = reviewOf(await this.withAliases(tx, row));
      const voted = vote(review, { by, verdict, reason, at: await this.records.now(tx) });
      const shown = await this.texts.open(row);
      if (verdict === 'approve') {
        if (shown === undefined)
          throw new GatewayError('CONFLICT', 'what was asked for has been erased, so nobody can approve it');
        await this.limit(tx, by);
      }
      const cast = voted.votes.at(-1)!;
      await this.records.addVote(tx, id, { ...cast, class: by.class });
      const recorded = { ...cast, voter_id: by.id, voter_class: by.class, voter_name: by.name };
      await this.evidence.append(tx, votedEvent(row, recorded));
      if (voted.state !== review.state) {
        await this.records.save(tx, review.state, voted);
        await this.evidence.append(
          tx,
          settledEvent(row, voted.state === 'approved' ? 'review.approved' : 'review.rejected', recorded),
        );
      }
      await this.notifications.publish(tx, reviewChannel, { id });
      return viewOf((await this.records.find(tx, id))!, shown, by);
    });
  }

  /** Who tried to settle what he may not, or more than anybody can have read. */
  private async recordRefusal(
    by: Identity,
    { id, verdict }: { id: ReviewId; verdict: VerdictBody['verdict'] },
    error: GatewayError,
  ): Promise<void> {
    const row = await this.records.find(this.database, id);
    if (row === undefined) return;
    const { code, message } = refusalOf(error);
    const refused = (key: string): RefusedEvent => ({
      key,
      told: (count) => ({
        event: 'review.refused',
        session: row.session_id,
        body: { review: id, by: actorOf(by), verdict, refusal: { code, message }, count },
      }),
    });
    this.refusals.tell(refused(`verdict ${id} ${by.id} ${verdict} ${code}`), refused(`verdict ${by.id} ${code}`));
  }

  /** Accounts may have turned out to be the same human since the review was asked for. */
  private async withAliases(tx: EntityManager, row: ReviewRow): Promise<ReviewRow> {
    const now = await this.people.aliasesOf(row.requester_id, tx);
    return { ...row, behind: [...new Set([...row.behind, ...now])] };
  }

  private async limit(tx: EntityManager, by: Identity): Promise<void> {
    if ((await this.records.approvalsLately(tx, by.id)) < approvalsPerMinute) return;
    this.log.warn('review.rate-limited', { reviewer: by.id });
    throw new GatewayError('RATE_LIMITED', `you have approved ${approvalsPerMinute} reviews within a minute`, {
      hint: 'take the time to read them; try again in a minute',
      details: { retry_after_seconds: 60 },
    });
  }
}

const refusedVerdicts: ReadonlySet<string> = new Set(['FORBIDDEN', 'RATE_LIMITED']);

const readsAll = ({ roles }: Identity): boolean => roles.some((role) => role === 'admin' || role === 'auditor');

function visible(row: ReviewRow | undefined, caller: Identity): ReviewRow {
  if (row === undefined || !mayRead(reviewOf(row), caller))
    throw new GatewayError('NOT_FOUND', 'there is no such review');
  return row;
}
