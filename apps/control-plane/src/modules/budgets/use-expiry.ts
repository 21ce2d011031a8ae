import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Log } from '../../platform/index.js';

const everyMs = 3_600_000;

/** No call runs for so long: what it had taken is used, and nobody can give it back. */
const lostAfter = '25 hours';
/** Longer than any window: what was not touched for so long belongs to one that has ended, or to a forgotten AI session. */
const forgottenAfter = '100 days';

/** Clears away what no longer counts. Any replica may, and two at once do no harm. */
@Injectable()
export class UseExpiry implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: DataSource,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.sweep(), everyMs);
    this.timer.unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  async sweep(): Promise<void> {
    try {
      await this.database.query(`delete from budget_reservations where made_at < now() - interval '${lostAfter}'`);
      await this.database.query(`delete from budget_uses where updated_at < now() - interval '${forgottenAfter}'`);
    } catch (error) {
      this.log.warn('budget-uses.kept', { error });
    }
  }
}
