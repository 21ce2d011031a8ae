import { Injectable } from '@nestjs/common';
import { type EventBodies, type EventName, openBody } from '@sallyport/evidence';
import type { EntityManager } from 'typeorm';
import { Log } from '../../platform/index.js';
import { promptsUnder } from '../evidence/prompt-keys.js';
import type { SequencedEntry } from '../evidence/sequencer.js';
import { SessionKeys } from '../evidence/session-keys.js';
import { type Changes, type Columns, fold, type Told } from './fold.js';

const sessionColumns: Readonly<Record<string, string>> = {
  person_id: 'text',
  identity_class: 'text',
  connection_id: 'text',
  connection_name: 'text',
  connection_version: 'integer',
  protocol: 'text',
  database: 'text',
  ticket_id: 'text',
  ai_session: 'text',
  assurance: 'text',
  record_responses: 'boolean',
  started_seq: 'bigint',
  started_at: 'timestamptz',
  ended_seq: 'bigint',
  ended_at: 'timestamptz',
  end_reason: 'text',
  operations: 'integer',
  denied: 'integer',
  bytes_to_target: 'bigint',
  bytes_to_client: 'bigint',
};
const operationColumns: Readonly<Record<string, string>> = {
  session_id: 'uuid',
  seq: 'bigint',
  at: 'timestamptz',
  number: 'integer',
  action: 'text',
  risk: 'text',
  digest: 'text',
  assurance: 'text',
  decision: 'text',
  policies: 'text[]',
  policy_version: 'integer',
  review_id: 'text',
  refusal_code: 'text',
  status: 'text',
  status_code: 'text',
  rows: 'bigint',
  bytes: 'bigint',
  masked_fields: 'bigint',
  masked_by: 'text[]',
  duration_ms: 'double precision',
  join_key: 'text',
  scoped: 'text',
  flags: 'text[]',
  ai_client: 'text',
  ai_session: 'text',
  turn: 'text',
  tool_call: 'text',
  completed_seq: 'bigint',
  completed_at: 'timestamptz',
};

// First come, first kept: of when and where it was asked. Everything else is replaced by what is told later.
const keptFirst = new Set(['seq', 'at', 'session_id', 'started_seq', 'started_at']);
/** What the envelopes alone tell, and therefore stays after erasure. */
const fromEnvelope = new Set([
  'session_id',
  'seq',
  'at',
  'decision',
  'completed_seq',
  'completed_at',
  'started_seq',
  'started_at',
  'ended_seq',
  'ended_at',
]);

/** What the outcome of an operation tells: it stays where only its decision is erased. */
const fromOutcome: ReadonlySet<string> = new Set([
  'status',
  'status_code',
  'rows',
  'bytes',
  'masked_fields',
  'masked_by',
  'duration_ms',
  'join_key',
  'scoped',
  'flags',
]);

const upsertSql = (table: string, columns: Readonly<Record<string, string>>): string => {
  const names = Object.keys(columns);
  const typed = Object.entries(columns).map(([name, type]) => `"${name}" ${type}`);
  const merged = names.map(
    (name) =>
      `"${name}" = ${keptFirst.has(name) ? `coalesce(${table}."${name}", excluded."${name}")` : `coalesce(excluded."${name}", ${table}."${name}")`}`,
  );
  const listed = names.map((name) => `"${name}"`).join(', ');
  return `insert into ${table} (id, ${listed}) select id, ${listed} from jsonb_to_recordset($1::jsonb) as row (id uuid, ${typed.join(', ')})
    on conflict (id) do update set ${merged.join(', ')}`;
};
const eraseSql = (table: string, columns: readonly string[], where: string): string =>
  `update ${table} set ${columns
    .filter((name) => !fromEnvelope.has(name))
    .map((name) => `"${name}" = null`)
    .join(', ')} where ${where}`;

