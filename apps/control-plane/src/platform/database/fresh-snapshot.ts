import type { ErrorCode } from '@sallyport/core';
import { GatewayError } from '@sallyport/core';
import type { Log } from '../logging/log.js';
import type { Notifications } from './notifications.js';

export interface SnapshotOptions<T> {
  readonly name: string;
  /** The NOTIFY channel of its changes. */
  readonly channel: string;
  /** A number that every change raises, cheap to read. */
  readonly version: () => Promise<number>;
  readonly load: (version: number) => Promise<T>;
  /** What `current` throws when it cannot be sure. */
  readonly unavailable: ErrorCode;
}

const pollMs = 500;
/** INVARIANT: what another replica committed acts here within 2 s, or nothing does. */
const trustedMs = 2000;
const patienceMs = 2000;

/**
 * Rows that every operation needs, kept in memory: read again when a notification says so, confirmed by a poll, and
 * refused when the database has not confirmed them lately.
 */
export class FreshSnapshot<T> {
  private value: { readonly version: number; readonly content: T } | undefined;
  private confirmedAt = Number.NEGATIVE_INFINITY;
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private again = false;
  private unsubscribe: () => void = () => undefined;
  private stopped = false;

  constructor(
    private readonly options: SnapshotOptions<T>,
    private readonly log: Log,
  ) {}

  async start(notifications: Notifications): Promise<void> {
    const refresh = () => this.refresh();
    this.unsubscribe = notifications.subscribe(this.options.channel, refresh, refresh);
    await this.refresh();
    this.poll();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.unsubscribe();
  }

  /** @throws GatewayError (the code of the options) when the database has not confirmed it within 2 s */
  current(): T {
    if (this.value !== undefined && performance.now() - this.confirmedAt <= trustedMs) return this.value.content;
    throw new GatewayError(this.options.unavailable, `the ${this.options.name} cannot be confirmed right now`, {
      hint: 'try again in a minute',
    });
  }

  /**
   * Waits for the database where it has not confirmed lately, as on a machine that is overloaded: for a moment only. What
   * is to be done where it still has not is the matter of `current`.
   * @returns undefined where nothing has to be waited for; never rejects
   */
  confirmed(): Promise<void> | undefined {
    if (performance.now() - this.confirmedAt <= trustedMs || this.stopped) return undefined;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, patienceMs);
    });
    return Promise.race([this.refresh(), late]).finally(() => clearTimeout(timer));
  }

  /** Resolves once what was committed before the call is in force here. */
  refresh(): Promise<void> {
    if (this.running !== undefined) {
      this.again = true;
      return this.running;
    }
    this.running = this.read().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  private async read(): Promise<void> {
    do {
      this.again = false;
      await this.readOnce();
    } while (this.again && !this.stopped);
  }

  private async readOnce(): Promise<void> {
    const asked = performance.now();
    try {
      const version = await this.options.version();
      if (this.value?.version !== version) this.value = { version, content: await this.options.load(version) };
      this.confirmedAt = asked;
    } catch (error) {
      if (!this.stopped) this.log.warn('snapshot.unconfirmed', { name: this.options.name, error });
    }
  }

  private poll(): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => void this.refresh().then(() => this.poll()), pollMs);
    this.timer.unref();
  }
}
