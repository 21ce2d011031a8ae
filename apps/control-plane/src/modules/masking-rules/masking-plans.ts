import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { type ConnectionId, GatewayError, type MaskingPlan } from '@sallyport/core';
import { compileMasking, planOf } from '@sallyport/masking';
import { DataSource } from 'typeorm';
import { FreshSnapshot, Log, Notifications, rowOf, rowsOf } from '../../platform/index.js';
import { type RuleRow, ruleOf, rulesFor } from './rule-row.js';

/** Channel of changed masking rules. */
export const maskingChanged = 'masking_changed';

interface Rules {
  readonly rows: readonly RuleRow[];
  /** Plans by connection and rules in force; gone with the rules that they were made of. */
  readonly plans: Map<string, MaskingPlan>;
  /** The same by the very groups that were asked about, and by connection. */
  readonly found: WeakMap<readonly string[], Map<ConnectionId, MaskingPlan>>;
}

const mostPlans = 5000;
const selected = `select r.*, c.name as connection_name from masking_rules r left join connections c on c.id = r.connection_id
  where c.deleted_at is null order by r.id`;

/** What must be hidden, for whom: in memory, and only as long as the database confirms it. */
@Injectable()
export class MaskingPlans implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly rules: FreshSnapshot<Rules>;

  constructor(
    private readonly database: DataSource,
    private readonly notifications: Notifications,
    log: Log,
  ) {
    this.rules = new FreshSnapshot<Rules>(
      {
        name: 'masking rules',
        channel: maskingChanged,
        version: async () =>
          Number((await rowOf<{ version: string }>(this.database, 'select version from masking_version'))!.version),
        load: async () => ({
          rows: await rowsOf<RuleRow>(this.database, selected),
          plans: new Map(),
          found: new WeakMap(),
        }),
        unavailable: 'MASKING_UNAVAILABLE',
      },
      log,
    );
  }

  onApplicationBootstrap(): Promise<void> {
    return this.rules.start(this.notifications);
  }

  onApplicationShutdown(): void {
    this.rules.stop();
  }

  /** Resolves once rules that were committed before are in force on this replica. */
  refresh(): Promise<void> {
    return this.rules.refresh();
  }

  /** See FreshSnapshot. */
  confirmed(): Promise<void> | undefined {
    return this.rules.confirmed();
  }

  /** @throws GatewayError MASKING_UNAVAILABLE when the rules cannot be confirmed, or one of them does not compile */
  planFor(connection: { readonly id: ConnectionId }, groups: readonly string[]): MaskingPlan {
    const { found, ...rules } = this.rules.current();
    const known = found.get(groups) ?? new Map<ConnectionId, MaskingPlan>();
    const plan = known.get(connection.id) ?? this.look(rules, connection.id, groups);
    if (known.size === 0) found.set(groups, known);
    known.set(connection.id, plan);
    return plan;
  }

  private look(
    { rows, plans }: Omit<Rules, 'found'>,
    connection: ConnectionId,
    groups: readonly string[],
  ): MaskingPlan {
    const inForce = rulesFor(rows, connection, groups);
    const key = `${connection}\u0000${inForce.map(({ id }) => id).join('\u0000')}`;
    const known = plans.get(key);
    if (known !== undefined) return known;
    const plan = compiled(inForce);
    if (plans.size >= mostPlans) plans.clear();
    plans.set(key, plan);
    return plan;
  }
}

// Compiled here only to know that the agent will be able to: with any key, for the key is the agent's.
function compiled(rows: readonly RuleRow[]): MaskingPlan {
  const rules = rows.map(ruleOf);
  try {
    compileMasking(rules, { key: new Uint8Array(32) });
    return planOf(rules);
  } catch (cause) {
    throw new GatewayError(
      'MASKING_UNAVAILABLE',
      'a masking rule of this connection does not compile, so nothing is sent',
      {
        cause,
        hint: 'ask an administrator to correct the masking rules',
      },
    );
  }
}
