import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { GatewayError, type Identity, type SessionId } from '@sallyport/core';
import type { OperationDecided, SessionStarted } from '@sallyport/evidence';
import { DataSource } from 'typeorm';
import {
  afterOf,
  idCursor,
  may,
  Notifications,
  type Page,
  type PageQuery,
  pageOf,
  rowOf,
  rowsOf,
} from '../../platform/index.js';
import { bodyFor, LogReader } from '../evidence/log-reader.js';
import { sessionEndRequested } from './session-ends.js';
import type { OperationRow, SessionRow } from './session-rows.js';
import { type OperationView, operationView, type SessionView, sessionView } from './session-view.js';
import type { SessionsQuery } from './sessions.dto.js';

const decidedEvents = "('operation.allowed', 'operation.denied', 'operation.reviewing')";
// What has just happened is on record, and in these tables a moment later.
const projectedWithinMs = 1500;
const lookEveryMs = 50;
const viewedAtOnce = 500;

/** Sessions and operations as people look at them: their own; auditors and administrators everybody's. */
@Injectable()
export class SessionsService {
  constructor(
    private readonly database: DataSource,
    private readonly reader: LogReader,
    private readonly notifications: Notifications,
  ) {}

  async list(caller: Identity, query: SessionsQuery): Promise<Page<SessionView>> {
    const own = may(caller, 'session.read-any') ? null : caller.id;
    const { person = null, connection = null, state = null, from = null, to = null } = query;
    const rows = await rowsOf<SessionRow>(
      this.database,
      `select * from sessions where ($1::text is null or person_id = $1) and ($2::text is null or person_id = $2)
         and ($3::text is null or connection_name = $3) and ($4::text is null or (ended_at is null) = ($4 = 'open'))
         and ($5::timestamptz is null or started_at >= $5) and ($6::timestamptz is null or started_at < $6)
         and ($7::uuid is null or id < $7) order by id desc limit $8`,
      [own, person, connection, state, from, to, idCursor(afterOf(query)), query.limit + 1],
    );
    const bodies = await this.startedBodies(rows.slice(0, query.limit).map(({ id }) => id));
    return pageOf(
      rows,
      query,
      ({ id }) => id,
      (row) => sessionView(row, bodies.get(row.id)),
    );
  }

  async get(caller: Identity, id: SessionId): Promise<SessionView> {
    const row = await this.visible(caller, id);
    const bodies = await this.startedBodies([id]);
    const view = sessionView(row, bodies.get(id));
    return view.operations === null ? { ...view, ...(await this.countsOf(id)) } : view;
  }

  async operations(caller: Identity, id: SessionId, query: PageQuery): Promise<Page<OperationView>> {
    await this.visible(caller, id);
    const after = afterOf(query);
    if (after !== undefined && !/^\d{1,15}$/.test(after))
      throw new GatewayError('INVALID_INPUT', 'the cursor is not one that this list gave');
    const rows = await rowsOf<OperationRow & { seq: string }>(
      this.database,
      'select * from operations where session_id = $1 and seq > $2 order by seq limit $3',
      [id, after ?? -1, query.limit + 1],
    );
    const [bodies, started] = await Promise.all([
      this.decidedBodies(rows.map(({ id: operation }) => operation)),
      this.startedBodies([id]),
    ]);
    const turn = started.get(id)?.turn;
    return pageOf(
      rows,
      query,
      ({ seq }) => seq,
      (row) => operationView(row, bodies.get(row.id), turn),
    );
  }

  /** With their texts, so far as these have not been erased; whether the caller may see them is the caller's matter. */
  async viewsOf(rows: readonly OperationRow[]): Promise<ReadonlyMap<string, OperationView>> {
    const views = new Map<string, OperationView>();
    for (let from = 0; from < rows.length; from += viewedAtOnce) {
      const some = rows.slice(from, from + viewedAtOnce);
      const bodies = await this.decidedBodies(some.map(({ id }) => id));
      for (const row of some) views.set(row.id, operationView(row, bodies.get(row.id)));
    }
    return views;
  }

  /** Asks whichever replica serves it to end it; nothing happens when it has ended. */
  async end(caller: Identity, id: SessionId): Promise<void> {
    const row = await this.visible(caller, id);
    if (row.person_id !== caller.id && !may(caller, 'session.end-any'))
      throw new GatewayError('FORBIDDEN', 'only an administrator may end the session of somebody else');
    if (row.ended_at !== null) return;
    await this.database.transaction(async (tx) => {
      await tx.query('update gateway_sessions set end_requested = true where id = $1', [id]); // for a replica that hears nothing
      await this.notifications.publish(tx, sessionEndRequested, { session: id });
    });
  }

  /** @throws GatewayError NOT_FOUND for what does not exist and for what the caller may not see */
  async visible(caller: Identity, id: SessionId): Promise<SessionRow> {
    const row = (await this.find(id)) ?? (await this.soon(id));
    if (row !== undefined && (row.person_id === caller.id || may(caller, 'session.read-any'))) return row;
    throw new GatewayError('NOT_FOUND', `there is no session "${id}"`);
  }

  private find(id: SessionId): Promise<SessionRow | undefined> {
    return rowOf<SessionRow>(this.database, 'select * from sessions where id = $1', [id]);
  }

  private async soon(id: SessionId): Promise<SessionRow | undefined> {
    const recorded = await rowOf(
      this.database,
      "select id from evidence_entries where session = $1 and event = 'session.started'",
      [id],
    );
    if (recorded === undefined) return undefined;
    for (
      const deadline = performance.now() + projectedWithinMs;
      performance.now() < deadline;
      await sleep(lookEveryMs)
    ) {
      const row = await this.find(id);
      if (row !== undefined) return row;
    }
    return undefined;
  }

  private async countsOf(id: SessionId): Promise<Pick<SessionView, 'operations' | 'denied'>> {
    const row = await rowOf<{ operations: number; denied: number }>(
      this.database,
      "select count(*)::int as operations, count(*) filter (where decision = 'denied')::int as denied from operations where session_id = $1",
      [id],
    );
    return { operations: row?.operations ?? 0, denied: row?.denied ?? 0 };
  }

  private async startedBodies(ids: readonly string[]): Promise<ReadonlyMap<string, SessionStarted>> {
    const entries = await this.reader.page("e.session = any($3::uuid[]) and e.event = 'session.started'", {
      limit: ids.length + 1,
      parameters: [ids],
    });
    return new Map(
      entries.flatMap((entry) => {
        const body = bodyFor(entry, 'session.started');
        return body === undefined ? [] : [[body.session, body] as const];
      }),
    );
  }

  private async decidedBodies(ids: readonly string[]): Promise<ReadonlyMap<string, OperationDecided>> {
    const entries = await this.reader.page(`e.operation = any($3::uuid[]) and e.event in ${decidedEvents}`, {
      limit: ids.length * 4 + 1,
      parameters: [ids],
    });
    return new Map(
      entries.flatMap((entry) => {
        const body =
          bodyFor(entry, 'operation.allowed') ??
          bodyFor(entry, 'operation.denied') ??
          bodyFor(entry, 'operation.reviewing');
        return body === undefined ? [] : [[body.operation, body] as const];
      }),
    );
  }
}
