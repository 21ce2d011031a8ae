import { Injectable } from '@nestjs/common';
import { GatewayError, type Identity, type PersonId } from '@sallyport/core';
import type { Budget, BudgetScope } from '@sallyport/models';
import { DataSource } from 'typeorm';
import {
  afterOf,
  Clock,
  may,
  Notifications,
  type Page,
  type PageQuery,
  pageOf,
  rowOf,
  rowsOf,
  type Sql,
} from '../../platform/index.js';
import { ConnectionsService, connectionNotFound } from '../connections/connections.service.js';
import { EvidenceWriter } from '../evidence/evidence-writer.js';
import { actorOf } from '../people/actor.js';
import { PeopleService } from '../people/people.service.js';
import { type BudgetRow, type BudgetView, budgetOf, microUsdOf, viewOf } from './budget-row.js';
import type { CreateBudgetBody, UpdateBudgetBody } from './budgets.dto.js';
import { BudgetsInForce, budgetsChanged } from './budgets-in-force.js';

/** Every request is held against all of them. */
const mostBudgets = 500;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

@Injectable()
export class BudgetsService {
  constructor(
    private readonly database: DataSource,
    private readonly inForce: BudgetsInForce,
    private readonly connections: ConnectionsService,
    private readonly people: PeopleService,
    private readonly evidence: EvidenceWriter,
    private readonly notifications: Notifications,
    private readonly clock: Clock,
  ) {}

  /** Those that the caller may know of: without `budget.read-any` those of everybody, of their groups, and their own. */
  async list(by: Identity, query: PageQuery): Promise<Page<BudgetView>> {
    const rows = await rowsOf<BudgetRow>(
      this.database,
      `select * from budgets where name > $1 and ($2 or applies_kind = 'everybody'
         or (applies_kind = 'identity' and applies_value = $3) or (applies_kind = 'group' and applies_value = any($4)))
       order by name limit $5`,
      [afterOf(query) ?? '', may(by, 'budget.read-any'), by.id, by.groups, query.limit + 1],
    );
    return pageOf(
      rows,
      query,
      ({ name }) => name,
      (row) => viewOf(budgetOf(row)),
    );
  }

  async show(by: Identity, name: string): Promise<BudgetView> {
    return viewOf(await this.visible(by, name));
  }

  /** @throws GatewayError NOT_FOUND, also where the caller may not know of it */
  async visible(by: Identity, name: string): Promise<Budget> {
    const row = await rowOf<BudgetRow>(this.database, 'select * from budgets where name = $1', [name]);
    if (row === undefined) throw budgetNotFound();
    const budget = budgetOf(row);
    if (may(by, 'budget.read-any') || concerns(budget.appliesTo, by)) return budget;
    throw budgetNotFound();
  }

  async create(by: Identity, body: CreateBudgetBody): Promise<BudgetView> {
    const budget = draftOf(body);
    refuseUncountable(budget);
    await this.assertThere(budget.appliesTo);
    const view = viewOf(budget);
    await this.database.transaction(async (tx) => {
      await this.changed(tx); // first: one creator at a time, or two could both make the last one
      await assertRoom(tx);
      if (!(await insert(tx, budget, this.clock.now())))
        throw new GatewayError('CONFLICT', `there is already a budget "${budget.name}"`);
      const { name } = budget;
      const body = { id: name, name, by: actorOf(by), after: { ...view } };
      await this.evidence.append(tx, { event: 'budget.created', body });
    });
    await this.inForce.refresh();
    return view;
  }

  async update(by: Identity, name: string, body: UpdateBudgetBody): Promise<BudgetView> {
    const view = await this.database.transaction(async (tx) => {
      const before = await locked(tx, name);
      const after = changedBy(before, body);
      refuseUncountable(after);
      await tx.query(
        'update budgets set limit_tokens = $2, limit_micro_usd = $3, models = $4, updated_at = $5 where name = $1',
        [name, after.limitTokens ?? null, after.limitMicroUsd ?? null, after.models, this.clock.now()],
      );
      const changed = { id: name, name, by: actorOf(by), before: { ...viewOf(before) }, after: { ...viewOf(after) } };
      await this.evidence.append(tx, { event: 'budget.updated', body: changed });
      await this.changed(tx);
      return viewOf(after);
    });
    await this.inForce.refresh();
    return view;
  }

