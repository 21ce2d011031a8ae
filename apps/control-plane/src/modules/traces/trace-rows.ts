import { rowOf, rowsOf, type Sql } from '../../platform/index.js';
import type { AiSessionRow, ToolCallRow, TurnMessageRow, TurnRow } from '../ai-sessions/ai-session-rows.js';
import { unnamedClient } from '../ai-sessions/ai-session-rows.js';
import type { OperationRow } from '../sessions/session-rows.js';

export const mostTurns = 200;
export const mostOperations = 2_000;

/** An operation with what ties it to a turn. */
export interface LinkedOperation extends OperationRow {
  readonly session_id: string;
  readonly seq: string;
  readonly person_id: string | null;
  readonly connection_name: string | null;
  readonly protocol: string | null;
  readonly ticket_id: string | null;
  readonly ticket_issued_at: Date | null;
  readonly call_id: string | null;
  readonly ticket_turn: string | null;
}

export interface ToldTurn extends TurnRow {
  /** Who told its first message first; null where nobody told one. */
  readonly told_by: TurnMessageRow['source'] | null;
}

export interface ReviewSummaryRow {
  readonly id: string;
  readonly state: string;
  readonly votes: readonly {
    readonly voter_name: string;
    readonly verdict: string;
    readonly reason: string;
    readonly at: string;
  }[];
}

const linked = `select o.*, s.person_id, s.connection_name, s.protocol, t.id as ticket_id, t.issued_at as ticket_issued_at,
    t.ai_tool_call_id as call_id, t.turn as ticket_turn
  from operations o join sessions s on s.id = o.session_id left join tickets t on t.id::text = s.ticket_id`;
/** That a session was begun is told by what was asked in it; that it was not is told here. */
const telling = `(o.action is distinct from 'session.connect' or o.decision = 'denied')`;

export const operationById = (sql: Sql, id: string): Promise<LinkedOperation | undefined> =>
  rowOf<LinkedOperation>(sql, `${linked} where o.id = $1`, [id]);

export const operationsOfSession = (sql: Sql, session: string): Promise<LinkedOperation[]> =>
  rowsOf<LinkedOperation>(
    sql,
    `${linked} where o.session_id = $1 and ${telling} order by o.seq limit ${mostOperations + 1}`,
    [session],
  );

/**
 * By its tickets, and by what operations say of themselves.
 * @param since the first ones from then on; without it the newest of all. In the order in which they were asked
 */
export async function operationsOfAiSession(sql: Sql, session: AiSessionRow, since?: Date): Promise<LinkedOperation[]> {
  const rows = await rowsOf<LinkedOperation>(
    sql,
    `${linked}
     where s.person_id = $1 and ${telling} and ($5::timestamptz is null or o.at >= $5) and (
       t.ai_tool_call_id in (select id from ai_tool_calls where ai_session_id = $4)
       or (t.person_id::text = $1 and t.ai_session = $2 and coalesce(t.ai_client, '${unnamedClient}') = $3)
       or (o.ai_session = $2 and coalesce(o.ai_client, '${unnamedClient}') = $3)
     ) order by o.seq ${since === undefined ? 'desc' : 'asc'} limit ${mostOperations + 1}`,
    [session.person_id, session.client_session, session.client, session.id, since ?? null],
  );
  return since === undefined ? rows.reverse() : rows;
}

export const aiSessionById = (sql: Sql, id: string): Promise<AiSessionRow | undefined> =>
  rowOf<AiSessionRow>(sql, 'select * from ai_sessions where id = $1', [id]);

export const aiSessionNamed = (
  sql: Sql,
  person: string,
  client: string | null,
  name: string,
): Promise<AiSessionRow | undefined> =>
  rowOf<AiSessionRow>(sql, 'select * from ai_sessions where person_id = $1 and client = $2 and client_session = $3', [
    person,
    client ?? unnamedClient,
    name,
  ]);

/**
 * The newest, in the order in which they began.
 * @param only one of them, or those that had begun by then
 */
export async function turnsOf(
  sql: Sql,
  session: string,
  { turn = null, by = null }: { readonly turn?: string | null; readonly by?: Date | null } = {},
): Promise<ToldTurn[]> {
  const rows = await rowsOf<ToldTurn>(
    sql,
    `select t.*, (select source from ai_turn_messages where turn_id = t.id and seq = 1) as told_by
     from ai_turns t where ai_session_id = $1 and ($2::uuid is null or id = $2) and ($3::timestamptz is null or started_at <= $3)
     order by started_at desc, id desc limit ${mostTurns + 1}`,
    [session, turn, by],
  );
  return rows.reverse();
}

export const messagesOf = (sql: Sql, turns: readonly string[]): Promise<TurnMessageRow[]> =>
  rowsOf<TurnMessageRow>(sql, 'select * from ai_turn_messages where turn_id = any($1::uuid[]) order by turn_id, seq', [
    turns,
  ]);

/** The newest, in the order in which they were told. */
export async function callsOf(sql: Sql, turns: readonly string[]): Promise<ToolCallRow[]> {
  const rows = await rowsOf<ToolCallRow>(
    sql,
    `select * from ai_tool_calls where turn_id = any($1::uuid[]) order by least(proposed_at, asked_at) desc, id desc limit ${mostOperations}`,
    [turns],
  );
  return rows.reverse();
}

export const reviewsOf = (sql: Sql, ids: readonly string[]): Promise<ReviewSummaryRow[]> =>
  rowsOf<ReviewSummaryRow>(
    sql,
    `select r.id, r.state, coalesce(json_agg(json_build_object('voter_name', v.voter_name, 'verdict', v.verdict, 'reason', v.reason, 'at', v.at)
         order by v.at) filter (where v.review_id is not null), '[]') as votes
       from reviews r left join review_votes v on v.review_id = r.id where r.id = any($1::uuid[]) group by r.id, r.state`,
    [ids],
  );
