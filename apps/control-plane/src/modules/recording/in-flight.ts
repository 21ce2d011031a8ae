import { GatewayError, type OperationId, type ReviewId, type SessionId } from '@sallyport/core';
import type { Seal } from '../evidence/entry-sealer.js';
import type { Asked } from './decided.js';
import { ResponseRecording } from './response-recording.js';

/** What seals what is told of an operation, and what is recorded of its response. */
export interface Sealing {
  readonly seal: Seal;
  readonly chunkKey: Uint8Array;
}

/** One operation that is not over yet. */
export interface InFlight {
  /** Kept while people may still decide about it. */
  readonly asked?: Asked;
  readonly sealing: Sealing;
  readonly review?: ReviewId;
  response?: ResponseRecording;
  /** Its outcome is being written: once. */
  ending?: Promise<void>;
}

/** A session's operations that have been admitted and are not over; bounded by what the engine lets be in flight. */
export class InFlightOperations {
  private readonly all = new Map<OperationId, InFlight>();

  constructor(private readonly session: SessionId) {}

  add(id: OperationId, operation: InFlight): void {
    this.all.set(id, operation);
  }

  find(id: OperationId): InFlight | undefined {
    return this.all.get(id);
  }

  /** People have answered: from here on it only waits for its outcome. */
  release(id: OperationId): void {
    const operation = this.all.get(id);
    if (operation !== undefined) this.all.set(id, { sealing: operation.sealing });
  }

  remove(id: OperationId): void {
    this.all.delete(id);
  }

  /**
   * The operation's recorded response, begun by its first piece.
   * @throws GatewayError EVIDENCE_INCONSISTENT when the operation is over
   */
  response(id: OperationId): ResponseRecording {
    const operation = this.all.get(id);
    if (operation === undefined)
      throw new GatewayError('EVIDENCE_INCONSISTENT', 'there is a response to an operation that is over');
    operation.response ??= new ResponseRecording({ session: this.session, operation: id });
    return operation.response;
  }

  entries(): [OperationId, InFlight][] {
    return [...this.all];
  }
}
