import { Injectable } from '@nestjs/common';
import { GatewayError } from '@sallyport/core';
import { newBodyKey, unwrapKey, wrapKey } from '@sallyport/evidence';
import type { PoolClient } from 'pg';
import { KeysPool, MasterKey, Notifications, Random, type Sql } from '../../platform/index.js';

const cacheEntries = 10_000;
const destroyedChannel = 'evidence_key_destroyed';

// A key that a crash forgets would leave its entries unreadable: its commit waits for the disk.
const makeSql = `
  with durable as (select set_config('synchronous_commit', 'on', true))
  insert into session_keys (id, wrapped) select $1, $2::bytea from durable on conflict (id) do nothing`;

// Below a key that lives, and whose end waits for this: nothing is sealed below one that is destroyed.
const makeWithinSql = `
  with durable as (select set_config('synchronous_commit', 'on', true)),
    lives as (select id from session_keys where id = $3 and wrapped is not null for share)
  insert into session_keys (id, wrapped, parent) select $1, $2::bytea, lives.id from durable, lives on conflict (id) do nothing`;

const destroySql = 'update session_keys set wrapped = null, destroyed_at = now() where wrapped is not null';

interface KeyRow {
  readonly wrapped: Buffer | null;
}

/** A key that ends with another one. */
export interface MadeKey {
  readonly id: string;
  readonly parent: string;
  /** The database's time, to the microsecond. */
  readonly made: string;
}

/**
 * The keys that bodies are sealed under: one for each session, one for each person, one for the log itself; and below
 * them those of what was said to models, which may have to be forgotten sooner (prompt-keys.ts). They are kept wrapped under
 * the master key, in a table that only the role sallyport_keys can read.
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

  /** The same for a key that ends with `parent`: undefined also when that one is not there, or has been destroyed. */
  async obtainWithin(id: string, parent: string): Promise<Uint8Array | undefined> {
    const known = this.cache.get(id) ?? (await this.read(id));
    return known === null ? this.make(id, parent) : known;
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
   * For good, with every key below it; committed only after `record` has resolved.
   * @throws GatewayError NOT_FOUND when there is none to destroy; what `record` throws, and then nothing is destroyed
   */
  async destroy(id: string, record: (destroyed: readonly string[]) => Promise<void>): Promise<void> {
    await this.destroying(async (client) => {
      const { rowCount } = await client.query(`${destroySql} and id = $1`, [id]);
      if (rowCount !== 1) throw new GatewayError('NOT_FOUND', `there is no key "${id}" to destroy`);
      // A statement of its own: it sees what was made below the key while this one waited for it.
      const { rows } = await client.query<{ id: string }>(`${destroySql} and parent = $1 returning id`, [id]);
      return [id, ...rows.map((row) => row.id)];
    }, record);
  }

  /**
   * Those of `ids` that are still there: what somebody else destroys at this moment is told by him.
   * @throws what `record` throws, and then nothing is destroyed
   */
  async destroyAll(
    ids: readonly string[],
    record: (destroyed: readonly string[]) => Promise<void>,
  ): Promise<readonly string[]> {
    return this.destroying(async (client) => {
      const { rows } = await client.query<{ id: string }>(`${destroySql} and id = any($1) returning id`, [ids]);
      return rows.map((row) => row.id);
    }, record);
  }

  /** Keys below others that were made before then and are still there, by age; from the one after `after` on. */
  async withinSince(before: Date, after: MadeKey | undefined, limit: number): Promise<MadeKey[]> {
    const { rows } = await this.pool.query<MadeKey>(
      `select id, parent, created_at::text as made from session_keys
       where parent is not null and wrapped is not null and created_at < $1 and (created_at, id) > ($2::timestamptz, $3)
       order by created_at, id limit $4`,
      [before, after?.made ?? '-infinity', after?.id ?? '', limit],
    );
    return rows;
  }

  private async destroying(
    work: (client: PoolClient) => Promise<readonly string[]>,
    record: (destroyed: readonly string[]) => Promise<void>,
  ): Promise<readonly string[]> {
    const client = await this.pool.connect();
    let destroyed: readonly string[] = [];
    try {
      await client.query('begin; set local synchronous_commit = on');
      destroyed = await work(client);
      if (destroyed.length > 0) await record(destroyed);
      await client.query('commit');
      client.release();
      return destroyed;
    } catch (error) {
      client.release(true); // closing the connection rolls back
      throw error;
    } finally {
      for (const id of destroyed) this.cache.delete(id);
    }
  }

  /** Makes every replica forget it when `tx` commits. */
  async announceDestruction(tx: Sql, id: string): Promise<void> {
    await this.notifications.publish(tx, destroyedChannel, id);
  }

  private async make(id: string, parent?: string): Promise<Uint8Array | undefined> {
    const key = newBodyKey(this.random);
    const wrapped = wrapKey(this.master, id, key, this.random);
    const { rowCount } = await (parent === undefined
      ? this.pool.query(makeSql, [id, wrapped])
      : this.pool.query(makeWithinSql, [id, wrapped, parent]));
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
