import { rowOf } from '../../platform/index.js';
import type { ToolCallRow, TurnRow } from './ai-session-rows.js';
import { inputContext, keptText } from './personal-texts.js';
import type { Scene } from './scene.js';
import type { ToolCallState } from './tool-call-state.js';
import type { ToolInput } from './tool-input.js';

export interface SavedCall {
  readonly id: string;
  readonly toolUse: string;
  readonly name: string;
  readonly turn: TurnRow;
  readonly message: number | null;
  readonly agent: string | null;
  readonly input?: ToolInput;
  readonly state: ToolCallState;
}

const columns = [
  'id',
  'ai_session_id',
  'tool_use_id',
  'turn_id',
  'message_seq',
  'agent_id',
  'name',
  'input',
  'input_bytes',
  'hook_input_hmac',
  'model_input_hmac',
  'hook_command_hmac',
  'model_command_hmac',
  'contradicted',
  'proposed_at',
  'proposed_operation',
  'asked_at',
  'finished_at',
  'outcome',
] as const;

// The first input that was told is kept; the marks tell whether another one came.
const kept: Readonly<Record<string, string>> = {
  agent_id: 'coalesce(ai_tool_calls.agent_id, excluded.agent_id)',
  name: 'ai_tool_calls.name',
  input: 'coalesce(ai_tool_calls.input, excluded.input)',
  input_bytes: 'case when ai_tool_calls.input is null then excluded.input_bytes else ai_tool_calls.input_bytes end',
};

const changes = columns.slice(3).map((column) => `${column} = ${kept[column] ?? `excluded.${column}`}`);

const upsert = `
  insert into ai_tool_calls (${columns.join(', ')}) values (${columns.map((_, index) => `$${index + 1}`).join(', ')})
  on conflict on constraint ai_tool_calls_tool_use_key do update set ${changes.join(', ')} returning *`;

export async function saveToolCall({ tx, session, personal }: Scene, call: SavedCall): Promise<ToolCallRow> {
  const { id, toolUse, turn, message, agent, name, input, state } = call;
  const text = input === undefined ? undefined : keptText(input.text);
  const row = await rowOf<ToolCallRow>(tx, upsert, [
    id,
    session.id,
    toolUse,
    turn.id,
    message,
    agent,
    name,
    text === undefined ? null : personal.seal(inputContext(id), text.text),
    text?.bytes ?? 0,
    state.hook_input_hmac,
    state.model_input_hmac,
    state.hook_command_hmac,
    state.model_command_hmac,
    state.contradicted,
    state.proposed_at,
    state.proposed_operation,
    state.asked_at,
    state.finished_at,
    state.outcome,
  ]);
  return row!;
}
