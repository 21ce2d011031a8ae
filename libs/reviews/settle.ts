import { GatewayError, type TurnContext } from '@sallyport/core';
import { type Review, type ReviewState, transitions } from './review.js';

export const isOver = ({ expiresAt }: Review, at: Date): boolean => at.getTime() >= expiresAt.getTime();

/** @throws GatewayError CONFLICT when it is settled or its time is not over */
export function expire(review: Review, at: Date): Review {
  if (!isOver(review, at)) throw new GatewayError('CONFLICT', 'the time of this review is not over');
  return follow(review, 'expired', at);
}

/**
 * Uses an approval up, so that it lets exactly one operation run.
 *
 * @throws GatewayError CONFLICT (not approved, or used already), REVIEW_EXPIRED (approved, but not used in time)
 */
export function consume(review: Review, at: Date): Review {
  if (review.state === 'approved' && isOver(review, at)) {
    throw new GatewayError('REVIEW_EXPIRED', 'the approval was not used in time', { hint: 'ask again' });
  }
  return follow(review, 'consumed', at);
}

function follow(review: Review, state: ReviewState, at: Date): Review {
  if (!transitions[review.state].includes(state)) {
    throw new GatewayError('CONFLICT', `a review that is ${review.state} cannot become ${state}`);
  }
  return { ...review, state, settledAt: review.settledAt ?? at };
}

/** How long a rejection answers retries that name no turn. */
export const rejectionMemoryMs = 10 * 60_000;

/** Is this rejection the answer to a retry? Within its turn always; without one for a while. */
export function isRemembered(review: Review, { turn, at }: { readonly turn: TurnContext; readonly at: Date }): boolean {
  if (review.state !== 'rejected') return false;
  if (review.turn.turn !== undefined || turn.turn !== undefined)
    return review.turn.turn === turn.turn && review.turn.client === turn.client;
  return at.getTime() - (review.settledAt ?? review.createdAt).getTime() < rejectionMemoryMs;
}
