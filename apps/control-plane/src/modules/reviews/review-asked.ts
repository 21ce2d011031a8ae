import type {
  Assurance,
  ConnectionId,
  Decision,
  Digest,
  Identity,
  Operation,
  OperationId,
  SessionId,
  TurnContext,
} from '@sallyport/core';
import { GatewayError } from '@sallyport/core';
import type { Settled, Waiting } from '@sallyport/engine';
import { type Bound, refuseUnreadable } from '@sallyport/reviews';
import type { EntityManager } from 'typeorm';

/** An operation that needs a review, with everything that its approval will be bound to. */
export interface ReviewAsked {
  readonly session: SessionId;
  readonly operationId: OperationId;
  readonly identity: Identity;
  readonly turn: TurnContext;
  /** How sure that is. */
  readonly assurance?: Assurance;
  readonly connection: {
    readonly id: ConnectionId;
    readonly name: string;
    readonly version: number;
    /** The alias, or the role where it is known: which right at the target the approval is for. */
    readonly target: string;
  };
  readonly database: string;
  /** Its text and parameters are what reviewers read: redacted already. */
  readonly operation: Operation;
  readonly decision: Extract<Decision, { outcome: 'review' }>;
}

/** With the digest of what its approval is bound to. */
export type BoundAsked = ReviewAsked & { readonly binding: Digest };

export interface ReviewHooks {
  /** Told once when people have been asked, so that the client knows what it waits for. */
  readonly waiting: (notice: Waiting) => void;
  /** Aborted when the client has gone or the session must end: nothing is run then. */
  readonly abandoned: AbortSignal;
  /** What the policies say by the time that an approval is used; they may have changed while it waited. */
  readonly decideAgain?: () => Decision | Promise<Decision>;
  /** Records the final decision, in the transaction that uses the approval. */
  readonly settled: (tx: EntityManager, decision: Settled) => Promise<void>;
}

export const boundOf = ({ identity, turn, connection, database, operation, decision }: ReviewAsked): Bound => ({
  identity: identity.id,
  ...(turn.aiSession === undefined ? {} : { aiSession: turn.aiSession }),
  connectionId: connection.id,
  connectionVersion: connection.version,
  targetRole: connection.target,
  database,
  operation: operation.digest,
  policies: decision.policies,
  requirement: decision.requirement,
});

const cut = /… \(\d+ more characters\)$/;

/** @throws GatewayError TOO_LARGE when reviewers could not be shown all of it: nobody approves what is not shown whole */
export function refuseTruncated({ text, parameters = [], facts }: Operation): void {
  refuseUnreadable(text, parameters);
  const flags = facts['flags'];
  const marked = Array.isArray(flags) && flags.includes('truncated');
  if (!marked && !parameters.some((value) => value !== null && cut.test(value))) return;
  throw new GatewayError('TOO_LARGE', 'a statement or parameter of this size cannot be shown whole to a reviewer', {
    hint: 'split it into smaller ones',
  });
}
