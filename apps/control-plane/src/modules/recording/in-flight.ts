import type { OperationId, ReviewId, SessionId } from '@sallyport/core';
import { type Footer, RecordingChain } from '@sallyport/evidence';
import type { Asked } from './decided.js';

/** One operation that is not over yet. */
export interface InFlight {
  /** Kept while people may still decide about it. */
  readonly asked?: Asked;
  readonly review?: ReviewId;
  joinKeys?: Readonly<Record<string, string>>;
  chain?: RecordingChain;
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
    if (this.all.has(id)) this.all.set(id, {});
  }

  remove(id: OperationId): void {
    this.all.delete(id);
  }

  /** The chain over the operation's recorded response, begun by its first chunk. */
  chain(id: OperationId): RecordingChain {
    const operation = this.all.get(id) ?? {};
    operation.chain ??= new RecordingChain({ session: this.session, operation: id });
    this.all.set(id, operation);
    return operation.chain;
  }

  footer(id: OperationId): Footer | undefined {
    return this.all.get(id)?.chain?.footer();
  }

  entries(): [OperationId, InFlight][] {
    return [...this.all];
  }
}
