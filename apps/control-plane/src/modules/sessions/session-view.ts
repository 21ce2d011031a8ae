import type { TurnContext } from '@sallyport/core';
import type { OperationDecided, OperationDenied, SessionStarted } from '@sallyport/evidence';
import type { OperationRow, SessionRow } from './session-rows.js';

export interface SessionView {
  readonly id: string;
  readonly state: 'open' | 'ended';
  readonly identity: { readonly id: string; readonly class: string; readonly name: string | null } | null;
  readonly connection: string | null;
  readonly protocol: string | null;
  readonly database: string | null;
  readonly ai_client: string | null;
  readonly ai_session: string | null;
  /** The sub-agent's path. */
  readonly agent: string | null;
  readonly turn: string | null;
  readonly tool_call: string | null;
  readonly client: { readonly name: string | null; readonly address: string } | null;
  readonly assurance: string | null;
  readonly records_responses: boolean | null;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly end_reason: string | null;
  readonly operations: number | null;
  readonly denied: number | null;
  readonly bytes: { readonly to_target: number; readonly to_client: number } | null;
  /** When the session's key was destroyed: then nothing but times is left. */
  readonly erased_at: string | null;
}

const isoOf = (at: Date | null): string | null => at?.toISOString() ?? null;
const numberOf = (value: string | null): number | null => (value === null ? null : Number(value));

/** @param body of `session.started`; absent once it is erased */
export function sessionView(row: SessionRow, body: SessionStarted | undefined): SessionView {
  return {
    id: row.id,
    state: row.ended_at === null ? 'open' : 'ended',
    identity:
      row.person_id === null
        ? null
        : { id: row.person_id, class: row.identity_class ?? 'person', name: body?.identity.name ?? null },
    connection: row.connection_name,
    protocol: row.protocol,
    database: row.database,
    ai_client: body?.turn.client ?? null,
    ai_session: row.ai_session,
    agent: body?.turn.agent ?? null,
    turn: body?.turn.turn ?? null,
    tool_call: body?.turn.toolCall ?? null,
    client: body === undefined ? null : { name: body.client.name ?? null, address: body.client.address },
    assurance: row.assurance,
    records_responses: row.record_responses,
    started_at: isoOf(row.started_at),
    ended_at: isoOf(row.ended_at),
    end_reason: row.end_reason,
    operations: row.operations,
    denied: row.denied,
    bytes:
      row.bytes_to_target === null
        ? null
        : { to_target: Number(row.bytes_to_target), to_client: Number(row.bytes_to_client) },
    erased_at: isoOf(row.erased_at),
  };
}

export interface OperationView {
  readonly id: string;
  readonly number: number | null;
  readonly at: string | null;
  readonly action: string | null;
  readonly risk: string | null;
  readonly text: string | null;
  readonly parameters: readonly (string | null)[] | null;
  readonly resources: readonly string[] | null;
  readonly digest: string | null;
  readonly assurance: string | null;
  /** What the request says that it belongs to; where it says nothing, what its session's ticket says. */
  readonly ai_client: string | null;
  readonly ai_session: string | null;
  readonly agent: string | null;
  readonly turn: string | null;
  readonly tool_call: string | null;
  readonly decision: {
    readonly outcome: string;
    readonly policies: readonly string[];
    readonly policy_version: number | null;
    readonly refusal: OperationDenied['refusal'] | null;
  } | null;
  readonly review_id: string | null;
  /** Null while it is in flight, and for what was not run. */
  readonly outcome: {
    readonly status: string;
    readonly code: string | null;
    readonly rows: number | null;
    readonly bytes: number | null;
    readonly masked_fields: number | null;
    readonly masked_by: readonly string[] | null;
    readonly duration_ms: number | null;
    /** Of a model's answer, what to look at: see `answerFlags` of libs/models. */
    readonly flags: readonly string[] | null;
  } | null;
}

/**
 * @param body of its last decision; absent once it is erased
 * @param ofSession what the session's ticket says
 */
export function operationView(
  row: OperationRow,
  body: OperationDecided | OperationDenied | undefined,
  ofSession: TurnContext = {},
): OperationView {
  const { client, aiSession, agent, turn, toolCall } = body === undefined ? {} : { ...ofSession, ...body.turn };
  return {
    id: row.id,
    number: row.number,
    at: isoOf(row.at),
    action: row.action,
    risk: row.risk,
    text: body?.text ?? null,
    parameters: body?.parameters ?? null,
    resources: body?.resources ?? null,
    digest: row.digest,
    assurance: row.assurance,
    ai_client: client ?? null,
    ai_session: aiSession ?? null,
    agent: agent ?? null,
    turn: turn ?? null,
    tool_call: toolCall ?? null,
    decision:
      row.decision === null
        ? null
        : {
            outcome: row.decision,
            policies: row.policies ?? [],
            policy_version: row.policy_version,
            refusal: body && 'refusal' in body ? body.refusal : null,
          },
    review_id: row.review_id,
    outcome: row.status === null ? null : outcomeOf(row, row.status),
  };
}

const outcomeOf = (row: OperationRow, status: string): NonNullable<OperationView['outcome']> => ({
  status,
  code: row.status_code,
  rows: numberOf(row.rows),
  bytes: numberOf(row.bytes),
  masked_fields: numberOf(row.masked_fields),
  masked_by: row.masked_by,
  duration_ms: row.duration_ms,
  flags: row.flags,
});
