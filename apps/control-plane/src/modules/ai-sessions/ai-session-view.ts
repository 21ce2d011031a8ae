import type { PersonId } from '@sallyport/core';
import type { AiSessionRow, ToolCallRow, TurnMessageRow, TurnRow } from './ai-session-rows.js';

/** Numbers that a list shows of a session. */
export interface AiSessionCounts {
  readonly turns: number;
  readonly tool_calls: number;
  /** Tool calls of which witnesses tell different inputs. */
  readonly disagreements: number;
}

export interface AiSessionView extends AiSessionCounts {
  readonly id: string;
  readonly person: PersonId;
  readonly client: string;
  readonly client_session: string;
  readonly first_seen_at: string;
  readonly last_seen_at: string;
  readonly ended_at: string | null;
  /** Ended for good by a person of this gateway. */
  readonly killed: { readonly at: string; readonly by: string; readonly reason: string | null } | null;
}

export interface MessageView {
  readonly seq: number;
  readonly kind: string;
  readonly source: string;
  /** Whether another witness has told the same. */
  readonly confirmed: boolean;
  readonly expands: number | null;
  readonly at: string;
  /** Null once it has been erased. Secrets in it are hidden, and what is long is cut: `bytes` are those of the whole. */
  readonly text: string | null;
  readonly bytes: number;
}

export interface ToolCallView {
  readonly id: string;
  readonly tool_use_id: string;
  readonly name: string;
  /** The sub-agent's path; null in the main conversation. */
  readonly agent: string | null;
  /** The message that it follows. */
  readonly message: number | null;
  readonly input: string | null;
  readonly input_bytes: number;
  readonly proposed_at: string | null;
  readonly asked_at: string | null;
  readonly finished_at: string | null;
  readonly outcome: string | null;
  readonly refusal: string | null;
  readonly agrees: boolean | null;
}

export interface TurnView {
  readonly id: string;
  readonly client_turn: string;
  readonly origin: string;
  readonly parent: string | null;
  readonly trace_id: string | null;
  /** The tool by which it read, or was about to read, what others wrote. */
  readonly untrusted_by: string | null;
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly messages: readonly MessageView[];
  readonly tool_calls: readonly ToolCallView[];
}

export interface AiSessionDetail extends AiSessionView {
  /** The newest first, at most 50. */
  readonly latest_turns: readonly TurnView[];
}

const time = (at: Date | null): string | null => at?.toISOString() ?? null;

export const sessionView = (row: AiSessionRow & AiSessionCounts, killReason: string | undefined): AiSessionView => ({
  id: row.id,
  person: row.person_id,
  client: row.client,
  client_session: row.client_session,
  first_seen_at: row.first_seen_at.toISOString(),
  last_seen_at: row.last_seen_at.toISOString(),
  ended_at: time(row.ended_at),
  killed:
    row.killed_at === null || row.killed_by === null
      ? null
      : { at: row.killed_at.toISOString(), by: row.killed_by, reason: killReason ?? null },
  turns: row.turns,
  tool_calls: row.tool_calls,
  disagreements: row.disagreements,
});

export const messageView = (row: TurnMessageRow, text: string | undefined): MessageView => ({
  seq: row.seq,
  kind: row.kind,
  source: row.source,
  confirmed: row.confirmed_at !== null,
  expands: row.expands,
  at: row.at.toISOString(),
  text: text ?? null,
  bytes: row.text_bytes,
});

export const toolCallView = (row: ToolCallRow, more: { agent?: string; input?: string }): ToolCallView => ({
  id: row.id,
  tool_use_id: row.tool_use_id,
  name: row.name,
  agent: more.agent ?? null,
  message: row.message_seq,
  input: more.input ?? null,
  input_bytes: row.input_bytes,
  proposed_at: time(row.proposed_at),
  asked_at: time(row.asked_at),
  finished_at: time(row.finished_at),
  outcome: row.outcome,
  refusal: row.refusal,
  agrees: row.agrees,
});

export const turnView = (row: TurnRow, messages: readonly MessageView[], calls: readonly ToolCallView[]): TurnView => ({
  id: row.id,
  client_turn: row.client_turn,
  origin: row.origin,
  parent: row.parent_turn_id,
  trace_id: row.trace_id,
  untrusted_by: row.untrusted_by,
  started_at: row.started_at.toISOString(),
  ended_at: time(row.ended_at),
  messages,
  tool_calls: calls,
});
