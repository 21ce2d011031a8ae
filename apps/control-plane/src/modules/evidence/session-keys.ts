import { Injectable } from '@nestjs/common';
import { GatewayError } from '@sallyport/core';
import { newBodyKey, unwrapKey, wrapKey } from '@sallyport/evidence';
import { KeysPool, MasterKey, Notifications, Random, type Sql } from '../../platform/index.js';

const cacheEntries = 10_000;
const destroyedChannel = 'evidence_key_destroyed';

// A key that a crash forgets would leave its entries unreadable: its commit waits for the disk.
const makeSql = `
  with durable as (select set_config('synchronous_commit', 'on', true))
  insert into session_keys (id, wrapped) select $1, $2::bytea from durable on conflict (id) do nothing`;

interface KeyRow {
  readonly wrapped: Buffer | null;
}

/**
 * The keys that bodies are sealed under: one for each session, one for each person, one for the log itself. They are
 * kept wrapped under the master key, in a table that only the role sallyport_keys can read.
 */
@Injectable()
export class SessionKeys {
  private readonly cache = new Map<string, Uint8Array>();
  private readonly master: Uint8Array;
  private readonly random: (size: number) => Uint8Array;

  constructor(
    private readonly pool: KeysPool,
    private readonly notifications: Notifications,
    master: MasterKey,
    random: Random,
  ) {
    this.master = master.derive('evidence/session-keys');
    this.random = (size) => random.bytes(size);
    notifications.subscribe(
      destroyedChannel,
      (id) => void this.cache.delete(String(id)),
      () => this.cache.clear(),
    );
  }

  /** @returns the key, made when it is not there; undefined when it has been destroyed */
  async obtain(id: string): Promise<Uint8Array | undefined> {
    const known = this.cache.get(id) ?? (await this.read(id));
    return known === null ? this.make(id) : known;
  }

  /** The same for an id that nobody has used yet: made without looking for it first. */
  async obtainNew(id: string): Promise<Uint8Array | undefined> {
    return this.cache.get(id) ?? this.make(id);
  }

  /** @returns the key; undefined when it was never made or has been destroyed */
  async find(id: string): Promise<Uint8Array | undefined> {
    return this.cache.get(id) ?? (await this.read(id)) ?? undefined;
  }

  /**
   * For good; committed only after `record` has resolved.
   * @throws GatewayError NOT_FOUND when there is none to destroy; what `record` throws, and then nothing is destroyed
   */
  async destroy(id: string, record: () => Promise<void>): Promise<void> {
    const client = await this.pool.connect();
    try {
      await client.query('begin; set local synchronous_commit = on');
      const { rowCount } = await client.query(
        'update session_keys set wrapped = null, destroyed_at = now() where id = $1 and wrapped is not null',
        [id],
      );
      if (rowCount !== 1) throw new GatewayError('NOT_FOUND', `there is no key "${id}" to destroy`);
      await record();
      await client.query('commit');
      client.release();
    } catch (error) {
      client.release(true); // closing the connection rolls back
      throw error;
    } finally {
      this.cache.delete(id);
    }
  }

  /** Makes every replica forget it when `tx` commits. */
  async announceDestruction(tx: Sql, id: string): Promise<void> {
    await this.notifications.publish(tx, destroyedChannel, id);
  }

  private async make(id: string): Promise<Uint8Array | undefined> {
    const key = newBodyKey(this.random);
    const { rowCount } = await this.pool.query(makeSql, [id, wrapKey(this.master, id, key, this.random)]);
    if (rowCount === 1) {
      this.remember(id, key);
      return key;
    }
    return (await this.read(id)) ?? undefined; // another replica may have been first
  }

  /** @returns null when it was never made, undefined when it has been destroyed */
  private async read(id: string): Promise<Uint8Array | null | undefined> {
    const { rows } = await this.pool.query<KeyRow>('select wrapped from session_keys where id = $1', [id]);
    const [row] = rows;
    if (row === undefined) return null;
    if (row.wrapped === null) return undefined;
    const key = unwrapKey(this.master, id, row.wrapped);
    this.remember(id, key);
    return key;
  }

  private remember(id: string, key: Uint8Array): void {
    this.cache.set(id, key);
    if (this.cache.size <= cacheEntries) return;
    const [oldest] = this.cache.keys();
    if (oldest !== undefined) this.cache.delete(oldest);
  }
}

export const keyUnavailable = (cause: unknown): GatewayError =>
  new GatewayError('RECORDING_UNAVAILABLE', 'the key of this record cannot be had right now', {
    cause,
    hint: 'try again in a minute; if it persists, ask an administrator to look at the database',
  });
