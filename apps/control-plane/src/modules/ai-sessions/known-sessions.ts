import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { rowsOf, type Sql } from '../../platform/index.js';
import type { TurnMessageRow, TurnRow } from './ai-session-rows.js';
import { type KnownSession, type KnownTurn, recentMessages } from './hearing.js';
import { refuseKilled } from './killed.js';
import type { KnownMessage } from './message-placing.js';
import { messageContext, type PersonalText } from './personal-texts.js';
import type { Speaker } from './scene.js';

/** What is looked for beside the session and the turn that goes on. */
export interface Sought {
  /** The client's name of the turn that is meant. */
  readonly clientTurn?: string;
  /** The tool call that a notification is about. */
  readonly toolUse?: string;
}

export interface Found {
  /** undefined where there is no such session yet */
  readonly session?: KnownSession;
  /** The turn of the tool call. */
  readonly parent?: string;
}

/** AI sessions that are remembered, the ones used last. */
const mostSessions = 10_000;

/**
 * What was known last of each AI session, for whoever writes only where nothing has changed since: by the version of the
 * session's row, which everything that a witness tells makes grow, on whichever replica. No text is remembered.
 */
@Injectable()
export class KnownSessions {
  private readonly known = new Map<string, KnownSession>();

  constructor(private readonly database: DataSource) {}

  /** @returns undefined where what is remembered does not tell what is sought */
  recall(speaker: Speaker, { clientTurn, toolUse }: Sought): KnownSession | undefined {
    const known = toolUse === undefined ? this.known.get(keyOf(speaker)) : undefined;
    return clientTurn === undefined || known?.turn?.clientTurn === clientTurn ? known : undefined;
  }

  remember(speaker: Speaker, session: KnownSession): void {
    this.forget(speaker);
    if (session.turn?.messages.some(({ text }) => text !== undefined) === true) return;
    this.known.set(keyOf(speaker), session);
    if (this.known.size <= mostSessions) return;
    const [oldest] = this.known.keys();
    if (oldest !== undefined) this.known.delete(oldest);
  }

  forget(speaker: Speaker): void {
    this.known.delete(keyOf(speaker));
  }

  /** @throws GatewayError SESSION_ENDED, EVIDENCE_INCONSISTENT */
  async read(speaker: Speaker, sought: Sought, personal: PersonalText, sql: Sql = this.database): Promise<Found> {
    const { identity, client, clientSession } = speaker;
    const { clientTurn = null, toolUse = null } = sought;
    const rows = await rowsOf<Row>(sql, select, [identity.id, client, clientSession, clientTurn, toolUse]);
    const [first] = rows;
    if (first === undefined) return {};
    refuseKilled(first.killed_at);
    const { id, version, next_name: nextName, parent } = first;
    const turn = turnOf(rows, personal);
    return {
      session: { id, version, nextName, ...(turn === undefined ? {} : { turn }) },
      ...(parent === null ? {} : { parent }),
    };
  }
}

const keyOf = ({ identity, client, clientSession }: Speaker): string =>
  JSON.stringify([identity.id, client, clientSession]);

// One row for each of the turn's last messages, at least one. Of texts those that a longer one may contain.
const select = `
  select s.id, s.version, s.killed_at, t.id as turn_id, t.client_turn, t.named, t.parent_turn_id, t.ended_at, t.last_request,
    m.seq, m.source, m.text_hmac, m.confirmed_at, case when m.source <> 'model' and m.confirmed_at is null then m.text end as text,
    exists (select from ai_tool_calls c where c.turn_id = t.id and c.proposed_at is not null and c.finished_at is null) as waits,
    exists (select from ai_tool_calls c where c.turn_id = t.id and c.message_seq >= m.seq) as answered,
    (select coalesce(max(substring(n.client_turn from '^m:([0-9]{1,9})$')::int), 0) + 1 from ai_turns n where n.ai_session_id = s.id) as next_name,
    (select c.turn_id from ai_tool_calls c where c.ai_session_id = s.id and c.tool_use_id = $5) as parent
  from ai_sessions s
    left join lateral (
      select * from ai_turns where ai_session_id = s.id and (client_turn = $4 or ($4::text is null and ended_at is null))
      order by started_at desc, id desc limit 1) t on true
    left join lateral (select * from ai_turn_messages where turn_id = t.id order by seq desc limit ${recentMessages}) m on true
  where s.person_id = $1 and s.client = $2 and s.client_session = $3 order by m.seq`;

type Row = {
  readonly id: string;
  readonly version: string;
  readonly killed_at: Date | null;
  readonly turn_id: string | null;
  readonly waits: boolean;
  readonly answered: boolean;
  readonly next_name: number;
  readonly parent: string | null;
} & Pick<TurnRow, 'client_turn' | 'named' | 'parent_turn_id' | 'ended_at' | 'last_request'> & {
    readonly [M in 'source' | 'text_hmac' | 'confirmed_at' | 'text']: TurnMessageRow[M];
  } & { readonly seq: number | null };

function turnOf(rows: readonly Row[], personal: PersonalText): KnownTurn | undefined {
  const last = rows.at(-1)!;
  if (last.turn_id === null) return undefined;
  return {
    id: last.turn_id,
    clientTurn: last.client_turn,
    named: last.named,
    parent: last.parent_turn_id,
    ended: last.ended_at !== null,
    lastRequest: last.last_request,
    messages: rows.flatMap((row) => messageOf(row, personal)),
    waits: last.waits,
    answered: last.answered,
  };
}

function messageOf(row: Row, personal: PersonalText): KnownMessage[] {
  const { turn_id: turn, seq, source, text_hmac, confirmed_at, text: sealed } = row;
  if (turn === null || seq === null) return [];
  const text = personal.open(messageContext(turn, seq), sealed);
  return [{ seq, source, text_hmac, confirmed_at, ...(text === undefined ? {} : { text }) }];
}
