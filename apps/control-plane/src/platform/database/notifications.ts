import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import pg from 'pg';
import type { EntityManager } from 'typeorm';
import { Log } from '../logging/log.js';
import { clientOptions } from './connection-options.js';
import { DatabaseServer } from './tokens.js';

export type NotificationHandler = (payload: unknown) => void | Promise<void>;

interface Subscription {
  readonly handler: NotificationHandler;
  readonly onReconnect: (() => void | Promise<void>) | undefined;
}

/** PostgreSQL's own limit is 8000 bytes. */
const mostPayloadBytes = 7900;
const heartbeatMs = 5000;
const retryMs = [100, 250, 500, 1000, 2000] as const;

const listen = (channel: string): string => `listen ${pg.escapeIdentifier(channel)}`;

/**
 * What one replica commits, every replica hears: NOTIFY in the transaction of the change, one LISTEN connection here.
 * A notification that was sent while that connection was down is lost, so `onReconnect` must read the rows again.
 */
@Injectable()
export class Notifications implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly subscriptions = new Map<string, Set<Subscription>>();
  private client: pg.Client | undefined;
  private timer: NodeJS.Timeout | undefined;
  private asked: Promise<unknown> = Promise.resolve();
  private attempts = 0;
  private lost = false;
  private stopped = false;

  constructor(
    private readonly server: DatabaseServer,
    private readonly log: Log,
  ) {}

  /** True while changes made by other replicas are being heard. */
  get connected(): boolean {
    return this.client !== undefined;
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.connect();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    const { client } = this;
    this.client = undefined;
    await client?.end().catch(() => undefined); // the server may have gone first
  }

  /** Sent when `tx` commits, never when it rolls back. The payload is small and holds ids only. */
  async publish(tx: Pick<EntityManager, 'query'>, channel: string, payload: unknown): Promise<void> {
    const text = JSON.stringify(payload ?? null);
    if (Buffer.byteLength(text) > mostPayloadBytes)
      throw new Error(`a notification on "${channel}" is too large: send ids only`);
    await tx.query('select pg_notify($1, $2)', [channel, text]);
  }

  /** @returns ends the subscription. A handler that throws is logged; the others still hear. */
  subscribe(channel: string, handler: NotificationHandler, onReconnect?: () => void | Promise<void>): () => void {
    const subscription: Subscription = { handler, onReconnect };
    const existing = this.subscriptions.get(channel);
    if (existing === undefined) {
      this.subscriptions.set(channel, new Set([subscription]));
      const { client } = this;
      if (client !== undefined)
        this.ask(client, listen(channel)).catch((error: unknown) => this.dropped(error, client));
    } else existing.add(subscription);
    return () => this.subscriptions.get(channel)?.delete(subscription);
  }

  // One question at a time: a pg client that is asked a second one before the answer warns, and will refuse.
  private ask(client: pg.Client, sql: string): Promise<unknown> {
    const answer = this.asked.then(() => client.query(sql));
    this.asked = answer.catch(() => undefined);
    return answer;
  }

  private async connect(): Promise<void> {
    const client = new pg.Client({ ...clientOptions(this.server.url, 'sallyport_app'), query_timeout: heartbeatMs });
    client.on('error', (error) => this.dropped(error, client));
    client.on('end', () => this.dropped(undefined, client));
    client.on('notification', ({ channel, payload }) => this.deliver(channel, payload));
    try {
      await client.connect();
      for (const channel of this.subscriptions.keys()) await this.ask(client, listen(channel));
      this.established(client);
    } catch (error) {
      client.removeAllListeners('end');
      await client.end().catch(() => undefined); // it never came up
      this.retry(error);
    }
  }

  private established(client: pg.Client): void {
    if (this.stopped) {
      void client.end().catch(() => undefined);
      return;
    }
    this.client = client;
    this.attempts = 0;
    this.beat(client);
    if (!this.lost) return;
    this.lost = false;
    this.log.info('notifications.reconnected', {});
    for (const all of this.subscriptions.values()) for (const { onReconnect } of all) this.call(() => onReconnect?.());
  }

  // A connection can be dead without anybody saying so; a question that is not answered in time finds it.
  private beat(client: pg.Client): void {
    this.timer = setTimeout(() => {
      this.ask(client, 'select 1').then(
        () => this.client === client && this.beat(client),
        (error: unknown) => this.dropped(error, client),
      );
    }, heartbeatMs);
    this.timer.unref();
  }

  private dropped(error: unknown, client = this.client): void {
    if (this.stopped || client === undefined || client !== this.client) return;
    this.client = undefined;
    client.end().catch(() => undefined); // it is gone already
    this.retry(error);
  }

  private retry(error: unknown): void {
    if (this.stopped) return;
    this.lost = true;
    this.log.warn('notifications.lost', { error });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.connect(), retryMs[Math.min(this.attempts, retryMs.length - 1)]);
    this.timer.unref();
    this.attempts += 1;
  }

  private deliver(channel: string, payload: string | undefined): void {
    for (const { handler } of this.subscriptions.get(channel) ?? [])
      this.call(() => handler(JSON.parse(payload ?? 'null')));
  }

  private call(work: () => void | Promise<void>): void {
    Promise.resolve()
      .then(work)
      .catch((error: unknown) => this.log.error('notifications.handler-failed', { error }));
  }
}
