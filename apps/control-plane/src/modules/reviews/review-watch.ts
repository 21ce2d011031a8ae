import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { GatewayError, type ReviewId } from '@sallyport/core';
import { DataSource } from 'typeorm';
import { Log, Notifications } from '../../platform/index.js';
import { ReviewRecords } from './review-records.js';

/** Channel of changed reviews: `{ id }`. */
export const reviewChannel = 'review_changed';

export interface Patience {
  /** Aborted when the client has gone. */
  readonly abandoned: AbortSignal;
  /** Milliseconds after which waiting is given up whatever the database says, or does not say. */
  readonly deadlineMs: number;
}

const pollMs = 1000;

/**
 * Wakes the sessions of this replica whose reviews were settled on any: by notification, and by one question a second
 * for all of them, since a notification sent while the listening connection was down is lost.
 */
@Injectable()
export class ReviewWatch implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly waiting = new Map<ReviewId, Set<() => void>>();
  private timer: NodeJS.Timeout | undefined;
  private unsubscribe: () => void = () => undefined;
  private stopped = false;

  constructor(
    private readonly database: DataSource,
    private readonly records: ReviewRecords,
    private readonly notifications: Notifications,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    this.unsubscribe = this.notifications.subscribe(
      reviewChannel,
      (payload) => this.heard(payload),
      () => this.look([...this.waiting.keys()]),
    );
    this.poll();
  }

  onApplicationShutdown(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.unsubscribe();
  }

  /**
   * Resolves to `due` once the review is no longer pending or its time is over (its row says which), to `abandoned`
   * when the client left first.
   * @throws GatewayError REVIEW_UNAVAILABLE after the deadline
   */
  async wait(id: ReviewId, { abandoned, deadlineMs }: Patience): Promise<'due' | 'abandoned'> {
    if (abandoned.aborted) return 'abandoned';
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        abandoned.removeEventListener('abort', onAbort);
        this.forget(id, wake);
        settle();
      };
      const wake = (): void => end(() => resolve('due'));
      const onAbort = (): void => end(() => resolve('abandoned'));
      const timer = setTimeout(() => end(() => reject(unreachable())), Math.min(deadlineMs, 2 ** 31 - 1));
      abandoned.addEventListener('abort', onAbort);
      this.remember(id, wake);
      void this.look([id]); // it may have been settled before anybody waited
    });
  }

  private remember(id: ReviewId, wake: () => void): void {
    const known = this.waiting.get(id) ?? new Set();
    this.waiting.set(id, known.add(wake));
  }

  private forget(id: ReviewId, wake: () => void): void {
    const known = this.waiting.get(id);
    known?.delete(wake);
    if (known?.size === 0) this.waiting.delete(id);
  }

  private async heard(payload: unknown): Promise<void> {
    const { id } = (typeof payload === 'object' && payload !== null ? payload : {}) as { id?: ReviewId };
    if (id !== undefined && this.waiting.has(id)) await this.look([id]);
  }

  private async look(ids: readonly ReviewId[]): Promise<void> {
    if (ids.length === 0) return;
    try {
      for (const id of await this.records.due(this.database, ids))
        for (const wake of [...(this.waiting.get(id) ?? [])]) wake();
    } catch (error) {
      if (!this.stopped) this.log.warn('review.unread', { error });
    }
  }

  private poll(): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => void this.look([...this.waiting.keys()]).then(() => this.poll()), pollMs);
    this.timer.unref();
  }
}

const unreachable = (): GatewayError =>
  new GatewayError('REVIEW_UNAVAILABLE', 'reviews cannot be read right now, so nothing was run', {
    hint: 'try again in a minute',
  });
