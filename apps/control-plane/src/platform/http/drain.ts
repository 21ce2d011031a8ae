import { Injectable } from '@nestjs/common';
import { Configuration } from '../config.js';
import { Log } from '../logging/log.js';

type Work = () => Promise<void>;

/** Going down gracefully: not ready any more, then whoever still serves something finishes it, then the deadline. */
@Injectable()
export class Drain {
  private readonly work = new Map<string, Work>();
  private readonly controller = new AbortController();

  constructor(
    private readonly configuration: Configuration,
    private readonly log: Log,
  ) {}

  /** Aborted when draining begins. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  get draining(): boolean {
    return this.controller.signal.aborted;
  }

  /** @param work stops taking new work at once, resolves when the rest is done */
  register(name: string, work: Work): void {
    this.work.set(name, work);
  }

  /** Resolves when all work is done, at the latest after the configured time. */
  async begin(): Promise<void> {
    if (this.draining) return;
    this.controller.abort();
    this.log.info('drain.started', { work: [...this.work.keys()] });
    const all = Promise.allSettled(
      [...this.work].map(([name, work]) =>
        work().catch((error: unknown) => this.log.error('drain.failed', { name, error })),
      ),
    );
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([all, new Promise((resolve) => (timer = setTimeout(resolve, this.configuration.drainMs)))]);
    clearTimeout(timer);
    this.log.info('drain.ended', {});
  }
}
