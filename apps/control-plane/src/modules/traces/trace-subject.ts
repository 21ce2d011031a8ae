import { Injectable } from '@nestjs/common';
import { GatewayError, type Identity } from '@sallyport/core';
import { DataSource } from 'typeorm';
import { may, rowsOf } from '../../platform/index.js';
import type { AiSessionRow } from '../ai-sessions/ai-session-rows.js';
import {
  aiSessionById,
  aiSessionNamed,
  type LinkedOperation,
  operationById,
  operationsOfSession,
} from './trace-rows.js';
import type { TraceKind } from './trace-view.js';

/** What a trace is asked of, found. */
export interface Subject {
  readonly kind: Exclude<TraceKind, 'any'>;
  readonly id: string;
  readonly person: string;
  readonly aiSession?: AiSessionRow;
  /** The branch: without them the whole of the AI session. */
  readonly turn?: string;
  readonly call?: string;
  /** Of one operation or session of the gateway: these and no others. */
  readonly operations?: readonly LinkedOperation[];
}

interface Owned {
  readonly id: string;
  readonly person_id: string;
  readonly ai_session_id: string;
  readonly turn_id: string | null;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Finds what an id stands for, among what the caller may see. */
@Injectable()
export class TraceSubjects {
  constructor(private readonly database: DataSource) {}

  /** @throws GatewayError NOT_FOUND; CONFLICT where a client's id stands for several */
  async find(caller: Identity, kind: TraceKind, id: string): Promise<Subject> {
    const own = may(caller, 'session.read-any') ? null : caller.id;
    const finders = {
      operation: () => this.operation(own, id),
      'tool-call': () => this.toolCall(own, id),
      turn: () => this.turn(own, id),
      session: () => this.session(own, id),
      'ai-session': () => this.aiSession(own, id),
    };
    const kinds = kind === 'any' ? (Object.keys(finders) as (keyof typeof finders)[]) : [kind];
    for (const each of kinds) {
      const found = await finders[each]();
      if (found !== undefined) return found;
    }
    throw new GatewayError(
      'NOT_FOUND',
      `there is no ${kind === 'any' ? 'operation, tool call, turn or session' : kind} "${id}"`,
      {
        hint: 'what happened a moment ago is here in a second',
      },
    );
  }

  private async operation(own: string | null, id: string): Promise<Subject | undefined> {
    const operation = uuid.test(id) ? await operationById(this.database, id) : undefined;
    if (operation === undefined || operation.person_id === null || (own !== null && operation.person_id !== own))
      return undefined;
    return {
      kind: 'operation',
      id,
      person: operation.person_id,
      operations: [operation],
      ...(await this.placeOf(operation)),
    };
  }

  private async session(own: string | null, id: string): Promise<Subject | undefined> {
    const operations = uuid.test(id) ? await operationsOfSession(this.database, id) : [];
    const first = operations[0];
    if (first === undefined || first.person_id === null || (own !== null && first.person_id !== own)) return undefined;
    return { kind: 'session', id, person: first.person_id, operations, ...(await this.placeOf(first)) };
  }

  /** The AI session that an operation belongs to, and its turn where it is of one tool call. */
  private async placeOf(operation: LinkedOperation): Promise<Pick<Subject, 'aiSession'>> {
    const [call] =
      operation.call_id === null
        ? []
        : await this.owned(
            'select k.*, a.person_id from ai_tool_calls k join ai_sessions a on a.id = k.ai_session_id where k.id = $1',
            [operation.call_id],
          );
    if (call !== undefined) return withSession(await aiSessionById(this.database, call.ai_session_id));
    const [claimed] = await rowsOf<{ ai_client: string | null; ai_session: string | null }>(
      this.database,
      'select ai_client, ai_session from tickets where id = $1',
      [operation.ticket_id],
    );
    const name = operation.ai_session ?? claimed?.ai_session ?? undefined;
    if (name === undefined) return {};
    const client = operation.ai_session === null ? (claimed?.ai_client ?? null) : operation.ai_client;
    return withSession(await aiSessionNamed(this.database, operation.person_id!, client, name));
  }

  private async toolCall(own: string | null, id: string): Promise<Subject | undefined> {
    const found = await this.one(
      own,
      id,
      `select k.*, a.person_id from ai_tool_calls k join ai_sessions a on a.id = k.ai_session_id
       where ${uuid.test(id) ? 'k.id = $1::uuid' : 'k.tool_use_id = $1'}`,
    );
    if (found === undefined) return undefined;
    const aiSession = await aiSessionById(this.database, found.ai_session_id);
    return {
      kind: 'tool-call',
      id: found.id,
      person: found.person_id,
      call: found.id,
      turn: found.turn_id!,
      ...withSession(aiSession),
    };
  }

  private async turn(own: string | null, id: string): Promise<Subject | undefined> {
    const found = await this.one(
      own,
      id,
      `select t.*, t.id as turn_id, a.person_id from ai_turns t join ai_sessions a on a.id = t.ai_session_id
       where ${uuid.test(id) ? 't.id = ($1::text)::uuid or t.client_turn = $1' : 't.client_turn = $1'}`,
    );
    if (found === undefined) return undefined;
    const aiSession = await aiSessionById(this.database, found.ai_session_id);
    return { kind: 'turn', id: found.id, person: found.person_id, turn: found.id, ...withSession(aiSession) };
  }

  private async aiSession(own: string | null, id: string): Promise<Subject | undefined> {
    const found = await this.one(
      own,
      id,
      `select a.*, a.id as ai_session_id from ai_sessions a where ${uuid.test(id) ? 'a.id = ($1::text)::uuid or a.client_session = $1' : 'a.client_session = $1'}`,
    );
    if (found === undefined) return undefined;
    return {
      kind: 'ai-session',
      id: found.id,
      person: found.person_id,
      ...withSession(await aiSessionById(this.database, found.id)),
    };
  }

  private async one(own: string | null, id: string, sql: string): Promise<Owned | undefined> {
    const rows = await this.owned(
      `select * from (${sql}) as found where $2::text is null or person_id::text = $2 limit 3`,
      [id, own],
    );
    if (rows.length < 2) return rows[0];
    throw new GatewayError('CONFLICT', `"${id}" is the name of several: ${rows.map((row) => row.id).join(', ')}`, {
      hint: 'ask for one of these ids',
    });
  }

  private owned(sql: string, parameters: readonly unknown[]): Promise<Owned[]> {
    return rowsOf<Owned>(this.database, sql, parameters);
  }
}

const withSession = (aiSession: AiSessionRow | undefined): Pick<Subject, 'aiSession'> =>
  aiSession === undefined ? {} : { aiSession };
