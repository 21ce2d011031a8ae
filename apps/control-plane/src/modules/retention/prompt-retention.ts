import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { RetentionRule } from '@sallyport/evidence';
import type { EntityManager } from 'typeorm';
import { Clock, Configuration, Log, rowsOf, type Sql } from '../../platform/index.js';
import { AgedTexts } from '../ai-sessions/aged-texts.service.js';
import { KeyDestructions } from '../evidence/key-destructions.js';
import { LeaderWork } from '../evidence/leader-work.js';
import { promptsUnder } from '../evidence/prompt-keys.js';
import { type MadeKey, SessionKeys } from '../evidence/session-keys.js';
import { TicketMarks } from '../tickets/ticket-marks.js';

const dayMs = 24 * 3_600_000;
const everyMs = 3_600_000;
const retryMs = 60_000;
/** Of one batch: the leader has other work, which must not wait for this. */
const mostKeys = 100;
const mostTexts = 500;

const system = { id: 'system', class: 'system', name: 'sallyport' } as const;

/**
 * Prompts and inputs of tools go by age, where the installation says so: their keys are destroyed, so that nothing opens
 * their entries any more, and their texts are taken out of the tables. By whole days, of UTC: what was told on a day that
 * ended so many days ago. What works on is left alone.
 */
@Injectable()
export class PromptRetention implements OnModuleInit {
  private restsUntil = Number.NEGATIVE_INFINITY;
  private after: MadeKey | undefined;

  constructor(
    private readonly configuration: Configuration,
    private readonly work: LeaderWork,
    private readonly keys: SessionKeys,
    private readonly destructions: KeyDestructions,
    private readonly texts: AgedTexts,
    private readonly marks: TicketMarks,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  onModuleInit(): void {
    if (this.configuration.promptDays !== undefined) this.work.addChore((connection) => this.chore(connection));
  }

  /** One batch. @returns whether there may be more */
  async sweep(connection: EntityManager): Promise<boolean> {
    const { promptDays: days } = this.configuration;
    if (days === undefined) return false;
    const now = this.clock.now();
    const before = new Date(Math.floor(now.getTime() / dayMs) * dayMs - days * dayMs);
    const rule = { setting: 'SALLYPORT_PROMPT_DAYS', days, before: before.toISOString() };
    const moreKeys = await this.sweepKeys(connection, rule, now);
    const moreTexts = await this.sweepTexts(connection, rule, now);
    return moreKeys || moreTexts;
  }

  // The log goes on whatever becomes of this.
  private async chore(connection: EntityManager): Promise<void> {
    if (performance.now() < this.restsUntil) return;
    try {
      if (!(await this.sweep(connection))) this.restsUntil = performance.now() + everyMs;
    } catch (error) {
      this.log.warn('prompts.kept', { error });
      this.restsUntil = performance.now() + retryMs;
    }
  }

  private async sweepKeys(connection: EntityManager, rule: RetentionRule, now: Date): Promise<boolean> {
    const made = await this.keys.withinSince(new Date(rule.before), this.after, mostKeys);
    const due = await this.due(connection, made, { rule, now });
    const told = { by: system, reason: `older than ${rule.days} days`, rule };
    // The record goes by the leader's own connection: who has lost it destroys nothing more.
    if (due.length > 0)
      await this.keys.destroyAll(due, (destroyed) =>
        connection.transaction((tx) => this.destructions.record(tx, destroyed, told)),
      );
    const more = made.length === mostKeys;
    this.after = more ? made.at(-1) : undefined;
    return more;
  }

  private sweepTexts(connection: EntityManager, rule: RetentionRule, now: Date): Promise<boolean> {
    return connection.transaction(async (tx) => {
      const { calls, more } = await this.texts.erase(tx, rule, { now, limit: mostTexts });
      await this.marks.forget(tx, calls);
      return more;
    });
  }

  private async due(
    sql: Sql,
    made: readonly MadeKey[],
    { rule, now }: { readonly rule: RetentionRule; readonly now: Date },
  ): Promise<string[]> {
    const found = made.flatMap(({ id }) => {
      const prompts = promptsUnder(id);
      return prompts === undefined ? [] : [{ id, prompts }];
    });
    const active = await this.texts.activeOf(
      sql,
      found.flatMap(({ prompts }) => (prompts.of === 'ai-session' ? [prompts.aiSession] : [])),
      now,
    );
    const young = await youngSessions(
      sql,
      found.flatMap(({ prompts }) => (prompts.of === 'session' ? [prompts.session] : [])),
      rule.before,
    );
    return found
      .filter(({ prompts }) =>
        prompts.of === 'session'
          ? !young.has(prompts.session)
          : prompts.day < rule.before.slice(0, 10) && !active.has(prompts.aiSession),
      )
      .map(({ id }) => id);
  }
}

/**
 * Those that go on, or that have ended since then. One that no replica serves and nobody has put on record never began: the
 * list may lack one that runs, for it is made of the log.
 */
async function youngSessions(sql: Sql, ids: readonly string[], before: string): Promise<ReadonlySet<string>> {
  const rows = await rowsOf<{ id: string }>(
    sql,
    `select id from sessions where id = any($1::uuid[]) and (ended_at is null or ended_at >= $2)
     union select session from session_homes where session = any($1::uuid[])`,
    [ids, before],
  );
  return new Set(rows.map(({ id }) => id));
}
