import { Injectable } from '@nestjs/common';
import type { PersonId, TurnContext } from '@sallyport/core';
import { rowOf, type Sql } from '../../platform/index.js';
import { type AiSessionRow, type TurnRow, unnamedClient } from '../ai-sessions/ai-session-rows.js';
import { SubAgents } from '../ai-sessions/sub-agents.service.js';
import { ToolCalls } from '../ai-sessions/tool-calls.service.js';
import { Turns } from '../ai-sessions/turns.service.js';
import { assuranceOf } from './assurance-level.js';
import { type Attribution, aiSessionEnded, type Claims, claimedTurn } from './attribution.js';
import { CallMatching, type Matched } from './call-matching.js';

// INVARIANT: locked against being ended for good until the ticket is there, or the ticket would outlive that.
const lockedSession = `
  select * from ai_sessions where person_id = $1 and client = $2 and client_session = $3 for share`;

/** Weighs what a client says of its AI against what the witnesses have told. */
@Injectable()
export class Attributions {
  constructor(
    private readonly matching: CallMatching,
    private readonly turns: Turns,
    private readonly calls: ToolCalls,
    private readonly agents: SubAgents,
  ) {}

  /**
   * A claim alone proves nothing: the AI session of another person is not found, and a tool call that no witness has told
   * of raises no level.
   * @throws GatewayError SESSION_ENDED where the AI session has been ended for good
   */
  async of(tx: Sql, person: PersonId, claims: Claims): Promise<Attribution> {
    if (claims.aiSession === undefined) return { assurance: 'identity', turn: claimedTurn(claims) };
    const session = await rowOf<AiSessionRow>(tx, lockedSession, [
      person,
      claims.client ?? unnamedClient,
      claims.aiSession,
    ]);
    if (session === undefined) return { assurance: 'identity', turn: claimedTurn(claims) };
    if (session.killed_at !== null) throw aiSessionEnded();
    const found = await this.matching.find(tx, session, claims);
    return found === undefined ? this.inferred(tx, session, claims) : this.witnessed(tx, session, found, claims);
  }

  private async witnessed(
    tx: Sql,
    session: AiSessionRow,
    { row, call }: Matched,
    claims: Claims,
  ): Promise<Attribution> {
    const turn = await this.turns.get(tx, row.turn_id);
    const agent = row.agent_id === null ? undefined : await this.agents.pathOf(tx, session.id, row.agent_id);
    if (!call.isAmbiguous) await this.trace(tx, { row, call }, claims.traceparent);
    return {
      assurance: assuranceOf(row, call.command ?? null),
      turn: {
        ...clientOf(claims),
        ...(agent === undefined ? {} : { agent }),
        ...(turn === undefined ? {} : { turn: turn.client_turn }),
        toolCall: row.tool_use_id,
      },
      call,
    };
  }

  /** The AI session is at work, and that is all: which turn it is can be told by the time only. */
  private async inferred(tx: Sql, session: AiSessionRow, claims: Claims): Promise<Attribution> {
    if (session.ended_at !== null) return { assurance: 'identity', turn: claimedTurn(claims) };
    const turn = await this.turnOf(tx, session, claims);
    return {
      assurance: 'inferred',
      turn: { ...claimedTurn(claims), ...(turn === undefined ? {} : { turn: turn.client_turn }) },
    };
  }

  /** A turn that the client names counts where a witness knows it: a new name would make it forget what was refused. */
  private async turnOf(tx: Sql, session: AiSessionRow, { turn }: Claims): Promise<TurnRow | undefined> {
    const named = turn === undefined ? undefined : await this.turns.named(tx, session.id, turn);
    return named ?? (await this.turns.current(tx, session.id)) ?? (await this.turns.latest(tx, session.id));
  }

  private async trace(tx: Sql, { row }: Matched, traceparent: string | undefined): Promise<void> {
    const [, trace, span] = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/.exec(traceparent ?? '') ?? [];
    if (trace === undefined || span === undefined) return;
    await this.turns.noteTrace(tx, row.turn_id, trace);
    await this.calls.noteSpan(tx, row.id, span);
  }
}

const clientOf = ({ client, aiSession }: Claims): TurnContext => ({
  ...(client === undefined ? {} : { client }),
  ...(aiSession === undefined ? {} : { aiSession }),
});
