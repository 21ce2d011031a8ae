import { createHash } from 'node:crypto';
import type { ConnectionId, Digest, PersonId, PolicyId, ReviewRequirement } from '@sallyport/core';

/** What an approval is good for; anything else needs one of its own. */
export interface Bound {
  readonly identity: PersonId;
  readonly aiSession?: string;
  readonly connectionId: ConnectionId;
  readonly connectionVersion: number;
  /** The role that the agent logs in as, or the alias of the target where the control plane does not know it. */
  readonly targetRole: string;
  readonly database: string;
  /** Over statement and parameters. */
  readonly operation: Digest;
  /** The policies that decided, and what they ask for. */
  readonly policies: readonly PolicyId[];
  readonly requirement: Pick<ReviewRequirement, 'groups' | 'approvals'>;
}

/**
 * SHA-256 over a JSON array whose first member names its form, so that no two kinds of digest can be confused. The
 * identity is always in it: the name of an AI session is a claim of the client, which two people could both make. The
 * network session is not: a client that gave up and came back would never find its review.
 */
export function bindingOf(bound: Bound): Digest {
  const canonical = JSON.stringify([
    'sallyport review binding v1',
    bound.identity,
    bound.aiSession ?? null,
    bound.connectionId,
    bound.connectionVersion,
    bound.targetRole,
    bound.database,
    bound.operation,
    [...bound.policies].sort(),
    [...bound.requirement.groups].sort(),
    bound.requirement.approvals,
  ]);
  return createHash('sha256').update(canonical).digest('hex') as Digest;
}
