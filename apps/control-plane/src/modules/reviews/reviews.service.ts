import { Injectable } from '@nestjs/common';
import { type Decision, GatewayError, likenessOf, type ReviewId } from '@sallyport/core';
import type { Settled } from '@sallyport/engine';
import { bindingOf, expire, isOver, isRemembered } from '@sallyport/reviews';
import { DataSource, type EntityManager } from 'typeorm';
import { Ids, Notifications, type Sql } from '../../platform/index.js';
import { EvidenceWriter } from '../evidence/evidence-writer.js';
import { PeopleService } from '../people/people.service.js';
import { turnKeyOf } from '../turns/turn-key.js';
import { TurnStates } from '../turns/turn-states.js';
import { newReview } from './new-review.js';
import {
  allowed,
  approvalGone,
  cancelled,
  expired,
  noticeOf,
  policyChanged,
  refusedBefore,
  rejected,
  rejectedBefore,
} from './review-answers.js';
import { type BoundAsked, boundOf, type ReviewAsked, type ReviewHooks, refuseTruncated } from './review-asked.js';
import { consumedEvent, expiredEvent, requestedEvent } from './review-events.js';
import { ReviewRecords } from './review-records.js';
import { type ReviewRow, reviewOf } from './review-row.js';
import { ReviewWatch, reviewChannel } from './review-watch.js';
import { ShownTexts } from './shown-texts.js';

/** Of one requester at a time; more would only train reviewers to click. */
const maxPending = 20;
/** Beyond the review's own time, for a database that comes back late. */
const graceMs = 15_000;
const day = 24 * 3_600_000;

/** The gateway's side of reviews: asks, waits, uses approvals up. What people do with them is in `verdicts.service.ts`. */
@Injectable()
export class ReviewsService {
  constructor(
    private readonly database: DataSource,
    private readonly records: ReviewRecords,
    private readonly watch: ReviewWatch,
    private readonly texts: ShownTexts,
    private readonly people: PeopleService,
    private readonly turns: TurnStates,
    private readonly evidence: EvidenceWriter,
    private readonly notifications: Notifications,
    private readonly ids: Ids,
  ) {}

  /**
   * From an operation that needs a review to the final decision, which is on record when this resolves. An approval
   * is used up and the decision recorded in one transaction; a client that left gets nothing run.
   *
   * @throws GatewayError TOO_LARGE, RATE_LIMITED, REVIEW_UNAVAILABLE: then nothing was decided, and nothing may run
   */
  async settle(asked: ReviewAsked, hooks: ReviewHooks): Promise<Settled> {
    try {
      const before = await this.refusedBefore(asked);
      if (before !== undefined && (await this.rejectedInTurn(this.database, asked)) === undefined)
        return await this.record(hooks, before);
      const review = await this.request(asked);
      if (review.state === 'rejected') return await this.record(hooks, rejectedBefore(asked, review));
      if (review.state === 'pending') {
        hooks.waiting(noticeOf(review));
        if ((await this.wait(review.id, hooks.abandoned)) === 'abandoned')
          return await this.record(hooks, cancelled(asked, review));
      }
      return this.remember(asked, await this.conclude(review.id, asked, hooks));
    } catch (error) {
      throw error instanceof GatewayError ? error : unavailable(error);
    }
  }

