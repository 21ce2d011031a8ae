import { GatewayError } from '@sallyport/core';

export interface GroupCommitLimits {
  /** Items waiting at most; one more is refused at once. */
  readonly queueItems: number;
  readonly queueBytes: number;
  /** Items and bytes of one commit at most. */
  readonly batchItems: number;
  readonly batchBytes: number;
  /** Milliseconds from submission to durability; then the item is refused. */
  readonly deadlineMs: number;
  /** Milliseconds that an item nobody waits for may lie before it starts a commit of its own. */
  readonly lingerMs: number;
}

export const groupCommitLimits: GroupCommitLimits = {
  queueItems: 10_000,
  queueBytes: 64 * 1024 * 1024,
  batchItems: 1000,
  batchBytes: 4 * 1024 * 1024,
  deadlineMs: 5000,
  lingerMs: 10,
};

/** Writes one batch durably, or rejects. Must let go of what it was doing when `cancelled` is aborted. */
export type BatchWriter<T> = (items: readonly T[], cancelled: AbortSignal) => Promise<void>;

export interface CommitObserver {
  committed(items: number, milliseconds: number): void;
  failed(items: number, error: unknown): void;
}

export type Urgency = 'awaited' | 'lazy';

interface Pending<T> {
  readonly item: T;
  readonly bytes: number;
  readonly urgency: Urgency;
  readonly deadline: number;
  readonly resolve: () => void;
  readonly reject: (error: GatewayError) => void;
}

/** What a batch writer throws when it knows that nothing was committed; any other failure leaves it in doubt. */
export class NotWritten extends Error {
  constructor(cause: unknown) {
    super('nothing was written', { cause });
  }
}

/** Whether a refused item may have been committed nevertheless. */
export const isInDoubt = (error: unknown): boolean =>
  error instanceof GatewayError && error.details['inDoubt'] === true;

const refusal = (message: string, cause?: unknown): GatewayError =>
  new GatewayError('RECORDING_UNAVAILABLE', message, {
    cause,
    details: { inDoubt: cause !== undefined && !(cause instanceof NotWritten) },
    hint: 'try again in a minute; if it persists, ask an administrator to look at the database',
  });

/**
 * Many small writes, few commits: what is submitted while one batch is being written makes up the next. What nobody
 * waits for rides with what somebody does: a commit of its own would hold up the decision that comes behind it.
 *
 * INVARIANT: one batch at a time, in the order of submission, so entries of a session never overtake one another.
 */
export class GroupCommit<T> {
  private queue: Pending<T>[] = [];
  private queuedBytes = 0;
  private awaited = 0;
  private draining: Promise<void> | undefined;
  private linger: NodeJS.Timeout | undefined;

  constructor(
    private readonly write: BatchWriter<T>,
    private readonly limits: GroupCommitLimits = groupCommitLimits,
    private readonly observer?: CommitObserver,
  ) {}

  /** @returns resolves once the item is durable; rejects with RECORDING_UNAVAILABLE within the deadline */
  submit(item: T, bytes: number, urgency: Urgency = 'awaited'): Promise<void> {
    if (this.queue.length >= this.limits.queueItems || this.queuedBytes + bytes > this.limits.queueBytes) {
      return Promise.reject(refusal('the recorder cannot keep up'));
    }
    return new Promise((resolve, reject) => {
      const deadline = performance.now() + this.limits.deadlineMs;
      this.queue.push({ item, bytes, urgency, deadline, resolve, reject });
      this.queuedBytes += bytes;
      if (urgency === 'awaited') {
        this.awaited += 1;
        this.begin();
      } else this.beginLater();
    });
  }

  /** Writes what is there at once. Resolves when nothing is left to write. */
  async settled(): Promise<void> {
    while (this.queue.length > 0 || this.draining !== undefined) {
      if (this.queue.length > 0) this.begin();
      await this.draining;
    }
  }

  private begin(): void {
    clearTimeout(this.linger);
    this.linger = undefined;
    this.draining ??= this.drain();
  }

  private beginLater(): void {
    if (this.draining !== undefined || this.linger !== undefined) return;
    this.linger = setTimeout(() => this.begin(), this.limits.lingerMs);
  }

  private async drain(): Promise<void> {
    await new Promise(setImmediate); // everything of this turn of the event loop shares the first commit
    do await this.commit(this.takeBatch());
    while (this.awaited > 0);
    this.draining = undefined;
    if (this.queue.length > 0) this.beginLater();
  }

  private takeBatch(): Pending<T>[] {
    let bytes = 0;
    let count = 0;
    for (const { bytes: size } of this.queue) {
      if (count > 0 && (count === this.limits.batchItems || bytes + size > this.limits.batchBytes)) break;
      bytes += size;
      count += 1;
    }
    this.queuedBytes -= bytes;
    const batch = this.queue.splice(0, count);
    for (const { urgency } of batch) if (urgency === 'awaited') this.awaited -= 1;
    return batch;
  }

  private async commit(batch: readonly Pending<T>[]): Promise<void> {
    const started = performance.now();
    const late = batch.filter(({ deadline }) => deadline <= started);
    for (const { reject } of late) reject(refusal('the recorder did not get to it in time'));
    const timely = late.length === 0 ? batch : batch.filter(({ deadline }) => deadline > started);
    if (timely.length === 0) return;
    try {
      await this.writeInTime(
        timely.map(({ item }) => item),
        timely[0]!.deadline - started,
      );
      for (const { resolve } of timely) resolve();
      this.observer?.committed(timely.length, performance.now() - started);
    } catch (cause) {
      for (const { reject } of timely) reject(refusal('the record could not be written', cause));
      this.observer?.failed(timely.length, cause);
    }
  }

  private async writeInTime(items: readonly T[], milliseconds: number): Promise<void> {
    const cancel = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const error = new Error(`not durable within ${Math.round(milliseconds)} ms`);
        reject(error);
        cancel.abort(error);
      }, milliseconds);
    });
    try {
      const written = this.write(items, cancel.signal);
      written.catch(() => undefined); // after the deadline nobody listens to it any more
      await Promise.race([written, tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }
}
