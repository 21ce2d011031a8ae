/** A row of `sessions`; everything but times is null once it is erased. */
export interface SessionRow {
  readonly id: string;
  readonly person_id: string | null;
  readonly identity_class: string | null;
  readonly connection_name: string | null;
  readonly connection_version: number | null;
  readonly protocol: string | null;
  readonly database: string | null;
  readonly ai_session: string | null;
  readonly assurance: string | null;
  readonly record_responses: boolean | null;
  readonly started_at: Date | null;
  readonly ended_at: Date | null;
  readonly end_reason: string | null;
  readonly operations: number | null;
  readonly denied: number | null;
  readonly bytes_to_target: string | null;
  readonly bytes_to_client: string | null;
  readonly erased_at: Date | null;
}

/** A row of `operations`. */
export interface OperationRow {
  readonly id: string;
  readonly at: Date | null;
  readonly number: number | null;
  readonly action: string | null;
  readonly risk: string | null;
  readonly digest: string | null;
  readonly assurance: string | null;
  readonly decision: string | null;
  readonly policies: string[] | null;
  readonly policy_version: number | null;
  readonly review_id: string | null;
  readonly status: string | null;
  readonly status_code: string | null;
  readonly rows: string | null;
  readonly bytes: string | null;
  readonly masked_fields: string | null;
  readonly masked_by: string[] | null;
  readonly duration_ms: number | null;
  /** What finds it in the target's own log. */
  readonly join_key: string | null;
  readonly scoped: string | null;
  /** Of a model's answer. */
  readonly flags: string[] | null;
  /** Of an operation that itself says what it belongs to. */
  readonly ai_client: string | null;
  readonly ai_session: string | null;
  readonly turn: string | null;
  readonly tool_call: string | null;
}