  /** With everything that was counted. */
  async remove(by: Identity, name: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      const before = await locked(tx, name);
      await tx.query('delete from budgets where name = $1', [name]);
      await this.evidence.append(tx, {
        event: 'budget.deleted',
        body: { id: name, name, by: actorOf(by), before: { ...viewOf(before) } },
      });
      await this.changed(tx);
    });
    await this.inForce.refresh();
  }

  private async changed(tx: Sql): Promise<void> {
    await tx.query('update budgets_version set version = version + 1');
    await this.notifications.publish(tx, budgetsChanged, null);
  }

  /** A budget of nobody would look as if it limited something. Groups are the issuer's: any name may come to be one. */
  private async assertThere(scope: BudgetScope): Promise<void> {
    if (scope.kind === 'connection' && (await this.connections.find(scope.value)) === undefined)
      throw connectionNotFound(scope.value);
    if (scope.kind !== 'identity') return;
    if (!uuid.test(scope.value) || (await this.people.find(scope.value as PersonId)) === undefined)
      throw new GatewayError('NOT_FOUND', 'there is no such person', { hint: 'name an identity by its id' });
  }
}

const concerns = (scope: BudgetScope, { id, groups }: Identity): boolean =>
  scope.kind === 'everybody' ||
  (scope.kind === 'identity' && scope.value === id) ||
  (scope.kind === 'group' && groups.includes(scope.value));

const draftOf = ({ name, applies_to: { kind, value }, per, window, ...limits }: CreateBudgetBody): Budget => {
  if (kind === 'everybody' && value !== undefined)
    throw new GatewayError('INVALID_INPUT', 'a budget of everybody names nobody');
  const appliesTo: BudgetScope = kind === 'everybody' ? { kind } : { kind, value: value! };
  return changedBy({ name, appliesTo, per, window, models: [] }, limits);
};

/** What is not given stays; null takes a limit away. */
const changedBy = (budget: Budget, { limit_tokens, limit_usd, models }: UpdateBudgetBody): Budget => {
  const { limitTokens, limitMicroUsd, ...rest } = budget;
  const tokens = limit_tokens === undefined ? limitTokens : (limit_tokens ?? undefined);
  const microUsd = limit_usd === undefined ? limitMicroUsd : limit_usd === null ? undefined : microUsdOf(limit_usd);
  return {
    ...rest,
    models: models ?? budget.models,
    ...(tokens === undefined ? {} : { limitTokens: tokens }),
    ...(microUsd === undefined ? {} : { limitMicroUsd: microUsd }),
  };
};

/** @throws GatewayError INVALID_INPUT */
function refuseUncountable({ limitTokens, limitMicroUsd, window, per }: Budget): void {
  if (limitTokens === undefined && limitMicroUsd === undefined)
    throw new GatewayError('INVALID_INPUT', 'a budget limits tokens or money', {
      hint: 'give limit_tokens, limit_usd or both',
    });
  if (window === 'ai-session' && per !== 'ai-session')
    throw new GatewayError('INVALID_INPUT', 'a budget for the life of an AI session is counted per ai-session');
}

async function assertRoom(tx: Sql): Promise<void> {
  const { count } = (await rowOf<{ count: string }>(tx, 'select count(*) from budgets'))!;
  if (Number(count) >= mostBudgets) throw new GatewayError('CONFLICT', `there are ${count} budgets already`);
}

const insert = async (tx: Sql, { appliesTo, ...budget }: Budget, now: Date): Promise<boolean> => {
  const row = await rowOf(
    tx,
    `insert into budgets (name, applies_kind, applies_value, per, time_window, models, limit_tokens, limit_micro_usd, created_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) on conflict (name) do nothing returning name`,
    [
      budget.name,
      appliesTo.kind,
      appliesTo.kind === 'everybody' ? null : appliesTo.value,
      budget.per,
      budget.window,
      budget.models,
      budget.limitTokens ?? null,
      budget.limitMicroUsd ?? null,
      now,
    ],
  );
  return row !== undefined;
};

async function locked(tx: Sql, name: string): Promise<Budget> {
  const row = await rowOf<BudgetRow>(tx, 'select * from budgets where name = $1 for update', [name]);
  if (row === undefined) throw budgetNotFound();
  return budgetOf(row);
}

const budgetNotFound = (): GatewayError => new GatewayError('NOT_FOUND', 'there is no such budget');
