import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { GatewayError } from '@sallyport/core';
import type { TurnSoFar } from '@sallyport/policy';
import { DataSource } from 'typeorm';
import { Ids, Log, Notifications } from '../../platform/index.js';
import type { TurnKey } from './turn-key.js';
import { type StoredRow, TurnRecords, type TurnRefusal } from './turn-records.js';
import { TurnState } from './turn-state.js';

/** Channel of what has happened in turns: `{ from, turns }`, the totals of all replicas. */
export const turnChannel = 'turn_changed';

/** Turns that are kept in memory, the ones used last. */
const mostTurns = 10_000;
/** Refusals on their way to the database; what is beyond is not remembered, and people are asked. */
const mostRefusals = 2_000;
const lingerMs = 50;
const retryMs = 1_000;
/** In one notification, which holds 8000 bytes. */
const toldAtOnce = 40;
const sweepMs = 3_600_000;

type Refused = Pick<TurnRefusal, 'code' | 'message'>;

/**
 * What has happened in the turns that this replica serves: kept in memory, because decisions do not wait for it; written
 * to the database a moment later, and told to the other replicas.
 */
@Injectable()
export class TurnStates implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly turns = new Map<TurnKey, TurnState>();
  private readonly loading = new Map<TurnKey, Promise<void>>();
  private readonly changed = new Set<TurnKey>();
  private readonly name: string;
  private refusals: TurnRefusal[] = [];
  private writing: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;
  private sweeping: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    private readonly database: DataSource,
    private readonly records: TurnRecords,
    private readonly notifications: Notifications,
    private readonly log: Log,
    ids: Ids,
  ) {
    this.name = ids.next();
  }

  onApplicationBootstrap(): void {
    this.notifications.subscribe(
      turnChannel,
      (payload) => this.heard(payload),
      () => this.readAgain(),
    );
    this.sweeping = setInterval(() => void this.sweep(), sweepMs);
    this.sweeping.unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.sweeping);
    await this.flush();
    this.stopped = true;
    clearTimeout(this.timer);
  }

  get size(): number {
    return this.turns.size;
  }

  /** @returns undefined where it must be loaded first */
  soFar(key: TurnKey): TurnSoFar | undefined {
    const turn = this.turns.get(key);
    if (turn?.known !== true) return undefined;
    this.turns.delete(key);
    this.turns.set(key, turn);
    return turn.soFar;
  }

  /** Asks the database what has happened, unless that is known. @throws GatewayError POLICY_UNAVAILABLE */
  load(key: TurnKey): Promise<void> {
    if (this.soFar(key) !== undefined) return Promise.resolve();
    const loading =
      this.loading.get(key) ??
      this.read(key).finally(() => {
        this.loading.delete(key);
      });
    this.loading.set(key, loading);
    return loading;
  }

  /** One more operation above reading has been allowed. */
  counted(key: TurnKey): void {
    this.stateOf(key).counted();
    this.later(key);
  }

  /** A tool has read, or is about to read, what strangers may have written. */
  untrusted(key: TurnKey): void {
    if (this.stateOf(key).marked()) this.later(key);
  }

  refused(refusal: TurnRefusal): void {
    if (this.refusals.length < mostRefusals) this.refusals.push(refusal);
    this.later();
  }

  /** Did the policies refuse it before in this turn, on whatever replica? */
  async refusalOf(operation: Pick<TurnRefusal, 'key' | 'connection' | 'digest'>): Promise<Refused | undefined> {
    const unwritten = this.refusals.find(
      ({ key, connection, digest }) =>
        key === operation.key && connection === operation.connection && digest === operation.digest,
    );
    return unwritten ?? (await this.records.refusalOf(this.database, operation));
  }

  /** Resolves once what had happened here before the call is in the database, or could not be written. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.writing = this.writing.then(() => this.write());
    return this.writing;
  }

  private stateOf(key: TurnKey): TurnState {
    const known = this.turns.get(key);
    if (known !== undefined) return known;
    if (this.turns.size >= mostTurns) this.forgetOne();
    const turn = new TurnState();
    this.turns.set(key, turn);
    return turn;
  }

  /** @throws GatewayError POLICY_UNAVAILABLE when the database has not taken what is kept */
  private forgetOne(): void {
    for (const [key, turn] of this.turns)
      if (turn.isWritten && !this.loading.has(key)) {
        this.turns.delete(key);
        return;
      }
    throw unreadable(new Error('nothing that happened in turns could be written for too long'));
  }

  // INVARIANT: the state is there before the database is asked, so that what is told meanwhile is not lost.
  private async read(key: TurnKey): Promise<void> {
    const turn = this.stateOf(key);
    try {
      const [row] = await this.records.find(this.database, [key]);
      if (row !== undefined) turn.told(row);
      turn.known = true;
    } catch (cause) {
      throw unreadable(cause);
    }
  }

  private later(key?: TurnKey): void {
    if (key !== undefined) this.changed.add(key);
    this.schedule(lingerMs);
  }

  private schedule(ms: number): void {
    if (this.timer !== undefined || this.stopped) return;
    this.timer = setTimeout(() => void this.flush(), ms);
    this.timer.unref();
  }

  private async write(): Promise<void> {
    const keys = [...this.changed];
    const refusals = [...this.refusals];
    if (keys.length === 0 && refusals.length === 0) return;
    this.changed.clear();
    const happened = keys.map((key) => ({ key, ...this.turns.get(key)!.take() }));
    try {
      const stored = await this.store(happened, refusals);
      this.refusals.splice(0, refusals.length);
      for (const row of stored) this.turns.get(row.key)?.written(row);
    } catch (error) {
      for (const key of keys) this.turns.get(key)?.unwritten();
      for (const key of keys) this.changed.add(key);
      if (this.stopped) return;
      this.log.warn('turns.unwritten', { error });
      this.schedule(retryMs);
    }
  }

  private store(happened: readonly StoredRow[], refusals: readonly TurnRefusal[]): Promise<StoredRow[]> {
    return this.database.transaction(async (tx) => {
      if (refusals.length > 0) await this.records.remember(tx, refusals);
      if (happened.length === 0) return [];
      const stored = await this.records.add(tx, happened);
      for (let from = 0; from < stored.length; from += toldAtOnce) {
        const turns = stored
          .slice(from, from + toldAtOnce)
          .map(({ key, writes, untrusted }) => [key, writes, untrusted]);
        await this.notifications.publish(tx, turnChannel, { from: this.name, turns });
      }
      return stored;
    });
  }

  private heard(payload: unknown): void {
    const { from, turns = [] } = payload as { from?: string; turns?: readonly (readonly [TurnKey, number, boolean])[] };
    if (from === this.name) return; // known already, and counted here until the write has resolved
    for (const [key, writes, untrusted] of turns) this.turns.get(key)?.told({ writes, untrusted });
  }

  /** Something may have been told while nobody listened. */
  private async readAgain(): Promise<void> {
    for (const row of await this.records.find(this.database, [...this.turns.keys()]))
      this.turns.get(row.key)?.told(row);
  }

  private async sweep(): Promise<void> {
    await this.records
      .forget(this.database)
      .catch((error: unknown) => this.stopped || this.log.warn('turns.unswept', { error }));
  }
}

const unreadable = (cause: unknown): GatewayError =>
  new GatewayError(
    'POLICY_UNAVAILABLE',
    'what has happened in this turn cannot be read right now, so nothing was run',
    {
      cause,
      hint: 'try again in a minute; if it persists, ask an administrator to look at the control plane’s database',
    },
  );
