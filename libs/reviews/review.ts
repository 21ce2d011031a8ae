import type { Digest, Identity, PersonId, ReviewId, ReviewRequirement, TurnContext } from '@sallyport/core';

export const reviewStates = ['pending', 'approved', 'rejected', 'expired', 'consumed'] as const;
export type ReviewState = (typeof reviewStates)[number];

/** Which state may follow which; the database holds the same list. */
export const transitions: Readonly<Record<ReviewState, readonly ReviewState[]>> = {
  pending: ['approved', 'rejected', 'expired'],
  approved: ['consumed', 'expired'],
  rejected: [],
  expired: [],
  consumed: [],
};

export const verdicts = ['approve', 'reject'] as const;
export type Verdict = (typeof verdicts)[number];

export interface Vote {
  readonly by: PersonId;
  readonly name: string;
  /** Those of the groups asked for that the voter was in, then. */
  readonly groups: readonly string[];
  readonly verdict: Verdict;
  readonly reason: string;
  readonly at: Date;
}

/** Who asked, as far as it bars from settling. */
export interface Requester {
  readonly id: PersonId;
  readonly name: string;
  /** Others who stand behind the request, such as the owner of the service account that asks. */
  readonly behind: readonly PersonId[];
}

export interface Review {
  readonly id: ReviewId;
  readonly state: ReviewState;
  /** Of exactly this operation in exactly these circumstances. */
  readonly binding: Digest;
  readonly requirement: ReviewRequirement;
  readonly requester: Requester;
  readonly turn: TurnContext;
  readonly votes: readonly Vote[];
  readonly createdAt: Date;
  /** A pending one is over then; an approval not used by then is void. */
  readonly expiresAt: Date;
  readonly settledAt?: Date;
}

export interface ReviewRequest {
  readonly id: ReviewId;
  readonly binding: Digest;
  readonly requirement: ReviewRequirement;
  readonly requester: Requester;
  readonly turn: TurnContext;
  readonly at: Date;
}

export function request({ at, ...asked }: ReviewRequest): Review {
  return {
    ...asked,
    state: 'pending',
    votes: [],
    createdAt: at,
    expiresAt: new Date(at.getTime() + asked.requirement.timeoutMs),
  };
}

/** Members of the groups asked, whoever asked, administrators and auditors. Others learn nothing, not even that it exists. */
export const mayRead = (
  { requester, requirement }: Review,
  { id, groups, roles }: Pick<Identity, 'id' | 'groups' | 'roles'>,
): boolean =>
  requester.id === id ||
  requester.behind.includes(id) ||
  roles.some((role) => role === 'admin' || role === 'auditor') ||
  requirement.groups.some((group) => groups.includes(group));
