import { Injectable } from '@nestjs/common';
import { GatewayError, type Identity } from '@sallyport/core';
import { type Budget, ownSessions, subjectParts, windowEnd, windowStart } from '@sallyport/models';
import { DataSource } from 'typeorm';
import { afterOf, Clock, may, type Page, type PageQuery, pageOf, rowsOf } from '../../platform/index.js';
import { usdOf } from './budget-row.js';
import { BudgetsService } from './budgets.service.js';

/** One count in the window that runs. */
export interface UsageView {
  /** Whose: empty where all are one count, or for those in no group. */
  readonly subject: {
    readonly identity?: { readonly id: string; readonly name: string | null };
    readonly group?: string;
    readonly ai_session?: string;
  };
  readonly window_start: string | null;
  readonly resets_at: string | null;
  readonly used_tokens: number;
  readonly used_usd: number;
  /** Taken by calls that run: the most that they may use. */
  readonly reserved_tokens: number;
  readonly reserved_usd: number;
  /** Null where there is no such limit. */
  readonly left_tokens: number | null;
  readonly left_usd: number | null;
}

interface UseRow {
  readonly id: string;
  readonly subject: string;
  readonly person: string | null;
  readonly tokens: string;
  readonly micro_usd: string;
  readonly reserved_tokens: string;
  readonly reserved_micro_usd: string;
}

/** A call that has run for longer is taken for lost: what it had taken counts as used. */
const openFor = '1 hour';

const selected = `
  select u.id, u.subject, u.tokens, u.micro_usd, p.name as person,
      coalesce(sum(r.tokens), 0) as reserved_tokens, coalesce(sum(r.micro_usd), 0) as reserved_micro_usd
    from budget_uses u
    left join people p on p.id::text = split_part(u.subject, ' ', 1)
    left join budget_reservations r on r.use_id = u.id and r.made_at > now() - interval '${openFor}'
    where u.budget = $1 and u.window_start = $2 and u.id > $3
      and ($4::text[] is null or u.subject = any($4) or starts_with(u.subject, $5))
    group by u.id, p.name order by u.id limit $6`;

@Injectable()
export class BudgetUsage {
  constructor(
    private readonly database: DataSource,
    private readonly budgets: BudgetsService,
    private readonly clock: Clock,
  ) {}

  /** What counts for the caller; every count with `budget.read-any`. */
  async of(by: Identity, name: string, query: PageQuery): Promise<Page<UsageView>> {
    const budget = await this.budgets.visible(by, name);
    const now = this.clock.now();
    const own = may(by, 'budget.read-any') ? null : ownSubjects(budget, by);
    const rows = await rowsOf<UseRow>(this.database, selected, [
      name,
      windowStart(budget.window, now),
      cursorOf(query),
      own,
      budget.per === 'ai-session' ? ownSessions(by.id) : null,
      query.limit + 1,
    ]);
    return pageOf(
      rows,
      query,
      ({ id }) => id,
      (row) => viewOf(budget, row, now),
    );
  }
}

const ownSubjects = ({ per }: Budget, { id, groups }: Identity): readonly string[] => {
  if (per === 'identity') return [id];
  if (per === 'group' && groups.length > 0) return groups;
  return per === 'ai-session' ? [] : [''];
};

const viewOf = (budget: Budget, row: UseRow, now: Date): UsageView => {
  const [tokens, microUsd] = [Number(row.tokens), Number(row.micro_usd)];
  const [openTokens, openMicroUsd] = [Number(row.reserved_tokens), Number(row.reserved_micro_usd)];
  const { limitTokens, limitMicroUsd, window } = budget;
  const end = windowEnd(window, now);
  return {
    subject: subjectView(budget, row),
    window_start: end === undefined ? null : windowStart(window, now).toISOString(),
    resets_at: end?.toISOString() ?? null,
    used_tokens: tokens - openTokens,
    used_usd: usdOf(microUsd - openMicroUsd),
    reserved_tokens: openTokens,
    reserved_usd: usdOf(openMicroUsd),
    left_tokens: limitTokens === undefined ? null : Math.max(0, limitTokens - tokens),
    left_usd: limitMicroUsd === undefined ? null : usdOf(Math.max(0, limitMicroUsd - microUsd)),
  };
};

const subjectView = ({ per }: Budget, { subject, person }: UseRow): UsageView['subject'] => {
  const { identity, group, aiSession } = subjectParts(per, subject);
  return {
    ...(identity === undefined ? {} : { identity: { id: identity, name: person } }),
    ...(group === undefined ? {} : { group }),
    ...(aiSession === undefined ? {} : { ai_session: aiSession }),
  };
};

const cursorOf = (query: PageQuery): string => {
  const after = afterOf(query) ?? '0';
  if (/^\d{1,18}$/.test(after)) return after;
  throw new GatewayError('INVALID_INPUT', 'the cursor is not one that this list gave');
};
