import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { GatewayError, type SessionId } from '@sallyport/core';
import { DataSource } from 'typeorm';
import { Ids, Log, RecorderPool } from '../../platform/index.js';

const heartbeatMs = 2000;
// Forgotten in a crash, the session would never be ended: the commit waits for the disk.
const claimSql = `
  with durable as (select set_config('synchronous_commit', 'on', true))
  insert into session_homes (session, replica) select $1::uuid, $2::uuid from durable`;

/** A replica that was not seen for so long is dead: others end its sessions on record. */
export const deadAfterSeconds = 20;

/**
 * This replica's sign of life. Others write the end of a dead replica's sessions, so a replica that was taken for dead
 * must end them itself too: `onBuried`.
 */
@Injectable()
export class ReplicaRegistry implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private id: Promise<string> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly buriedHandlers = new Set<() => void>();

  constructor(
    private readonly database: DataSource,
    private readonly recorder: RecorderPool,
    private readonly ids: Ids,
    private readonly log: Log,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.registered();
    this.schedule();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const id = await this.id?.catch(() => undefined);
    // Sessions that are still open now are not going to write their own end.
    if (id !== undefined)
      await this.database.query('update replicas set dead_at = now() where id = $1', [id]).catch(() => undefined); // found by its silence instead
  }

  /** Called when others have taken this replica for dead: its sessions must end. @returns ends the subscription */
  onBuried(handler: () => void): () => void {
    this.buriedHandlers.add(handler);
    return () => this.buriedHandlers.delete(handler);
  }

  /** Remembers durably that a session lives here. @throws GatewayError RECORDING_UNAVAILABLE */
  async claim(session: SessionId): Promise<void> {
    try {
      await this.recorder.query(claimSql, [session, await this.registered()]);
    } catch (cause) {
      throw new GatewayError('RECORDING_UNAVAILABLE', 'the session cannot be recorded right now', {
        cause,
        hint: 'try again in a minute',
      });
    }
  }

  private registered(): Promise<string> {
    this.id ??= this.register().catch((error: unknown) => {
      this.id = undefined;
      throw error;
    });
    return this.id;
  }

  private async register(): Promise<string> {
    const id = this.ids.next<string & { readonly __brand: 'ReplicaId' }>();
    await this.database.query('insert into replicas (id) values ($1)', [id]);
    return id;
  }

  private schedule(): void {
    this.timer = setTimeout(() => void this.beat(), heartbeatMs);
    this.timer.unref();
  }

  private async beat(): Promise<void> {
    try {
      const rows = await this.database.query<[unknown[], number]>(
        'update replicas set seen_at = now() where id = $1 and dead_at is null returning id',
        [await this.registered()],
      );
      if (rows[1] === 0) this.buried();
    } catch (error) {
      this.log.warn('replica.unseen', { error });
    }
    if (this.timer !== undefined) this.schedule();
  }

  private buried(): void {
    this.log.error('replica.buried', {
      hint: 'this process was stopped or cut off for too long: its sessions are ended',
    });
    this.id = undefined; // it lives on under a new id
    for (const handler of this.buriedHandlers) handler();
  }
}
