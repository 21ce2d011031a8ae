import { Injectable } from '@nestjs/common';
import { rowOf, type Sql } from '../../platform/index.js';
import { mostLevels } from './agent-paths.js';
import type { AgentRow, TurnRow } from './ai-session-rows.js';
import type { Scene } from './scene.js';

/** The sub-agents of an AI session, each with the one that started it. */
@Injectable()
export class SubAgents {
  /**
   * Makes the agents of a path known, so far as they are not; a parent that is told later is taken.
   * @param path ids joined by `/`, from the outermost; a single id where nobody tells more
   * @returns the last of them
   */
  async meet({ tx, session, at }: Scene, path: string): Promise<AgentRow> {
    const ids = path
      .split('/')
      .filter((id) => id !== '')
      .slice(-mostLevels);
    let last: AgentRow | undefined;
    for (const [index, id] of ids.entries()) {
      last = await rowOf<AgentRow>(
        tx,
        `insert into ai_agents (ai_session_id, agent_id, parent_agent_id, started_at) values ($1, $2, $3, $4)
         on conflict on constraint ai_agents_pkey
           do update set parent_agent_id = coalesce(ai_agents.parent_agent_id, excluded.parent_agent_id)
         returning *`,
        [session.id, id, ids[index - 1] ?? null, at],
      );
    }
    return last!;
  }

  /** It works in this turn; the turn that is told first stays. @returns its id */
  async works(scene: Scene, path: string, turn: TurnRow): Promise<string> {
    const agent = await this.meet(scene, path);
    if (agent.turn_id === null)
      await scene.tx.query('update ai_agents set turn_id = $3 where ai_session_id = $1 and agent_id = $2', [
        scene.session.id,
        agent.agent_id,
        turn.id,
      ]);
    return agent.agent_id;
  }

  async started(scene: Scene, path: string, turn: TurnRow, type?: string): Promise<void> {
    const agent = await this.meet(scene, path);
    await scene.tx.query(
      `update ai_agents set turn_id = coalesce(turn_id, $3), agent_type = coalesce(agent_type, $4), ended_at = null
       where ai_session_id = $1 and agent_id = $2`,
      [scene.session.id, agent.agent_id, turn.id, type ?? null],
    );
  }

  async stopped(scene: Scene, path: string): Promise<void> {
    const agent = await this.meet(scene, path);
    await scene.tx.query('update ai_agents set ended_at = $3 where ai_session_id = $1 and agent_id = $2', [
      scene.session.id,
      agent.agent_id,
      scene.at,
    ]);
  }

  /** The way from the main conversation to an agent, ids joined by `/`. */
  async pathOf(sql: Sql, session: string, agent: string): Promise<string> {
    const row = await rowOf<{ path: string | null }>(
      sql,
      `with recursive way (agent_id, parent_agent_id, level) as (
         select agent_id, parent_agent_id, 0 from ai_agents where ai_session_id = $1 and agent_id = $2
         union all
         select a.agent_id, a.parent_agent_id, w.level + 1 from way w
           join ai_agents a on a.ai_session_id = $1 and a.agent_id = w.parent_agent_id where w.level < ${mostLevels}
       ) select string_agg(agent_id, '/' order by level desc) as path from way`,
      [session, agent],
    );
    return row?.path ?? agent;
  }
}
