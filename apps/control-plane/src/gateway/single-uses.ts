import { createHash } from 'node:crypto';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { GatewayError } from '@sallyport/core';
import type { SingleUse } from '@sallyport/engine';
import { DataSource } from 'typeorm';
import { Journal } from '../modules/recording/journal.js';
import { Log } from '../platform/index.js';

const sweepMs = 30_000;
const sweptAtOnce = 10_000;
// Each replica sweeps, none waits for another.
const sweep = `
  delete from single_uses where key in (
    select key from single_uses where expires_at < now() order by expires_at limit ${sweptAtOnce} for update skip locked)`;

/** What has been used once and may not be again, on whichever replica: the store remembers it. */
@Injectable()
export class SingleUses implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  /** Keys that are being asked for. */
  private readonly asking = new Map<string, Promise<boolean>>();

  constructor(
    private readonly database: DataSource,
    private readonly journal: Journal,
    private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.sweep(), sweepMs);
    this.timer.unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /**
   * Together with what is put on record at that moment: one commit for both.
   * @throws GatewayError RECORDING_UNAVAILABLE
   */
  async once(use: SingleUse): Promise<boolean> {
    try {
      return await this.inTurn(use.key, () => this.take(use));
    } catch (cause) {
      this.log.warn('single-use.not-recorded', { error: cause });
      throw new GatewayError('RECORDING_UNAVAILABLE', 'nobody can tell whether this request was sent before', {
        cause,
        hint: 'nothing was run; try again in a moment',
      });
    }
  }

  private take({ key, origin, attempt, keptMs, repeatMs }: SingleUse): Promise<boolean> {
    const said = attempt === undefined ? null : hashed(attempt);
    return this.journal.use({ key: hashed(key), origin: hashed(origin), attempt: said, keptMs, repeatMs });
  }

  /** One commit cannot hold the same key twice. */
  private inTurn(key: string, take: () => Promise<boolean>): Promise<boolean> {
    const taken = this.asking.get(key)?.then(take, take) ?? take();
    this.asking.set(key, taken);
    const forget = (): void => {
      if (this.asking.get(key) === taken) this.asking.delete(key);
    };
    taken.then(forget, forget);
    return taken;
  }

  /** Never throws: what is left is swept the next time, and counts as used until then. */
  async sweep(): Promise<void> {
    await this.database.query(sweep).catch((error: unknown) => this.log.warn('single-uses.not-swept', { error }));
  }
}

const hashed = (text: string): Buffer => createHash('sha256').update(text).digest();
