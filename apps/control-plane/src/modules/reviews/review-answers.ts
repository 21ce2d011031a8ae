import type { Refusal } from '@sallyport/core';
import type { Settled, Waiting } from '@sallyport/engine';
import type { ReviewAsked } from './review-asked.js';
import type { ReviewRow } from './review-row.js';

/** The final decisions that can follow a review, in the words that the client reads. */
export const allowed = ({ decision }: ReviewAsked, { id }: ReviewRow): Settled => ({
  outcome: 'allow',
  policies: decision.policies,
  policyVersion: decision.policyVersion,
  review: id,
});

const denied = ({ decision }: ReviewAsked, { id }: ReviewRow, refusal: Refusal): Settled => ({
  outcome: 'deny',
  policies: decision.policies,
  policyVersion: decision.policyVersion,
  review: id,
  refusal,
});

/** People have refused it in this turn, or a moment ago: they are not asked again. */
export function rejectedBefore(asked: ReviewAsked, review: ReviewRow): Settled {
  if (asked.turn.turn === undefined) return rejected(asked, review);
  return denied(asked, review, {
    code: 'REVIEW_REJECTED',
    message: `refused before in this turn, and nobody was asked again: ${reasonOf(review)}`,
    hint: 'change it as the reviewer says, or tell the person you work for: what they ask next is another turn',
  });
}

/** The policies have refused it in this turn, so that no reviewer need look at it now that they ask for one. */
export const refusedBefore = (
  { decision }: ReviewAsked,
  { code, message }: Pick<Refusal, 'code' | 'message'>,
): Settled => ({
  outcome: 'deny',
  policies: decision.policies,
  policyVersion: decision.policyVersion,
  refusal: {
    code,
    message: `refused before in this turn, and nobody was asked again: ${message}`,
    hint: 'tell the person you work for: what they ask next is another turn, and reviewers can be asked then',
  },
});

const reasonOf = ({ votes }: ReviewRow): string => {
  const no = votes.find(({ verdict }) => verdict === 'reject');
  return `${no?.voter_name ?? 'a reviewer'} rejected this operation: ${oneLine(no?.reason ?? 'no reason given')}`;
};

export function rejected(asked: ReviewAsked, review: ReviewRow): Settled {
  return denied(asked, review, {
    code: 'REVIEW_REJECTED',
    message: reasonOf(review),
    hint: 'do not ask for the same again; change it as the reviewer says, or ask the person you work for',
  });
}

export const expired = (asked: ReviewAsked, review: ReviewRow): Settled =>
  denied(asked, review, {
    code: 'REVIEW_EXPIRED',
    message: `nobody of ${named(review.groups)} settled the review in time, so nothing was run`,
    hint: 'ask again when a reviewer is at hand',
  });

export const approvalGone = (asked: ReviewAsked, review: ReviewRow): Settled =>
  denied(asked, review, {
    code: 'REVIEW_EXPIRED',
    message: 'this approval has been used already: the same operation ran in another request',
    hint: 'look whether it had its effect before you ask again',
  });

export const policyChanged = (asked: ReviewAsked, review: ReviewRow): Settled =>
  denied(asked, review, {
    code: 'REVIEW_EXPIRED',
    message: 'the policies changed while this waited, so the approval no longer fits',
    hint: 'ask again',
  });

export const cancelled = (asked: ReviewAsked, review: ReviewRow): Settled =>
  denied(asked, review, { code: 'CANCELLED', message: 'the client left while people were asked, so nothing was run' });

export function noticeOf({ id, groups, approvals, message, expires_at }: ReviewRow): Waiting {
  const why = message === null ? '' : `${message}: `;
  const who = approvals > 1 ? `${approvals} approvals of ${named(groups)}` : `an approval of ${named(groups)}`;
  return {
    review: id,
    message: `${why}waiting until ${expires_at.toISOString()} for ${who}, review ${id} (sallyport reviews show ${id})`,
  };
}

const named = (groups: readonly string[]): string => groups.map((group) => `"${group}"`).join(' and ');
const oneLine = (text: string): string => text.replace(/[\p{C}\s]+/gu, ' ').trim();
