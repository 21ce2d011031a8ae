import { Injectable } from '@nestjs/common';
import { GatewayError, type Identity } from '@sallyport/core';
import { DataSource } from 'typeorm';
import { afterOf, idCursor, may, type Page, type PageQuery, pageOf, rowOf, rowsOf } from '../../platform/index.js';
import { agentPaths } from './agent-paths.js';
import type { AgentRow, AiSessionRow, ToolCallRow, TurnMessageRow, TurnRow } from './ai-session-rows.js';
import {
  type AiSessionCounts,
  type AiSessionDetail,
  type AiSessionView,
  messageView,
  sessionView,
  type TurnView,
  toolCallView,
  turnView,
} from './ai-session-view.js';
import { inputContext, killReasonContext, messageContext, type PersonalText, PersonalTexts } from './personal-texts.js';

type CountedRow = AiSessionRow & AiSessionCounts;

/** Of a session, those that are shown: the newest. */
const mostTurns = 50;
/** Of those turns together. */
const mostCalls = 500;
const mostMessages = 500;

const counted = `
  select s.*, (select count(*)::int from ai_turns t where t.ai_session_id = s.id) as turns, calls.tool_calls, calls.disagreements
  from ai_sessions s cross join lateral (
    select count(*)::int as tool_calls, count(*) filter (where not agrees)::int as disagreements
    from ai_tool_calls c where c.ai_session_id = s.id
  ) calls`;

/** AI sessions as people look at them: their own; auditors and administrators everybody's. */
@Injectable()
export class AiSessionReader {
  constructor(
    private readonly database: DataSource,
    private readonly texts: PersonalTexts,
  ) {}

  async list(caller: Identity, query: PageQuery): Promise<Page<AiSessionView>> {
    const own = may(caller, 'ai-session.read-any') ? null : caller.id;
    const rows = await rowsOf<CountedRow>(
      this.database,
      `${counted} where ($1::uuid is null or s.person_id = $1) and ($2::uuid is null or s.id < $2) order by s.id desc limit $3`,
      [own, idCursor(afterOf(query)), query.limit + 1],
    );
    const views = new Map<string, AiSessionView>();
    for (const row of rows.slice(0, query.limit)) views.set(row.id, await this.view(row));
    return pageOf(
      rows,
      query,
      ({ id }) => id,
      ({ id }) => views.get(id)!,
    );
  }

  /** @throws GatewayError NOT_FOUND, also for one that the caller may not see */
  async get(caller: Identity, id: string): Promise<AiSessionDetail> {
    const row = await rowOf<CountedRow>(this.database, `${counted} where s.id = $1`, [id]);
    if (row === undefined || (row.person_id !== caller.id && !may(caller, 'ai-session.read-any')))
      throw new GatewayError('NOT_FOUND', 'there is no such AI session');
    return { ...(await this.view(row)), latest_turns: await this.turns(row) };
  }

  private async view(row: CountedRow): Promise<AiSessionView> {
    if (row.kill_reason === null) return sessionView(row, undefined);
    const personal = await this.texts.find(row.person_id);
    return sessionView(row, personal.open(killReasonContext(row.id), row.kill_reason));
  }

  private async turns(session: AiSessionRow): Promise<TurnView[]> {
    const turns = await rowsOf<TurnRow>(
      this.database,
      `select * from ai_turns where ai_session_id = $1 order by started_at desc, id desc limit ${mostTurns}`,
      [session.id],
    );
    const ids = turns.map(({ id }) => id);
    const [personal, messages, calls, agents] = await Promise.all([
      this.texts.find(session.person_id),
      this.messages(ids),
      this.calls(ids),
      rowsOf<AgentRow>(this.database, 'select * from ai_agents where ai_session_id = $1', [session.id]),
    ]);
    const paths = agentPaths(agents);
    return turns.map((turn) =>
      turnView(
        turn,
        messages.filter(({ turn_id }) => turn_id === turn.id).map((row) => shownMessage(personal, row)),
        calls.filter(({ turn_id }) => turn_id === turn.id).map((row) => shownCall(personal, paths, row)),
      ),
    );
  }

  private messages(turns: readonly string[]): Promise<TurnMessageRow[]> {
    return rowsOf(
      this.database,
      `select * from (select * from ai_turn_messages where turn_id = any ($1) order by at desc limit ${mostMessages}) m order by turn_id, seq`,
      [turns],
    );
  }

  private calls(turns: readonly string[]): Promise<ToolCallRow[]> {
    return rowsOf(
      this.database,
      `select * from (select * from ai_tool_calls where turn_id = any ($1) order by id desc limit ${mostCalls}) c order by id`,
      [turns],
    );
  }
}

const shownMessage = (personal: PersonalText, row: TurnMessageRow) =>
  messageView(row, personal.open(messageContext(row.turn_id, row.seq), row.text));

const shownCall = (personal: PersonalText, paths: ReadonlyMap<string, string>, row: ToolCallRow) => {
  const agent = row.agent_id === null ? undefined : (paths.get(row.agent_id) ?? row.agent_id);
  const input = personal.open(inputContext(row.id), row.input);
  return toolCallView(row, { ...(agent === undefined ? {} : { agent }), ...(input === undefined ? {} : { input }) });
};
