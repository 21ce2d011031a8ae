import { GatewayError, type Identity } from '@sallyport/core';
import type { Requester, Review, Verdict, Vote } from './review.js';
import { isOver } from './settle.js';

export interface Ballot {
  readonly by: Identity;
  readonly verdict: Verdict;
  /** Between 1 and 1000 characters: every settled review names the human and the reason. */
  readonly reason: string;
  readonly at: Date;
}

export const maxReason = 1_000;

/**
 * One person's verdict. One rejection settles; approvals settle once there are as many as asked for, with someone of
 * every group among them.
 *
 * @throws GatewayError FORBIDDEN (the requester, anybody but a person, people outside the groups), INVALID_INPUT (no
 * reason), CONFLICT (settled already, voted already), REVIEW_EXPIRED
 */
export function vote(review: Review, { by, verdict, reason, at }: Ballot): Review {
  refuseVoter(review, by);
  refuseReason(reason);
  refuseState(review, by, at);
  const groups = review.requirement.groups.filter((group) => by.groups.includes(group));
  const votes: Vote[] = [...review.votes, { by: by.id, name: by.name, groups, verdict, reason: reason.trim(), at }];
  if (verdict === 'reject') return { ...review, votes, state: 'rejected', settledAt: at };
  if (!isEnough(review, votes)) return { ...review, votes };
  return {
    ...review,
    votes,
    state: 'approved',
    settledAt: at,
    expiresAt: new Date(at.getTime() + review.requirement.timeoutMs),
  };
}

function refuseVoter({ requester, requirement }: Review, by: Identity): void {
  if (by.class !== 'person')
    throw new GatewayError('FORBIDDEN', `an identity of class "${by.class}" cannot settle reviews`);
  if (stoodBehind(requester, by)) {
    throw new GatewayError('FORBIDDEN', 'you cannot settle a review that you asked for', {
      hint: 'ask somebody else of the group',
    });
  }
  if (!requirement.groups.some((group) => by.groups.includes(group))) {
    throw new GatewayError('FORBIDDEN', 'you are in none of the groups that this review asks', {
      details: { groups: requirement.groups },
    });
  }
}

/** A second account of the requester usually carries the same name (his e-mail address). */
function stoodBehind({ id, name, behind }: Requester, by: Identity): boolean {
  return by.id === id || behind.includes(by.id) || folded(by.name) === folded(name);
}

const folded = (name: string): string => name.normalize('NFKC').trim().toLowerCase();

function refuseReason(reason: string): void {
  const { length } = reason.trim();
  if (length >= 1 && length <= maxReason) return;
  throw new GatewayError('INVALID_INPUT', `a verdict needs a reason of 1 to ${maxReason} characters`);
}

function refuseState(review: Review, by: Identity, at: Date): void {
  if (review.state === 'expired' || (review.state === 'pending' && isOver(review, at))) {
    throw new GatewayError('REVIEW_EXPIRED', 'this review has expired', {
      hint: 'the operation has to be asked for again',
    });
  }
  if (review.state !== 'pending') throw new GatewayError('CONFLICT', `this review is ${review.state} already`);
  if (review.votes.some((cast) => cast.by === by.id))
    throw new GatewayError('CONFLICT', 'you have voted on this review already');
}

function isEnough({ requirement }: Review, votes: readonly Vote[]): boolean {
  const approvals = votes.filter(({ verdict }) => verdict === 'approve');
  const people = new Set(approvals.map(({ by }) => by));
  const heard = new Set(approvals.flatMap(({ groups }) => groups));
  return people.size >= Math.max(1, requirement.approvals) && requirement.groups.every((group) => heard.has(group));
}
