import { Injectable } from '@nestjs/common';
import { type ConnectionId, GatewayError, type Identity, type MaskingPlan } from '@sallyport/core';
import { compileMasking, parseRules } from '@sallyport/masking';
import { DataSource } from 'typeorm';
import {
  afterOf,
  Clock,
  Notifications,
  type Page,
  type PageQuery,
  pageOf,
  Random,
  rowOf,
  rowsOf,
  type Sql,
} from '../../platform/index.js';
import { ConnectionsService, connectionNotFound } from '../connections/connections.service.js';
import { EvidenceWriter } from '../evidence/evidence-writer.js';
import { actorOf } from '../people/actor.js';
import { MaskingPlans, maskingChanged } from './masking-plans.js';
import type { CreateMaskingRuleBody, UpdateMaskingRuleBody } from './masking-rules.dto.js';
import { type RuleRow, type RuleView, ruleOf, viewOf } from './rule-row.js';

type Draft = Omit<RuleRow, 'connection_name'>;

const selected = `select r.*, c.name as connection_name from masking_rules r left join connections c on c.id = r.connection_id where c.deleted_at is null`;

@Injectable()
export class MaskingRulesService {
  constructor(
    private readonly database: DataSource,
    private readonly connections: ConnectionsService,
    private readonly plans: MaskingPlans,
    private readonly evidence: EvidenceWriter,
    private readonly notifications: Notifications,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  /**
   * The plan in force for a session, from memory.
   * @throws GatewayError MASKING_UNAVAILABLE: no plan means refusal
   */
  planFor(connection: { readonly id: ConnectionId }, groups: readonly string[]): MaskingPlan {
    return this.plans.planFor(connection, groups);
  }

  /** See FreshSnapshot. */
  confirmed(): Promise<void> | undefined {
    return this.plans.confirmed();
  }

  async list(query: PageQuery): Promise<Page<RuleView>> {
    const rows = await rowsOf<RuleRow>(this.database, `${selected} and r.id > $1 order by r.id limit $2`, [
      afterOf(query) ?? '',
      query.limit + 1,
    ]);
    return pageOf(rows, query, ({ id }) => id, viewOf);
  }

  async create(by: Identity, body: CreateMaskingRuleBody): Promise<RuleView> {
    const draft = await this.draftOf(body);
    refuseBroken(draft);
    const made = await this.database.transaction(async (tx) => {
      const row = await rowOf<{ id: string }>(
        tx,
        `insert into masking_rules (id, connection_id, kind, pattern, action, exempt_groups, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7) on conflict (id) do nothing returning id`,
        [draft.id, draft.connection_id, draft.kind, draft.pattern, draft.action, draft.exempt_groups, this.clock.now()],
      );
      if (row === undefined) throw new GatewayError('CONFLICT', `there is already a masking rule "${draft.id}"`);
      const view = viewOf(await this.locked(tx, draft.id));
      await this.evidence.append(tx, {
        event: 'masking-rule.created',
        body: { id: view.id, name: view.id, by: actorOf(by), after: { ...view } },
      });
      await this.changed(tx);
      return view;
    });
    await this.plans.refresh();
    return made;
  }

  async update(by: Identity, id: string, body: UpdateMaskingRuleBody): Promise<RuleView> {
    const updated = await this.database.transaction(async (tx) => {
      const before = await this.locked(tx, id);
      const pattern = patternOf({ kind: before.kind, ...body }) ?? before.pattern;
      const next = {
        ...before,
        pattern,
        action: body.action ?? before.action,
        exempt_groups: body.exempt_groups ?? before.exempt_groups,
      };
      refuseBroken(next);
      await tx.query(
        'update masking_rules set pattern = $2, action = $3, exempt_groups = $4, updated_at = $5 where id = $1',
        [id, next.pattern, next.action, next.exempt_groups, this.clock.now()],
      );
      const changed = { id, name: id, by: actorOf(by), before: { ...viewOf(before) }, after: { ...viewOf(next) } };
      await this.evidence.append(tx, { event: 'masking-rule.updated', body: changed });
      await this.changed(tx);
      return viewOf(next);
    });
    await this.plans.refresh();
    return updated;
  }

  async remove(by: Identity, id: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      const before = await this.locked(tx, id);
      await tx.query('delete from masking_rules where id = $1', [id]);
      await this.evidence.append(tx, {
        event: 'masking-rule.deleted',
        body: { id, name: id, by: actorOf(by), before: { ...viewOf(before) } },
      });
      await this.changed(tx);
    });
    await this.plans.refresh();
  }

  private async changed(tx: Sql): Promise<void> {
    await tx.query('update masking_version set version = version + 1');
    await this.notifications.publish(tx, maskingChanged, null);
  }

  private async draftOf(body: CreateMaskingRuleBody): Promise<Draft> {
    const pattern = patternOf(body);
    if (pattern === undefined)
      throw new GatewayError('INVALID_INPUT', `a rule of kind "${body.kind}" names a ${body.kind}`);
    return {
      id: body.id ?? `rule-${Buffer.from(this.random.bytes(5)).toString('hex')}`,
      connection_id: body.connection == null ? null : await this.connectionId(body.connection),
      kind: body.kind,
      pattern,
      action: body.action,
      exempt_groups: body.exempt_groups ?? [],
    };
  }

  private async connectionId(name: string): Promise<ConnectionId> {
    const connection = await this.connections.find(name);
    if (connection === undefined) throw connectionNotFound(name);
    return connection.id;
  }

  private async locked(tx: Sql, id: string): Promise<RuleRow> {
    const row = await rowOf<RuleRow>(tx, `${selected} and r.id = $1 for update of r`, [id]);
    if (row === undefined) throw new GatewayError('NOT_FOUND', 'there is no such masking rule');
    return row;
  }
}

function patternOf({
  kind,
  ...subjects
}: Pick<CreateMaskingRuleBody, 'kind' | 'column' | 'detector' | 'field'>): string | undefined {
  const { column, detector, field } = subjects;
  const { [kind]: own, ...others } = { column, detector, field };
  if (Object.values(others).some((other) => other !== undefined))
    throw new GatewayError('INVALID_INPUT', `a rule of kind "${kind}" names a ${kind} and nothing else`);
  return own;
}

/** @throws GatewayError INVALID_INPUT: a rule that no agent could apply is not kept */
function refuseBroken(row: Draft): void {
  try {
    compileMasking(parseRules([ruleOf({ ...row, connection_name: null })]), { key: new Uint8Array(32) });
  } catch (cause) {
    const message = cause instanceof GatewayError ? cause.message : 'the rule does not compile';
    throw new GatewayError('INVALID_INPUT', message, { cause });
  }
}
