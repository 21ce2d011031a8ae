import type {
  OperationDecided,
  OperationDenied,
  ReviewConsumed,
  ReviewExpired,
  ReviewRequested,
  ReviewSettled,
} from './event-bodies.js';
import type { Findings } from './report.js';

interface ReviewState {
  request?: ReviewRequested;
  state: 'pending' | 'approved' | 'rejected' | 'expired';
  votes: ReviewSettled['votes'];
  applied?: 'deny' | 'allow';
  /** The operation that used the approval up. */
  consumedBy?: string;
  /** Some entry about it is erased or sealed: what it says cannot be checked. */
  hidden: boolean;
}

/** Reviews: asked for, settled by others, by people, in time, and used once by the operation they were asked for. */
export class ReviewCheck {
  readonly #findings: Findings;
  readonly #reviews = new Map<string, ReviewState>();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  #of(id: string): ReviewState {
    const known = this.#reviews.get(id);
    if (known !== undefined) return known;
    const state: ReviewState = { state: 'pending', votes: [], hidden: false };
    this.#reviews.set(id, state);
    return state;
  }

  hide(id: string): void {
    this.#of(id).hidden = true;
  }

  requested(body: ReviewRequested): void {
    this.#findings.counts.reviews += 1;
    const review = this.#of(body.review);
    if (review.request !== undefined)
      this.#findings.add('review.requested-twice', `review '${body.review}' is asked for twice`);
    review.request = body;
  }

  approved(body: ReviewSettled): void {
    const review = this.#settle(body, 'approved');
    const { request } = review;
    if (request === undefined) return;
    const approvals = body.votes.filter(({ verdict }) => verdict === 'approve');
    const people = new Set(approvals.map(({ by }) => by.id));
    if (people.size < request.requirement.approvals || approvals.length !== body.votes.length)
      this.#findings.add('review.too-few', `review '${body.review}' was approved without the approvals it needs`);
    for (const { by, groups, at } of approvals) {
      if (by.id === request.requestedBy.id)
        this.#findings.add('review.self-settled', `review '${body.review}' was approved by its own requester`);
      if (by.class !== 'person')
        this.#findings.add(
          'review.not-human',
          `review '${body.review}' was approved by '${by.name}', which is no person`,
        );
      if (Date.parse(at) > Date.parse(request.expiresAt))
        this.#findings.add('review.late', `review '${body.review}' was approved after it had expired`);
      const asked = request.requirement.groups;
      if (asked.length > 0 && !groups.some((group) => asked.includes(group)))
        this.#findings.add('review.outsider', `review '${body.review}' was approved by somebody who was not asked`);
    }
  }

  rejected(body: ReviewSettled): void {
    this.#settle(body, 'rejected');
  }

  #settle(body: ReviewSettled, state: 'approved' | 'rejected'): ReviewState {
    const review = this.#of(body.review);
    this.#requestedBefore(body.review, review);
    if (review.state !== 'pending')
      this.#findings.add('review.settled-twice', `review '${body.review}' was settled twice`);
    review.state = state;
    review.votes = body.votes;
    return review;
  }

  #requestedBefore(id: string, { request, hidden }: ReviewState): void {
    if (request === undefined && !hidden)
      this.#findings.add('review.unrequested', `review '${id}' was settled and never asked for`);
  }

  expired(body: ReviewExpired): void {
    const review = this.#of(body.review);
    this.#requestedBefore(body.review, review);
    if (review.state !== 'pending')
      this.#findings.add('review.settled-twice', `review '${body.review}' expired after it was settled`);
    review.state = 'expired';
    review.applied = body.applied;
  }

  consumed(body: ReviewConsumed): void {
    const review = this.#of(body.review);
    if (review.consumedBy !== undefined)
      this.#findings.add('review.consumed-twice', `review '${body.review}' was used twice`);
    review.consumedBy = body.operation;
    if (!review.hidden && review.state !== 'approved')
      this.#findings.add('review.not-approved', `review '${body.review}' was used and not approved`);
  }

  /** The operation that a review was asked for. */
  askedFor(id: string): string | undefined {
    return this.#reviews.get(id)?.request?.operation;
  }

  /** An operation was denied because of a review. */
  refuses({ operation, review: id, refusal }: OperationDenied): void {
    const review = this.#reviews.get(id!);
    const state = { REVIEW_REJECTED: 'rejected', REVIEW_EXPIRED: 'expired' }[refusal.code as string];
    if (state !== undefined && review?.hidden !== true && review?.state !== state)
      this.#findings.add(
        'review.missing',
        `operation '${operation}' was denied by review '${id}', which was not ${state}`,
      );
  }

  /** An operation was allowed on the strength of a review. `identity` asked for it. */
  rests(operation: OperationDecided, identity: string | undefined): void {
    const review = this.#reviews.get(operation.review!);
    if (review?.hidden === true) {
      this.#findings.leaveOpen('reviews with erased or sealed entries: who settled them, and what they were asked for');
      return;
    }
    if (review?.request === undefined) {
      const what = `operation '${operation.operation}' rests on review '${operation.review}'`;
      this.#findings.add('review.missing', `${what}, which is not in the bundle`);
      return;
    }
    const { request, votes, consumedBy, state, applied } = review;
    const timedOut = state === 'expired' && applied === 'allow' && request.requirement.onTimeout === 'allow';
    if (!timedOut && consumedBy !== operation.operation)
      this.#findings.add('review.not-consumed', `operation '${operation.operation}' ran without using up an approval`);
    if (request.operationDigest !== operation.digest)
      this.#findings.add(
        'review.digest',
        `operation '${operation.operation}' is not the one that review '${operation.review}' was asked for`,
      );
    if (votes.some(({ by }) => by.id === identity))
      this.#findings.add(
        'review.self-settled',
        `operation '${operation.operation}' was approved by the one who ran it`,
      );
  }
}
