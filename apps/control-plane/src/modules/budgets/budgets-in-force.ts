import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Budget } from '@sallyport/models';
import { DataSource } from 'typeorm';
import { FreshSnapshot, Log, Notifications, rowOf, rowsOf } from '../../platform/index.js';
import { type BudgetRow, budgetOf } from './budget-row.js';

/** Channel of changed budgets. */
export const budgetsChanged = 'budgets_changed';

/** Which budgets there are, in memory: a request that none is about costs no question to the database. */
@Injectable()
export class BudgetsInForce implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly budgets: FreshSnapshot<readonly Budget[]>;

  constructor(
    database: DataSource,
    private readonly notifications: Notifications,
    log: Log,
  ) {
    this.budgets = new FreshSnapshot<readonly Budget[]>(
      {
        name: 'budgets',
        channel: budgetsChanged,
        version: async () =>
          Number((await rowOf<{ version: string }>(database, 'select version from budgets_version'))!.version),
        load: async () => (await rowsOf<BudgetRow>(database, 'select * from budgets order by name')).map(budgetOf),
        unavailable: 'POLICY_UNAVAILABLE',
      },
      log,
    );
  }

  onApplicationBootstrap(): Promise<void> {
    return this.budgets.start(this.notifications);
  }

  onApplicationShutdown(): void {
    this.budgets.stop();
  }

  refresh(): Promise<void> {
    return this.budgets.refresh();
  }

  /** See FreshSnapshot. */
  confirmed(): Promise<void> | undefined {
    return this.budgets.confirmed();
  }

  /** @throws GatewayError POLICY_UNAVAILABLE when the database has not confirmed them lately: no answer means refusal */
  current(): readonly Budget[] {
    return this.budgets.current();
  }
}