const upsertSessions = upsertSql('sessions', sessionColumns);
const upsertOperations = upsertSql('operations', operationColumns);
const eraseSessions = eraseSql('sessions', Object.keys(sessionColumns), 'id = $1');
const eraseOperations = eraseSql('operations', Object.keys(operationColumns), 'session_id = $1');
const sealedUnder = (events: string): string =>
  `session_id = $1 and id in (select operation from evidence_entries where session = $1 and key_id = $2 and event ${events})`;
/** Of operations that hold prompts: what was asked, and where the answer was recorded what came of it, too. */
const erasePrompts = [
  eraseSql(
    'operations',
    Object.keys(operationColumns).filter((name) => !fromOutcome.has(name)),
    sealedUnder("<> 'operation.completed'"),
  ),
  eraseSql('operations', [...fromOutcome], sealedUnder("= 'operation.completed'")),
];

const rowsOf = (changes: ReadonlyMap<string, Columns>): string =>
  JSON.stringify([...changes].map(([id, columns]) => ({ ...columns, id })));
const isUuid = (id: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id);

/** Keeps `sessions` and `operations` in step with the log, in the transaction that sequences it. */
@Injectable()
export class SessionsProjection {
  constructor(
    private readonly keys: SessionKeys,
    private readonly log: Log,
  ) {}

  /** Never holds the log up: what cannot be projected is logged, and a rebuild repairs it. */
  readonly project = async (tx: EntityManager, entries: readonly SequencedEntry[]): Promise<void> => {
    const told = await this.open(entries);
    await tx.query('savepoint projection');
    try {
      await this.apply(tx, fold(told));
      await tx.query('release savepoint projection');
    } catch (error) {
      await tx.query('rollback to savepoint projection');
      this.log.error('projection.failed', { error, from: entries[0]?.seq, to: entries.at(-1)?.seq });
    }
  };

  /** Empties both tables; the caller then projects every entry again, in order. */
  async clear(tx: EntityManager): Promise<void> {
    await tx.query('delete from operations');
    await tx.query('delete from sessions');
  }

  /** @throws when it cannot be applied */
  async apply(tx: EntityManager, { sessions, operations, ended, erased }: Changes): Promise<void> {
    if (sessions.size > 0) await tx.query(upsertSessions, [rowsOf(sessions)]);
    if (operations.size > 0) await tx.query(upsertOperations, [rowsOf(operations)]);
    if (ended.length > 0) await tx.query('delete from session_homes where session = any($1::uuid[])', [ended]);
    for (const [key, at] of erased) {
      const prompts = promptsUnder(key);
      if (prompts?.of === 'session') for (const erase of erasePrompts) await tx.query(erase, [prompts.session, key]);
      if (!isUuid(key)) continue; // a person's key: no row of these tables is sealed under it
      await tx.query(`${eraseSessions}`, [key]);
      await tx.query('update sessions set erased_at = $2 where id = $1', [key, at]);
      await tx.query(eraseOperations, [key]);
    }
  }

  async open(entries: readonly SequencedEntry[]): Promise<Told[]> {
    const told: Told[] = [];
    for (const entry of entries) {
      const { seq, keyId, envelope } = entry;
      const key = isProjected(envelope.event) ? await this.keys.find(keyId) : undefined;
      const body = key && this.bodyOf(entry, key);
      told.push({ seq, event: envelope.event, envelope, ...(body && { body }) });
    }
    return told;
  }

  // A body that somebody changed in the tables is left out here; the log's own checks and every export show it.
  private bodyOf(entry: SequencedEntry, key: Uint8Array): EventBodies[EventName] | undefined {
    if ('body' in entry) return entry.body as EventBodies[EventName];
    try {
      return openBody<EventName>(entry.stored, key);
    } catch (error) {
      this.log.error('evidence.tampered', { seq: entry.seq, entry: entry.envelope.event, error });
      return undefined;
    }
  }
}

const isProjected = (event: string): boolean => /^(session|operation|key)\./.test(event);
