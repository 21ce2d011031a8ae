import { Injectable } from '@nestjs/common';
import type { OperationId } from '@sallyport/core';
import { Ids, rowOf, type Sql } from '../../platform/index.js';
import { turnKeyOf } from '../turns/turn-key.js';
import { TurnStates } from '../turns/turn-states.js';
import { type AiSessionRow, type TurnOrigin, type TurnRow, unnamedClient } from './ai-session-rows.js';
import { readsOutsideContent } from './outside-content.js';
import type { Scene } from './scene.js';

export interface NewTurn {
  /** The client's own id; absent where it has not told one. */
  readonly clientTurn?: string;
  readonly origin: TurnOrigin;
  readonly parent?: string;
  /** When it began, where it is told of only now that another one goes on. */
  readonly past?: Date;
}

/** Turns of AI sessions: which there are, which one is going on. */
@Injectable()
export class Turns {
  constructor(
    private readonly ids: Ids,
    private readonly states: TurnStates,
  ) {}

  /** The one that goes on now. */
  current(sql: Sql, session: string): Promise<TurnRow | undefined> {
    return rowOf(
      sql,
      'select * from ai_turns where ai_session_id = $1 and ended_at is null order by started_at desc, id desc limit 1',
      [session],
    );
  }

  /** The one that began last, whether it goes on or not. */
  latest(sql: Sql, session: string): Promise<TurnRow | undefined> {
    return rowOf(sql, 'select * from ai_turns where ai_session_id = $1 order by started_at desc, id desc limit 1', [
      session,
    ]);
  }

  named(sql: Sql, session: string, clientTurn: string): Promise<TurnRow | undefined> {
    return rowOf(sql, 'select * from ai_turns where ai_session_id = $1 and client_turn = $2', [session, clientTurn]);
  }

  get(sql: Sql, id: string): Promise<TurnRow | undefined> {
    return rowOf(sql, 'select * from ai_turns where id = $1', [id]);
  }

  /** The turn of the tool call that a notification is about. */
  ofToolUse(sql: Sql, session: string, toolUse: string): Promise<TurnRow | undefined> {
    return rowOf(
      sql,
      `select t.* from ai_turns t join ai_tool_calls c on c.turn_id = t.id where c.ai_session_id = $1 and c.tool_use_id = $2`,
      [session, toolUse],
    );
  }

  /** Begins one. A conversation has one turn at a time, so those before it are over, whether anybody has said so or not. */
  async begin({ tx, session, at }: Scene, { clientTurn, origin, parent, past }: NewTurn): Promise<TurnRow> {
    if (past === undefined)
      await tx.query('update ai_turns set ended_at = $2 where ai_session_id = $1 and ended_at is null', [
        session.id,
        at,
      ]);
    const name = clientTurn ?? (await this.madeUpName(tx, session.id));
    const row = await rowOf<TurnRow>(
      tx,
      `insert into ai_turns (id, ai_session_id, client_turn, named, origin, parent_turn_id, started_at, ended_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8) returning *`,
      [
        this.ids.next<string>(),
        session.id,
        name,
        clientTurn !== undefined,
        origin,
        parent ?? null,
        past ?? at,
        past === undefined ? null : at,
      ],
    );
    return row!;
  }

  /** Gives a turn whose name the gateway had made up the one that the client has for it. */
  async rename({ tx, session }: Scene, turn: TurnRow, clientTurn: string): Promise<TurnRow> {
    if (turn.untrusted_at !== null) this.distrust(session, clientTurn);
    await tx.query('update ai_turns set client_turn = $2, named = true where id = $1 and not named', [
      turn.id,
      clientTurn,
    ]);
    return { ...turn, client_turn: clientTurn, named: true };
  }

  async end({ tx, at }: Scene, turn: TurnRow): Promise<void> {
    await tx.query('update ai_turns set ended_at = $2 where id = $1 and ended_at is null', [turn.id, at]);
  }

  /** It goes on although its end was told: the client was told to go on, or somebody has written more. */
  async goOn({ tx, session, at }: Scene, turn: TurnRow): Promise<void> {
    if (turn.ended_at === null) return;
    await tx.query(
      `update ai_turns set ended_at = case when id = $2 then null else $3::timestamptz end
       where ai_session_id = $1 and (id = $2 or ended_at is null)`,
      [session.id, turn.id, at],
    );
  }

  /** Remembers that the AI has read, or is about to read, what others wrote. */
  async noteTool({ tx, session, at }: Scene, turn: TurnRow, tool: string): Promise<void> {
    if (turn.untrusted_at !== null || !readsOutsideContent(tool)) return;
    this.distrust(session, turn.client_turn);
    await tx.query('update ai_turns set untrusted_at = $2, untrusted_by = $3 where id = $1 and untrusted_at is null', [
      turn.id,
      at,
      tool,
    ]);
  }

  /** The request to the model that brings news of this turn. */
  async noteRequest(sql: Sql, turn: TurnRow, request: OperationId): Promise<void> {
    if (turn.last_request !== request)
      await sql.query('update ai_turns set last_request = $2 where id = $1', [turn.id, request]);
  }

  /** @param traceId 32 hexadecimal digits: the first one that is told stays */
  async noteTrace(sql: Sql, turn: string, traceId: string): Promise<void> {
    await sql.query('update ai_turns set trace_id = $2 where id = $1 and trace_id is null', [turn, traceId]);
  }

  /** Tells the policies, before anything that comes of it can be asked. */
  private distrust({ person_id, client, client_session }: AiSessionRow, turn: string): void {
    const named = client === unnamedClient ? {} : { client };
    const key = turnKeyOf(person_id, { ...named, aiSession: client_session, turn });
    if (key !== undefined) this.states.untrusted(key);
  }

  private async madeUpName(sql: Sql, session: string): Promise<string> {
    const row = await rowOf<{ next: number }>(
      sql,
      `select coalesce(max(substring(client_turn from '^m:([0-9]{1,9})$')::int), 0) + 1 as next from ai_turns
       where ai_session_id = $1`,
      [session],
    );
    return `m:${row!.next}`;
  }
}
