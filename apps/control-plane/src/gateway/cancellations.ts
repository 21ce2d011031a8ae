import { createHash } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Cancellations } from '@sallyport/engine';
import { DataSource } from 'typeorm';
import { Log, Notifications } from '../platform/index.js';

const channel = 'cancel_requested';
const digest = (key: string): string => createHash('sha256').update(key).digest('hex');

/** A cancel request may arrive at another replica than its session's: the key's digest is told to all of them. */
@Injectable()
export class CancelKeys implements Cancellations, OnModuleInit {
  private readonly known = new Map<string, () => void>();

  constructor(
    private readonly database: DataSource,
    private readonly notifications: Notifications,
    private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.notifications.subscribe(channel, (payload) => {
      if (typeof payload === 'string') this.known.get(payload)?.();
    });
  }

  register(key: string, cancel: () => void): () => void {
    const hashed = digest(key);
    this.known.set(hashed, cancel);
    return () => void this.known.delete(hashed);
  }

  request(key: string): void {
    const hashed = digest(key);
    const here = this.known.get(hashed);
    if (here !== undefined) return here();
    this.notifications
      .publish(this.database, channel, hashed)
      .catch((error: unknown) => this.log.warn('cancel.not-told', { error }));
  }
}
