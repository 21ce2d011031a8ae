import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Log } from '../../platform/index.js';
import { ReviewRecords } from './review-records.js';
import { ReviewsService } from './reviews.service.js';

const everyMs = 5000;
/** A session that waits applies its time-out itself; only what nobody waits for any more is left for here. */
const graceMs = 5000;

/** Closes reviews that nobody waits for, so that lists are true and nothing runs late. */
@Injectable()
export class ReviewExpiry implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    private readonly database: DataSource,
    private readonly records: ReviewRecords,
    private readonly reviews: ReviewsService,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    this.schedule();
  }

  onApplicationShutdown(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  /** @returns how many were closed */
  async sweep(): Promise<number> {
    return this.database.transaction(async (tx) => {
      const overdue = await this.records.lockOverdue(tx, graceMs);
      for (const review of overdue) await this.reviews.expireIn(tx, review, 'deny');
      return overdue.length;
    });
  }

  private schedule(): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.sweep()
        .catch((error: unknown) => this.stopped || this.log.warn('review.expiry-failed', { error }))
        .finally(() => this.schedule());
    }, everyMs);
    this.timer.unref();
  }
}
