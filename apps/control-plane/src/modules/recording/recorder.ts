import type { Assurance, Decision, Digest, Operation, OperationId, ReviewId, SessionId } from '@sallyport/core';
import type { RecordedOperation, Settled } from '@sallyport/engine';
import type { SessionEnded, SessionStarted, SignedFooter } from '@sallyport/evidence';
import type { Sql } from '../../platform/index.js';

/** What the gateway knows about an operation beside its description. */
export interface AdmissionContext {
  readonly assurance: Assurance;
  /** Of the masking plan in force. */
  readonly masking: Digest;
}

/** An operation's place on the record; `durable` and `outcome` as the engine wants them. */
export interface AdmittedOperation extends RecordedOperation {
  readonly id: OperationId;
}

/** What the session's end is recorded with; counts are the recorder's own. */
export interface SessionEnding {
  readonly reason: SessionEnded['reason'];
  readonly bytes: SessionEnded['bytes'];
  readonly recording?: SignedFooter;
}

/**
 * One session's hand on the record. Entries keep the order of the calls; a promise resolves once its entry is
 * durable, and rejects with RECORDING_UNAVAILABLE when it is not (what was refused may still be found on record as
 * decided, never as done).
 */
export interface SessionRecorder {
  readonly id: SessionId;
  /** Makes the session's key. Must have resolved before anything else is called, and before a byte goes to the target. */
  started(body: Omit<SessionStarted, 'session'>): Promise<void>;
  /** @param operation secrets in its text and parameters already hidden; its digest is of the original */
  admitted(operation: Operation, decision: Decision, context: AdmissionContext): AdmittedOperation;
  /** The decision after people answered, in the transaction that consumes their approval. */
  settled(tx: Sql, operation: OperationId, decision: Settled): Promise<void>;
  /** The client left while people were asked: nothing was run. */
  abandoned(operation: OperationId, review?: ReviewId): Promise<void>;
  /**
   * One piece of a masked response, as the agent recorded it and with its time stamp; durable when this resolves, and
   * only then may it reach the client.
   */
  response(operation: OperationId, piece: Uint8Array, at: Date): Promise<void>;
  /**
   * Operations still in flight are recorded as `unknown`, those still waiting as abandoned, before the end itself.
   * When it cannot be written now, this resolves and it is written as soon as it can be, by this replica or another.
   */
  ended(ending: SessionEnding): Promise<void>;
}

/** Where the gateway gets its recorders; the injection token too. */
export abstract class Recorder {
  abstract session(id: SessionId): SessionRecorder;
}
