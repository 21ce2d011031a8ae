import type { Refusal } from './errors.js';
import type { TurnContext } from './identity.js';
import type { Digest, PolicyId, ReviewId } from './ids.js';

export const risks = ['read', 'write', 'privilege', 'destructive', 'unknown'] as const;
/** In rising order: the risk of a whole is the greatest of its parts. What cannot be understood is `unknown`. */
export type Risk = (typeof risks)[number];

export const worstRisk = (all: Iterable<Risk>): Risk => {
  let worst = 0;
  for (const risk of all) worst = Math.max(worst, risks.indexOf(risk));
  return risks[worst]!;
};

/** Cedar's types that a context may hold; an array is a set of strings. */
export type FactValue = string | number | boolean | readonly string[];
export type Facts = Readonly<Record<string, FactValue>>;

/** One thing asked in a session, described. Pure value; the same bytes, session state and snapshot give the same value. */
export interface Operation {
  /** The Cedar action: one per kind of operation, for example `session.connect` or `sql.execute`. */
  readonly action: string;
  readonly risk: Risk;
  /** What a reviewer reads and the record keeps: literals that are secrets are redacted in it already. */
  readonly text: string;
  /** Bound parameters as text, redacted like `text`, in order, null for SQL NULL; binary ones as `\x…`. */
  readonly parameters?: readonly (string | null)[];
  /** The Cedar context beyond what every operation has; typed by the action's schema. */
  readonly facts: Facts;
  /** What it touches, for lists and searches: relations, ARNs, paths. */
  readonly resources: readonly string[];
  /** Over the canonical bytes of statement and parameters, before redaction: what a review is bound to. */
  readonly digest: Digest;
  /**
   * Over the same without how it is written, asked where that matters: what was refused in a turn stays refused in other
   * words. Absent where nothing is known to mean the same but itself.
   */
  readonly likeness?: () => Digest;
  /** Without effect on the target whatever the record says: may be forwarded while its record is being committed. */
  readonly pure: boolean;
  /** Decided before it can have an effect (a Parse): a review it would need is asked for when it is executed. */
  readonly provisional?: boolean;
  /**
   * What was allowed, of which this is a part that policies may judge by itself (a request to a model, of a call to AWS).
   * Where no policy names this one's action, what allowed the whole allows it.
   */
  readonly within?: Operation;
  /** Its text repeats what a model is asked: where prompts are forgotten sooner than the rest, so is this. */
  readonly holdsPrompt?: true;
  /** Where the request itself says what it belongs to (model traffic, MCP): used instead of what the ticket says. */
  readonly turn?: TurnContext;
}

/** What a refusal of it is remembered by. */
export const likenessOf = ({ digest, likeness }: Pick<Operation, 'digest' | 'likeness'>): Digest =>
  likeness?.() ?? digest;

export interface ReviewRequirement {
  /** Groups whose members may settle it; each must approve where several policies ask. */
  readonly groups: readonly string[];
  /** Approvals wanted, at least 1. */
  readonly approvals: number;
  readonly timeoutMs: number;
  readonly onTimeout: 'deny' | 'allow';
  readonly message?: string;
}

interface Decided {
  /** The ids of the policies that decided; empty where nothing permitted. */
  readonly policies: readonly PolicyId[];
  readonly policyVersion: number;
}

export type Decision =
  | (Decided & { readonly outcome: 'allow'; readonly review?: ReviewId })
  | (Decided & { readonly outcome: 'review'; readonly requirement: ReviewRequirement })
  | (Decided & { readonly outcome: 'deny'; readonly refusal: Refusal; readonly review?: ReviewId });

/**
 * done: the target did it · failed: the target answered with an error · skipped: admitted but not run, an earlier
 * operation of its pipeline had failed or been refused · unknown: the session broke in flight, it may have run and is
 * never run again.
 */
export const outcomeStatuses = ['done', 'failed', 'skipped', 'unknown'] as const;
export type OutcomeStatus = (typeof outcomeStatuses)[number];

export const scopings = ['role', 'narrowed', 'own'] as const;
export type Scoped = (typeof scopings)[number];

/** What whoever reads the record should know of an answer that passed. A closed list: a name, once on record, keeps its meaning. */
export const outcomeFlags = ['remote-image'] as const;
export type OutcomeFlag = (typeof outcomeFlags)[number];

export interface Outcome {
  readonly status: OutcomeStatus;
  /** The target's own code of the failure, for example an SQLSTATE. */
  readonly code?: string;
  readonly rows?: number;
  readonly bytes?: number;
  readonly maskedFields: number;
  /** Which masking rules hid something, by id. */
  readonly maskedBy?: readonly string[];
  readonly durationMs?: number;
  /** What finds the same event in the target's own log: a backend's process id and log-in, a request id. */
  readonly joinKey?: string;
  /**
   * Under which credential it ran, where the agent scopes them call by call: `role`, one for exactly what the call needs;
   * `narrowed`, one whose resources had to be wider than that; `own`, the agent's, unscoped.
   */
  readonly scoped?: Scoped;
  /** Of a model's answer: what it used, as the model's API has told it. */
  readonly usage?: ModelUsage;
  /** Of a model's answer; absent where there is none. */
  readonly flags?: readonly OutcomeFlag[];
}

/** Tokens of one call to a model. */
export interface ModelUsage {
  /** As the answer names it. */
  readonly model: string;
  /** Read afresh: without those of the two members below. */
  readonly inputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheWriteTokens: number;
  readonly outputTokens: number;
  /** Millionths of a US dollar; absent where no price of the model is known. */
  readonly microUsd?: number;
}
