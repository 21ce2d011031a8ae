import type { TurnContext } from '@sallyport/core';
import {
  destroyedIn,
  type Envelope,
  type EventBodies,
  type EventName,
  type OperationCompleted,
  type OperationDecided,
  type OperationDenied,
  type SessionEnded,
  type SessionStarted,
} from '@sallyport/evidence';

/** One sequenced entry as a projection sees it; without a body once its key is destroyed. */
export interface Told<E extends EventName = EventName> {
  readonly seq: number;
  readonly event: string;
  readonly envelope: Envelope;
  readonly body?: EventBodies[E];
}

/** Columns of `sessions` and of `operations` by name, as far as they have become known. */
export type Columns = Readonly<Record<string, unknown>>;

/** What a batch of entries changes. */
export interface Changes {
  readonly sessions: ReadonlyMap<string, Columns>;
  readonly operations: ReadonlyMap<string, Columns>;
  readonly ended: readonly string[];
  /** Keys that were destroyed, with when. */
  readonly erased: ReadonlyMap<string, string>;
}

const started = ({
  identity,
  connection,
  database,
  ticket,
  turn,
  assurance,
  recordsResponses,
}: SessionStarted): Columns => ({
  person_id: identity.id,
  identity_class: identity.class,
  connection_id: connection.id,
  connection_name: connection.name,
  connection_version: connection.version,
  protocol: connection.protocol,
  database: database ?? null,
  ticket_id: ticket,
  ai_session: turn.aiSession ?? null,
  assurance,
  record_responses: recordsResponses,
});

const ended = ({ reason, operations, denied, bytes }: SessionEnded): Columns => ({
  end_reason: reason.code,
  operations,
  denied,
  bytes_to_target: bytes.toTarget,
  bytes_to_client: bytes.toClient,
});

/** Of an operation that itself says what it belongs to: model traffic. */
const turnColumns = ({ client, aiSession, turn, toolCall }: TurnContext): Columns => ({
  ai_client: client ?? null,
  ai_session: aiSession ?? null,
  turn: turn ?? null,
  tool_call: toolCall ?? null,
});

const decided = (body: OperationDecided | OperationDenied): Columns => ({
  number: body.number,
  action: body.action,
  risk: body.risk,
  digest: body.digest,
  assurance: body.assurance,
  policies: body.policies,
  policy_version: body.policyVersion,
  ...(body.review === undefined ? {} : { review_id: body.review }),
  ...(body.turn === undefined ? {} : turnColumns(body.turn)),
  ...('refusal' in body ? { refusal_code: body.refusal.code } : {}),
});

const completed = ({
  status,
  code,
  rows,
  bytes,
  maskedFields,
  maskedBy,
  durationMs,
  joinKey,
  scoped,
  flags,
}: OperationCompleted): Columns => ({
  status,
  status_code: code ?? null,
  rows: rows ?? null,
  bytes: bytes ?? null,
  masked_fields: maskedFields,
  masked_by: maskedBy ?? null,
  duration_ms: durationMs ?? null,
  join_key: joinKey ?? null,
  scoped: scoped ?? null,
  flags: flags ?? null,
});

const decisions: Readonly<Record<string, string>> = {
  'operation.allowed': 'allowed',
  'operation.denied': 'denied',
  'operation.reviewing': 'reviewing',
  'operation.abandoned': 'abandoned',
};

/** Pure: entries in, changes out. The same entries give the same rows, whether they come one by one or all at once. */
export function fold(entries: Iterable<Told>): Changes {
  const sessions = new Map<string, Columns>();
  const operations = new Map<string, Columns>();
  const closed: string[] = [];
  const erased = new Map<string, string>();
  const add = (rows: Map<string, Columns>, id: string, columns: Columns): void => {
    const known = rows.get(id);
    if (known === undefined) rows.set(id, columns);
    else Object.assign(known, columns);
  };

  for (const { seq, event, envelope, body } of entries) {
    const { session, operation, at } = envelope;
    if (event === 'session.started' && session !== undefined)
      add(sessions, session, { started_seq: seq, started_at: at, ...(body && started(body as SessionStarted)) });
    else if (event === 'session.ended' && session !== undefined) {
      add(sessions, session, { ended_seq: seq, ended_at: at, ...(body && ended(body as SessionEnded)) });
      closed.push(session);
    } else if (event === 'key.destroyed' && body)
      for (const key of destroyedIn(body as EventBodies['key.destroyed'])) erased.set(key, at);
    else if (operation !== undefined && session !== undefined) {
      for (const [earlier, columns] of outcomesIn({ seq, event, envelope, ...(body && { body }) }))
        add(operations, earlier, columns);
      add(
        operations,
        operation,
        operationColumns({ seq, event, envelope, ...(body && { body }) }, operations.has(operation)),
      );
    }
  }
  return { sessions, operations, ended: closed, erased };
}

/** Outcomes of earlier operations that a decision tells; of an erased one the envelope names the operations. */
function* outcomesIn({ seq, envelope, body }: Told): Generator<[string, Columns]> {
  const { session, completed: named = [] } = envelope;
  const told = (body as Partial<OperationDecided> | undefined)?.completed ?? [];
  for (const [index, operation] of named.entries()) {
    const outcome = told[index];
    yield [
      operation,
      {
        session_id: session,
        completed_seq: seq,
        completed_at: outcome?.at ?? envelope.at,
        ...(outcome && completed(outcome)),
      },
    ];
  }
}

function operationColumns({ seq, event, envelope, body }: Told, known: boolean): Columns {
  if (event === 'operation.completed')
    return {
      session_id: envelope.session,
      completed_seq: seq,
      completed_at: envelope.at,
      ...(body && completed(body as OperationCompleted)),
    };
  const decision = decisions[event];
  if (decision === undefined) return {};
  // A later decision on the same operation replaces what was decided, not when and where it was asked.
  const asked = known ? {} : { session_id: envelope.session, seq, at: envelope.at };
  return { ...asked, decision, ...(body && event !== 'operation.abandoned' ? decided(body as OperationDecided) : {}) };
}
