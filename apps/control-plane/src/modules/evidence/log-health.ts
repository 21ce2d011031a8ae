import { type BeforeApplicationShutdown, Injectable, type OnModuleInit } from '@nestjs/common';
import { type AgentId, GatewayError, type Identity } from '@sallyport/core';
import { checkWitnessed, type WitnessState } from '@sallyport/evidence';
import { DataSource, type EntityManager } from 'typeorm';
import { Clock, Log, Notifications, Readiness } from '../../platform/index.js';
import { type Alarm, alarmChannel, openAlarms, raiseAlarm } from './alarms.js';
import { LogIdentity, logChangedChannel, type NewLog } from './log-identity.js';
import { hashReader, treeSize } from './tree-store.js';

const lookEveryMs = 2000;

/** Puts on record in a new log what stays in force from the one before. */
export type CarryOver = (tx: EntityManager, log: NewLog) => Promise<void>;

export interface LogState {
  readonly sound: boolean;
  readonly alarms: readonly Alarm[];
}

/**
 * Whether the log is what its witnesses saw. A database that was rolled back or replaced is found by an agent that has
 * seen more, or other, than there is; from then on no replica admits a session, until a person has accepted it on record.
 */
@Injectable()
export class LogHealth implements OnModuleInit, BeforeApplicationShutdown {
  private alarms: readonly Alarm[] | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly carried: CarryOver[] = [];

  constructor(
    private readonly database: DataSource,
    private readonly identity: LogIdentity,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly notifications: Notifications,
    readiness: Readiness,
  ) {
    readiness.register('evidence', () =>
      Promise.resolve(this.state().sound ? undefined : 'the log is not the one that its witnesses saw'),
    );
    for (const channel of [alarmChannel, logChangedChannel]) {
      notifications.subscribe(
        channel,
        () => this.look(),
        () => this.look(),
      );
    }
  }

  async onModuleInit(): Promise<void> {
    await this.identity.logKeys(); // made, or refused because the master key is another one
    await this.look();
    this.timer = setInterval(
      () => void this.look().catch((error: unknown) => this.log.warn('log-health.unknown', { error })),
      lookEveryMs,
    );
    this.timer.unref();
  }

  beforeApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** A new log must stand by itself: what its entries rest on is told in it again. */
  carryOver(how: CarryOver): void {
    this.carried.push(how);
  }

  state(): LogState {
    return { sound: this.alarms?.length === 0, alarms: this.alarms ?? [] };
  }

  /** Before every session. @throws GatewayError EVIDENCE_INCONSISTENT */
  assertSound(): void {
    const [alarm] = this.alarms ?? [];
    if (this.alarms?.length === 0) return;
    throw new GatewayError(
      'EVIDENCE_INCONSISTENT',
      'the evidence log is not the one that its witnesses saw, so no session is admitted',
      {
        details: { ...(alarm && { problem: alarm.problem, witness: alarm.witness }) },
        hint: 'the database may have been rolled back or replaced: an administrator must find out, and accept a restored backup with "sallyport evidence restored"',
      },
    );
  }

  /**
   * What an agent presents when it says hello: the last tree head that it vouched for.
   * @throws GatewayError EVIDENCE_INCONSISTENT when there is less, or another history: raised as an alarm on every replica
   */
  async witnessed(agent: AgentId, state: WitnessState): Promise<void> {
    const { id, origin } = await this.identity.logKeys();
    try {
      await checkWitnessed(state, {
        origin,
        size: await treeSize(this.database, id),
        read: hashReader(this.database, id),
      });
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code !== 'EVIDENCE_INCONSISTENT') throw error;
      await this.raise({ log: id, agent, state, problem: error.message });
      throw error;
    }
  }

  /**
   * Accepts that the database is a restored backup: this log ends, and another begins under a name of its own, with
   * `log.restored` as its second entry. Witnesses and auditors must be told of the new key.
   * @throws GatewayError CONFLICT when nothing is wrong
   */
  async accept(by: Identity, reason: string): Promise<{ origin: string }> {
    const origin = await this.database.transaction((tx) => this.acceptIn(tx, by, reason));
    this.identity.forget();
    await this.look();
    return { origin };
  }

  private async acceptIn(tx: EntityManager, by: Identity, reason: string): Promise<string> {
    await this.identity.lock(tx);
    if ((await openAlarms(tx)).length === 0)
      throw new GatewayError('CONFLICT', 'the evidence log is sound: there is nothing to accept');
    const [current] = await tx.query<{ id: number; origin: string }[]>(
      'select id, origin from evidence_logs order by id desc limit 1',
    );
    const last = await this.lastHead(tx, current!.id);
    const next = await this.identity.begin(tx, current!.id + 1);
    await next.append('log.restored', {
      previous: { origin: current!.origin, ...last },
      by: { id: by.id, class: by.class, name: by.name },
      reason,
    });
    for (const how of this.carried) await how(tx, next);
    await tx.query('update evidence_alarms set accepted_at = now() where accepted_at is null');
    await this.notifications.publish(tx, logChangedChannel, {});
    return next.origin;
  }

  private async lastHead(tx: EntityManager, log: number): Promise<{ size: number; root: string }> {
    const [row] = await tx.query<{ size: string; root: Buffer }[]>(
      'select size, root from evidence_checkpoints where log = $1 order by size desc limit 1',
      [log],
    );
    return { size: Number(row?.size ?? 0), root: row?.root.toString('base64') ?? '' };
  }

  private async raise({
    log,
    agent,
    state,
    problem,
  }: {
    log: number;
    agent: AgentId;
    state: WitnessState;
    problem: string;
  }): Promise<void> {
    this.log.error('evidence.inconsistent', { agent, size: state.size, problem });
    this.alarms = [...(this.alarms ?? []), { witness: agent, size: state.size, problem }]; // at once here; the others hear of it
    await this.database.transaction(async (tx) => {
      await raiseAlarm(tx, { log, witness: agent, size: state.size, root: state.root, problem, at: this.clock.now() });
      await this.notifications.publish(tx, alarmChannel, {});
    });
    await this.look();
  }

  private async look(): Promise<void> {
    this.alarms = await openAlarms(this.database);
  }
}
