import type { MaskingPlan, Operation, OperationId, Outcome, Refusal, ReviewId } from '@sallyport/core';

declare const permit: unique symbol;

/** Proof that one operation was decided, allowed and put on record (or is being, behind the gate). Minted by the engine only. */
export interface Permit {
  readonly [permit]: true;
  readonly masking: MaskingPlan;
}

/**
 * Holds the response back until the operation's record is durable, and of an exchange that is held at its target side the
 * request, too.
 * INVARIANT: no byte of the response is written to the client before `opened` has resolved; when it rejects, the
 * session ends and nothing of the response is disclosed. What is held goes to no target before `opened` has resolved.
 */
export interface ResponseGate {
  readonly isOpen: boolean;
  opened(): Promise<void>;
}

/** The place on the record of one forwarded operation. */
export interface OperationRecord {
  readonly id: OperationId;
  /**
   * Called exactly once for every operation that was forwarded. Rejects when the outcome cannot be recorded.
   * @param footer where responses are recorded, what the agent signed of this one (see ResponseRecording); it may come
   * ahead of the last pieces that it covers. Without it the control plane vouches alone. Rejects with
   * EVIDENCE_INCONSISTENT when it is not of what was recorded here
   */
  outcome(outcome: Outcome, footer?: string): Promise<void>;
  /**
   * Present where the connection records responses: resolves once this piece of the masked response is durable, and
   * only then may its bytes reach the client.
   * @param chunk one whole piece as the agent recorded it
   * @param at the agent's time stamp of the piece
   */
  response?(chunk: Uint8Array, at: Date): Promise<void>;
}

/** What a client may be told while its request waits for people. */
export interface Waiting {
  readonly review: ReviewId;
  readonly message: string;
}

/** One request of a client with the only two ways on. A protocol yields it; the engine moves it. */
export interface Exchange {
  readonly operation: Operation;
  /**
   * Its target side keeps what is forwarded until it is told that the gate has opened: so it may be forwarded, and made
   * ready there, while its record is being committed.
   */
  readonly isHeld?: boolean;
  /**
   * It may go ahead, and that is being put on record: what neither target nor client hears of can be done meanwhile.
   * `forward` follows; `refuse` where the record could not be written. Not called where people were asked.
   */
  prepare?(record: OperationRecord): void;
  /** Resolves once the bytes are queued in order, not once they are answered. */
  forward(permit: Permit, gate: ResponseGate, record: OperationRecord): Promise<void>;
  /** Says no in the protocol's own words and leaves the session as usable as the protocol allows. */
  refuse(refusal: Refusal): Promise<void>;
  /** Tells the client that people are asked, if its protocol can. */
  waiting?(notice: Waiting): void;
  /** Aborted when the client has gone: a review that nobody waits for is not run later. */
  readonly abandoned?: AbortSignal;
}