  /**
   * The review of this operation: one that is open already (whichever replica made it), a rejection of this turn, or
   * a new one.
   * @throws GatewayError TOO_LARGE, RATE_LIMITED
   */
  async request(asked: ReviewAsked): Promise<ReviewRow> {
    refuseTruncated(asked.operation);
    const binding = bindingOf(boundOf(asked));
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const found = await this.database.transaction((tx) => this.findOrMake(tx, { ...asked, binding }));
      if (found !== undefined) return found;
    }
    throw unavailable(new Error('another replica kept making the same review'));
  }

  /** Resolves to `due` once it is settled or its time is over. @throws GatewayError REVIEW_UNAVAILABLE, NOT_FOUND */
  async wait(id: ReviewId, abandoned: AbortSignal): Promise<'due' | 'abandoned'> {
    const review = await this.records.find(this.database, id);
    if (review === undefined) throw new GatewayError('NOT_FOUND', 'there is no such review');
    return this.watch.wait(id, { abandoned, deadlineMs: Math.min(review.timeout_ms, day) + graceMs });
  }

  /** Uses an approval up for exactly this operation, on record. @returns false when it was used, expired, never given, or given for another */
  async consume(tx: EntityManager, id: ReviewId, asked: ReviewAsked): Promise<boolean> {
    if (!(await this.records.consume(tx, id, bindingOf(boundOf(asked))))) return false;
    await this.evidence.append(
      tx,
      consumedEvent((await this.records.find(tx, id))!, { session: asked.session, operation: asked.operationId }),
    );
    await this.notifications.publish(tx, reviewChannel, { id });
    return true;
  }

  private async findOrMake(tx: EntityManager, asked: BoundAsked): Promise<ReviewRow | undefined> {
    const at = await this.records.now(tx);
    const open = await this.records.lockOpen(tx, asked.binding);
    if (open !== undefined && !isOver(reviewOf(open), at)) return open;
    if (open !== undefined) await this.expireIn(tx, open, 'deny');
    const last = await this.lastRejected(tx, asked);
    if (last !== undefined && isRemembered(reviewOf(last), { turn: asked.turn, at })) return last;
    return this.make(tx, asked, at);
  }

  /** Within a turn the same operation stays refused, also where policies, connection or role have changed since. */
  private lastRejected(tx: EntityManager, asked: BoundAsked): Promise<ReviewRow | undefined> {
    if (asked.turn.turn === undefined) return this.records.lastRejected(tx, asked.binding);
    return this.rejectedInTurn(tx, asked);
  }

  private async rejectedInTurn(sql: Sql, { identity, turn, ...asked }: ReviewAsked): Promise<ReviewRow | undefined> {
    if (turn.turn === undefined) return undefined;
    return this.records.rejectedInTurn(sql, {
      requester: identity.id,
      turn: { ...turn, turn: turn.turn },
      connection: asked.connection.id,
      operation: asked.operation.digest,
    });
  }

  /** The same in other words is not asked of people again in that turn either. */
  private remember({ identity, turn, connection, operation }: ReviewAsked, settled: Settled): Settled {
    const key = turnKeyOf(identity.id, turn);
    if (key === undefined || settled.outcome !== 'deny' || settled.refusal.code !== 'REVIEW_REJECTED') return settled;
    const { code, message } = settled.refusal;
    this.turns.refused({ key, connection: connection.id, digest: likenessOf(operation), code, message });
    return settled;
  }

  private async refusedBefore(asked: ReviewAsked): Promise<Settled | undefined> {
    const { identity, turn, connection, operation } = asked;
    const key = turnKeyOf(identity.id, turn);
    if (key === undefined) return undefined;
    const refusal = await this.turns.refusalOf({ key, connection: connection.id, digest: likenessOf(operation) });
    return refusal && refusedBefore(asked, refusal);
  }

  private async make(tx: EntityManager, asked: BoundAsked, at: Date): Promise<ReviewRow | undefined> {
    if ((await this.records.pendingOf(tx, asked.identity.id)) >= maxPending) {
      throw new GatewayError('RATE_LIMITED', `${maxPending} of your operations are waiting for reviewers already`, {
        hint: 'wait until some are settled',
      });
    }
    const behind = (await this.people.aliasesOf(asked.identity.id, tx)).filter((id) => id !== asked.identity.id);
    const id = this.ids.next<ReviewId>();
    const shown = await this.texts.seal(id, asked.session, asked.operation);
    const review = newReview(asked, { id, behind, at, shown });
    if (!(await this.records.add(tx, review))) return undefined;
    await this.evidence.append(tx, requestedEvent(review));
    await this.notifications.publish(tx, reviewChannel, { id: review.id });
    return { ...review, state: 'pending', votes: [], settled_at: null };
  }

  private async conclude(id: ReviewId, asked: ReviewAsked, hooks: ReviewHooks): Promise<Settled> {
    const now = hooks.decideAgain === undefined ? undefined : await hooks.decideAgain();
    return this.database.transaction(async (tx) => {
      const settled = await this.concludeIn(tx, id, { asked, hooks, now });
      await hooks.settled(tx, settled);
      return settled;
    });
  }

  // INVARIANT: the row is locked, so what is decided here is what is committed with it.
  private async concludeIn(tx: EntityManager, id: ReviewId, { asked, hooks, now }: Concluding): Promise<Settled> {
    const review = await this.records.lock(tx, id);
    if (review === undefined) throw new GatewayError('NOT_FOUND', 'there is no such review');
    if (hooks.abandoned.aborted) return cancelled(asked, review);
    if (review.state === 'rejected') return rejected(asked, review);
    if (now !== undefined && !asksTheSame(asked, now))
      return now.outcome === 'deny' ? { ...now, review: id } : policyChanged(asked, review);
    if (review.state === 'approved') return this.useApproval(tx, review, asked);
    if (review.state === 'pending') return this.timeOut(tx, review, asked);
    return review.state === 'expired' ? expired(asked, review) : approvalGone(asked, review);
  }

  private async useApproval(tx: EntityManager, review: ReviewRow, asked: ReviewAsked): Promise<Settled> {
    const used = await this.consume(tx, review.id, asked);
    return used ? allowed(asked, review) : expired(asked, review);
  }

  /** Whoever makes it expire applies what was agreed for that; everybody else finds it expired, and is refused. */
  private async timeOut(tx: EntityManager, review: ReviewRow, asked: ReviewAsked): Promise<Settled> {
    const applied = review.on_timeout;
    await this.expireIn(tx, review, applied);
    return applied === 'allow' ? allowed(asked, review) : expired(asked, review);
  }

  /** @throws GatewayError CONFLICT when its time is not over */
  async expireIn(tx: EntityManager, review: ReviewRow, applied: 'deny' | 'allow'): Promise<void> {
    const next = expire(reviewOf(review), await this.records.now(tx));
    if (!(await this.records.save(tx, review.state, next))) return;
    await this.evidence.append(tx, expiredEvent(review, applied));
    await this.notifications.publish(tx, reviewChannel, { id: review.id });
  }

  private async record(hooks: ReviewHooks, settled: Settled): Promise<Settled> {
    await this.database.transaction((tx) => hooks.settled(tx, settled));
    return settled;
  }
}

interface Concluding {
  readonly asked: ReviewAsked;
  readonly hooks: ReviewHooks;
  readonly now: Decision | undefined;
}

/** An approval answers the question that was asked: by now it may be another one. An allowance needs none. */
function asksTheSame(asked: ReviewAsked, now: Decision): boolean {
  if (now.outcome === 'allow') return true;
  return now.outcome === 'review' && bindingOf(boundOf({ ...asked, decision: now })) === bindingOf(boundOf(asked));
}

const unavailable = (cause: unknown): GatewayError =>
  new GatewayError('REVIEW_UNAVAILABLE', 'the review could not be made or read, so nothing was run', {
    cause,
    hint: 'try again in a minute; if it persists, ask an administrator to look at the control plane’s database',
  });
