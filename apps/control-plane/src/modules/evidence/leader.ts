import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource, type QueryRunner } from 'typeorm';
import { Log } from '../../platform/index.js';
import { LeaderWork } from './leader-work.js';

/** Any number that nobody else takes in this database. */
const leaderLock = 7_402_911_005_201;
const tickMs = 250;
const candidacyMs = 1000;

/**
 * One replica at a time does the log's work, and everything it does goes over the connection that holds the lock: a
 * leader that loses the lock has lost its connection, and can write nothing more.
 */
@Injectable()
export class Leader implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private stopped = false;
  private running: Promise<void> | undefined;
  private wakeUp: (() => void) | undefined;
  private leading = false;

  constructor(
    private readonly database: DataSource,
    private readonly work: LeaderWork,
    private readonly log: Log,
  ) {
    work.onWanted(() => this.wakeUp?.());
  }

  get isLeading(): boolean {
    return this.leading;
  }

  onApplicationBootstrap(): void {
    this.running = this.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    this.wakeUp?.();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      try {
        await this.campaign();
      } catch (error) {
        this.log.warn('leader.failed', { error });
      }
      if (!this.stopped) await this.pause(candidacyMs);
    }
  }

  private async campaign(): Promise<void> {
    const runner = this.database.createQueryRunner();
    try {
      await runner.connect();
      const [row] = (await runner.query('select pg_try_advisory_lock($1) as won', [leaderLock])) as { won: boolean }[];
      if (row?.won === true) await this.lead(runner);
    } finally {
      await runner.release();
    }
  }

  private async lead(runner: QueryRunner): Promise<void> {
    this.leading = true;
    this.log.info('leader.elected', {});
    try {
      await runner.query('set synchronous_commit = on'); // a checkpoint that a crash forgets would look like a rollback
      const term = await this.work.term(runner.manager);
      while (!this.stopped) {
        const more = await term.tick();
        if (!more) await this.pause(tickMs);
      }
      await term.tick(); // what this replica's last sessions wrote
    } finally {
      this.leading = false;
      await runner.query('select pg_advisory_unlock($1)', [leaderLock]).catch(() => undefined); // with its connection the lock is gone too
    }
  }

  private pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
