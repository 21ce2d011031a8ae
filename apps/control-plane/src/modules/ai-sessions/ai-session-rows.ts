import type { OperationId, PersonId } from '@sallyport/core';

export const turnOrigins = ['human', 'notification', 'scheduled', 'sdk'] as const;
export type TurnOrigin = (typeof turnOrigins)[number];
export type TurnMessageKind = TurnOrigin | 'steer';
export type WitnessSource = 'hook' | 'model' | 'otlp';
export type ToolCallOutcome = 'done' | 'failed' | 'denied';

/** The name of a client that has not said what it is. */
export const unnamedClient = 'unnamed';

/** One conversation of one person in one client. */
export interface AiSessionRow {
  readonly id: string;
  readonly person_id: PersonId;
  readonly client: string;
  readonly client_session: string;
  readonly first_seen_at: Date;
  readonly last_seen_at: Date;
  /** The client has said that it is over; it may go on with it all the same. */
  readonly ended_at: Date | null;
  /** Ended for good by a person of this gateway: nothing of it is served any more. */
  readonly killed_at: Date | null;
  readonly killed_by: PersonId | null;
  /** Sealed under the key of the session's person. */
  readonly kill_reason: Buffer | null;
}

/** What a person (or another task) asked, and all that the AI did because of it. */
export interface TurnRow {
  readonly id: string;
  readonly ai_session_id: string;
  readonly client_turn: string;
  /** By the client; else the gateway has made `client_turn` up. */
  readonly named: boolean;
  readonly origin: TurnOrigin;
  readonly parent_turn_id: string | null;
  /** 32 hexadecimal digits. */
  readonly trace_id: string | null;
  /** When a tool call that reads what others wrote was first seen in it, and of which tool. */
  readonly untrusted_at: Date | null;
  readonly untrusted_by: string | null;
  /** The last request to a model that brought news of this turn. */
  readonly last_request: OperationId | null;
  readonly started_at: Date;
  readonly ended_at: Date | null;
}

export interface TurnMessageRow {
  readonly turn_id: string;
  readonly seq: number;
  readonly kind: TurnMessageKind;
  readonly source: WitnessSource;
  /** Sealed; null where the person's key had been destroyed already. */
  readonly text: Buffer | null;
  readonly text_bytes: number;
  readonly text_hmac: Buffer;
  /** The message whose typed text this one contains: a slash command and what it became. */
  readonly expands: number | null;
  readonly at: Date;
  /** When another witness told the same. */
  readonly confirmed_at: Date | null;
}

export interface ToolCallRow {
  readonly id: string;
  readonly ai_session_id: string;
  readonly tool_use_id: string;
  readonly turn_id: string;
  readonly message_seq: number | null;
  readonly agent_id: string | null;
  readonly name: string;
  readonly input: Buffer | null;
  readonly input_bytes: number;
  readonly hook_input_hmac: Buffer | null;
  readonly model_input_hmac: Buffer | null;
  readonly hook_command_hmac: Buffer | null;
  readonly model_command_hmac: Buffer | null;
  /** A witness has told two different inputs of it. */
  readonly contradicted: boolean;
  /** Do hook and model tell the same input? null while only one of them has told it. */
  readonly agrees: boolean | null;
  /** By the model, in the answer to this operation. */
  readonly proposed_at: Date | null;
  readonly proposed_operation: OperationId | null;
  /** By the client's hook, before it runs. */
  readonly asked_at: Date | null;
  readonly finished_at: Date | null;
  readonly outcome: ToolCallOutcome | null;
  /** This gateway has refused it, or something that it did. */
  readonly refused_at: Date | null;
  readonly refusal: string | null;
  /** 16 hexadecimal digits. */
  readonly span_id: string | null;
}

export interface AgentRow {
  readonly ai_session_id: string;
  readonly agent_id: string;
  readonly parent_agent_id: string | null;
  readonly turn_id: string | null;
  readonly agent_type: string | null;
  readonly started_at: Date;
  readonly ended_at: Date | null;
}
