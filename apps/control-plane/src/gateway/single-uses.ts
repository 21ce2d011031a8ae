import { createHash } from 'node:crypto';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { GatewayError } from '@sallyport/core';
import type { SingleUse } from '@sallyport/engine';
import { DataSource } from 'typeorm';
import { Log, preparedRowOf } from '../platform/index.js';

const sweepMs = 30_000;
const sweptAtOnce = 10_000;
/** Far more attempts than a client makes of one use. */
const mostAttempts = 8;

// One statement, so that of two replicas one is first. A row comes back for the first use, and for another attempt of it.
const take = {
  name: 'take-single-use',
  text: `
  insert into single_uses as known (key, origin, attempts, expires_at)
  values ($1, $2, $3, now() + make_interval(secs => $4))
  on conflict (key) do update set attempts = known.attempts || excluded.attempts
    where known.origin = excluded.origin
      and known.first_at > clock_timestamp() - make_interval(secs => $5)
      and cardinality(excluded.attempts) = 1 and cardinality(known.attempts) < ${mostAttempts}
      and not known.attempts @> excluded.attempts
  returning true as taken`,
};

// Each replica sweeps, none waits for another.
const sweep = `
  delete from single_uses where key in (
    select key from single_uses where expires_at < now() order by expires_at limit ${sweptAtOnce} for update skip locked)`;

/** What has been used once and may not be again, on whichever replica: the store remembers it. */
@Injectable()
export class SingleUses implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: DataSource,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.sweep(), sweepMs);
    this.timer.unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** @throws GatewayError RECORDING_UNAVAILABLE */
  async once({ key, origin, attempt, keptMs, repeatMs }: SingleUse): Promise<boolean> {
    const attempts = attempt === undefined ? [] : [hashed(attempt)];
    try {
      const parameters = [hashed(key), hashed(origin), attempts, keptMs / 1000, repeatMs / 1000];
      return (await preparedRowOf(this.database, take, parameters)) !== undefined;
    } catch (cause) {
      this.log.warn('single-use.not-recorded', { error: cause });
      throw new GatewayError('RECORDING_UNAVAILABLE', 'nobody can tell whether this request was sent before', {
        cause,
        hint: 'nothing was run; try again in a moment',
      });
    }
  }

  /** Never throws: what is left is swept the next time, and counts as used until then. */
  async sweep(): Promise<void> {
    await this.database.query(sweep).catch((error: unknown) => this.log.warn('single-uses.not-swept', { error }));
  }
}

const hashed = (text: string): Buffer => createHash('sha256').update(text).digest();
