import { Injectable } from '@nestjs/common';
import { Ids, Log, Metrics, rowOf, rowsOf, type Sql } from '../../platform/index.js';
import { EvidenceWriter } from '../evidence/evidence-writer.js';
import type { AiSessionRow, ToolCallRow, TurnRow } from './ai-session-rows.js';
import { PersonalTexts } from './personal-texts.js';
import type { Scene } from './scene.js';
import { SubAgents } from './sub-agents.service.js';
import type { ToldCall } from './told-call.js';
import { toolCallEvent } from './tool-call-events.js';
import { agreement, type InputMarks, isNews, isSame, told, untold } from './tool-call-state.js';
import { saveToolCall } from './tool-call-store.js';
import { comparable } from './tool-input.js';
import { TurnMessages } from './turn-messages.service.js';
import { Turns } from './turns.service.js';

/** Of the calls with one command, those that are looked at: the newest. */
const mostMatches = 20;

/** Tool calls of AI sessions: proposed by the model, asked by the client's hook, run. */
@Injectable()
export class ToolCalls {
  private readonly disagreements;

  constructor(
    private readonly turns: Turns,
    private readonly messages: TurnMessages,
    private readonly agents: SubAgents,
    private readonly texts: PersonalTexts,
    private readonly evidence: EvidenceWriter,
    private readonly log: Log,
    private readonly ids: Ids,
    metrics: Metrics,
  ) {
    this.disagreements = metrics.counter({
      name: 'sallyport_witness_disagreements_total',
      help: 'Tool calls of which hooks and model traffic, or one of them twice, told different inputs',
    });
  }

  find(sql: Sql, session: string, toolUse: string): Promise<ToolCallRow | undefined> {
    return rowOf(sql, 'select * from ai_tool_calls where ai_session_id = $1 and tool_use_id = $2', [session, toolUse]);
  }

  /** Those that have begun and not ended, the newest first. */
  pending(sql: Sql, session: string): Promise<ToolCallRow[]> {
    return rowsOf(
      sql,
      `select * from ai_tool_calls where ai_session_id = $1 and finished_at is null order by id desc limit ${mostMatches}`,
      [session],
    );
  }

  /** Those by which hook or model tells this shell command, pending ones first, then the newest. */
  async byCommand(sql: Sql, session: AiSessionRow, command: string): Promise<ToolCallRow[]> {
    const mark = await this.commandMark(session, command);
    return rowsOf(
      sql,
      `select * from ai_tool_calls where ai_session_id = $1 and (hook_command_hmac = $2 or model_command_hmac = $2)
       order by finished_at is not null, id desc limit ${mostMatches}`,
      [session.id, mark],
    );
  }

  /** What `hook_command_hmac` and `model_command_hmac` are for this command. */
  async commandMark(session: AiSessionRow, command: string): Promise<Buffer> {
    return (await this.texts.of(session.person_id)).fingerprint('command', comparable(command));
  }

  /** Has this gateway refused a call with this input, or this command, in this turn? @returns why */
  async refusedBefore(sql: Sql, turn: string, name: string, marks: InputMarks): Promise<string | undefined> {
    const row = await rowOf<{ refusal: string }>(
      sql,
      `select refusal from ai_tool_calls where turn_id = $1 and refused_at is not null and (
         (name = $2 and (hook_input_hmac = $3 or model_input_hmac = $3)) or hook_command_hmac = $4 or model_command_hmac = $4)
       order by refused_at desc limit 1`,
      [turn, name, marks.input, marks.command],
    );
    return row?.refusal;
  }

  /** Remembers that this gateway refused the call or something that it did; the first reason stays. */
  async refuse(sql: Sql, call: string, refusal: string): Promise<void> {
    await sql.query('update ai_tool_calls set refused_at = now(), refusal = $2 where id = $1 and refused_at is null', [
      call,
      refusal.slice(0, 500),
    ]);
  }

  /** @param spanId 16 hexadecimal digits: the first one that is told stays */
  async noteSpan(sql: Sql, call: string, spanId: string): Promise<void> {
    await sql.query('update ai_tool_calls set span_id = $2 where id = $1 and span_id is null', [call, spanId]);
  }

  /** Moves a call to the turn that it turns out to belong to. One that was refused stays where that is looked for. */
  async place(scene: Scene, known: ToolCallRow, turn: TurnRow): Promise<void> {
    if (known.turn_id === turn.id || known.refused_at !== null) return;
    const before = await this.turns.get(scene.tx, known.turn_id);
    const message = (await this.messages.lastSeq(scene, turn.id)) ?? null;
    await scene.tx.query('update ai_tool_calls set turn_id = $2, message_seq = $3 where id = $1', [
      known.id,
      turn.id,
      message,
    ]);
    // What the turn that it stood in had read, it may have read.
    await this.turns.noteTool(scene, turn, before?.untrusted_by ?? known.name);
  }

  /** A witness tells of a call, in the transaction of what it tells; the same told again changes nothing. */
  async tell(scene: Scene, call: ToldCall): Promise<ToolCallRow> {
    const known = 'known' in call ? call.known : await this.find(scene.tx, scene.session.id, call.toolUse);
    const before = known ?? untold;
    const state = told(before, call.telling);
    await this.turns.noteTool(scene, call.turn, call.name);
    const moves = known !== undefined && known.turn_id !== call.turn.id;
    if (known !== undefined && !moves && isSame(before, state)) return known;

    const agent = call.agent === undefined ? undefined : await this.agents.works(scene, call.agent, call.turn);
    const message = await this.lastMessage(scene, known, call.turn);
    const id = known?.id ?? this.ids.next<string>();
    const row = await saveToolCall(scene, { ...call, id, message, agent: agent ?? null, state });
    if (agreement(before) !== false && agreement(state) === false) this.disagreed(row);
    if (isNews(before, state, call.telling)) await this.record(scene, call, row);
    return row;
  }

  private async lastMessage(scene: Scene, known: ToolCallRow | undefined, turn: TurnRow): Promise<number | null> {
    const seq = known?.turn_id === turn.id ? known.message_seq : null;
    return seq ?? (await this.messages.lastSeq(scene, turn.id)) ?? null;
  }

  private async record(scene: Scene, call: ToldCall, row: ToolCallRow): Promise<void> {
    const agent =
      row.agent_id === null ? undefined : await this.agents.pathOf(scene.tx, row.ai_session_id, row.agent_id);
    await this.evidence.append(scene.tx, toolCallEvent(scene, { row, call, agent }));
  }

  private disagreed({ id, ai_session_id, tool_use_id, name }: ToolCallRow): void {
    this.disagreements.inc();
    this.log.warn('ai-session.witnesses-disagree', { ai_session: ai_session_id, tool_call: id, tool_use_id, name });
  }
}
