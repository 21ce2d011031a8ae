import { Injectable } from '@nestjs/common';
import { GatewayError, type Identity, type SessionId } from '@sallyport/core';
import { bodyOf, type EventBodies, type OperationCompleted, type OperationDecided } from '@sallyport/evidence';
import { DataSource } from 'typeorm';
import { rowOf } from '../../platform/index.js';
import { EvidenceWriter } from '../evidence/evidence-writer.js';
import { LogReader, type PagedEntry } from '../evidence/log-reader.js';
import { RecordingReader } from '../evidence/recording-reader.js';
import { recordedAnswer } from './recorded-answer.js';
import type { SessionRow } from './session-rows.js';
import { SessionsService } from './sessions.service.js';

/** One thing that happened in a session, in its place. */
export interface ReplayStep {
  readonly seq: number;
  readonly at: string;
  readonly event: string;
  readonly operation?: string;
  readonly [fact: string]: unknown;
}

export interface Replay {
  readonly items: readonly ReplayStep[];
  readonly next_cursor: string | null;
}

/** A session as it went: statements, decisions, reviews, outcomes and what was recorded of the answers. */
@Injectable()
export class Replays {
  constructor(
    private readonly database: DataSource,
    private readonly sessions: SessionsService,
    private readonly reader: LogReader,
    private readonly recordings: RecordingReader,
    private readonly evidence: EvidenceWriter,
  ) {}

  /** Looking at it is on record before it is shown. @throws GatewayError NOT_FOUND */
  async open(caller: Identity, id: SessionId, { limit, cursor }: { limit: number; cursor?: string }): Promise<Replay> {
    const session = await this.sessions.visible(caller, id);
    const after = cursor === undefined ? 0 : Number(cursor);
    if (!Number.isSafeInteger(after) || after < 0)
      throw new GatewayError('INVALID_INPUT', 'the cursor is not one that this replay gave');
    await this.record(caller, id);
    // Reviews that an operation found may have been asked for by an earlier session.
    const entries = await this.reader.page(
      `e.session = $3 or e.review in (select review_id::uuid from operations where session_id = $3 and review_id is not null)`,
      { after, limit: limit + 1, parameters: [id] },
    );
    const shown = entries.slice(0, limit);
    const items: ReplayStep[] = [];
    for (const entry of shown) items.push(...earlierSteps(entry), await this.step(entry, session));
    return { items, next_cursor: entries.length > limit ? String(shown.at(-1)!.id) : null };
  }

  private async step(entry: PagedEntry, session: SessionRow): Promise<ReplayStep> {
    const { seq, at, event, document } = entry;
    const { operation } = entry.entry.envelope;
    const step = { seq, at, event, ...(operation === undefined ? {} : { operation }) };
    if (document === undefined) return { ...step, [entry.tampered === true ? 'tampered' : 'erased']: true };
    const body = bodyOf(document);
    if (event === 'operation.completed')
      return { ...step, ...(await this.completed(session, entry.keyId, body as OperationCompleted)) };
    return { ...step, ...factsOf(event, body) };
  }

  private async completed(
    { id, protocol }: SessionRow,
    keyId: string,
    { operation, recording, ...outcome }: OperationCompleted,
  ): Promise<Readonly<Record<string, unknown>>> {
    const facts = { outcome: snakeCase(outcome) };
    if (recording === undefined) return facts;
    const { text, bytes } = await recordedAnswer(
      this.recordings.chunks({ session: id as SessionId, operation, keyId }, recording.footer.chunks),
      protocol,
    );
    return { ...facts, response: text, response_bytes: bytes };
  }

  private async record(by: Identity, session: SessionId): Promise<void> {
    const size = await rowOf<{ size: string }>(
      this.database,
      'select coalesce(max(seq) + 1, 0) as size from evidence_sequence where log = (select max(id) from evidence_logs)',
    );
    await this.evidence.append(this.database, {
      event: 'evidence.exported',
      body: {
        by: { id: by.id, class: by.class, name: by.name },
        kind: 'selection',
        size: Number(size?.size ?? 0),
        sessions: [session],
      },
    });
  }
}

/** Outcomes that a decision tells beside its own. */
function earlierSteps({ seq, at, document, entry: { envelope } }: PagedEntry): ReplayStep[] {
  const told = document === undefined ? [] : ((bodyOf(document) as Partial<OperationDecided>).completed ?? []);
  return (envelope.completed ?? []).map((operation, index) => {
    const outcome = told[index];
    const step = { seq, event: 'operation.completed', operation };
    if (outcome === undefined) return { ...step, at, erased: true };
    const { operation: _, at: knownAt, ...facts } = outcome;
    return { ...step, at: knownAt, outcome: snakeCase(facts) };
  });
}

const outcomes: Readonly<Record<string, string>> = {
  'operation.allowed': 'allow',
  'operation.denied': 'deny',
  'operation.reviewing': 'review',
};

function factsOf(event: string, body: unknown): Readonly<Record<string, unknown>> {
  const outcome = outcomes[event];
  if (outcome !== undefined) return decidedFacts(outcome, body as OperationDecided);
  if (event.startsWith('review.')) return { review: snakeCase({ ...reviewState(event), ...(body as object) }) };
  return snakeCase(body as EventBodies['session.started']);
}

function decidedFacts(outcome: string, body: OperationDecided): Readonly<Record<string, unknown>> {
  const { number, action, risk, text, parameters, resources, digest, assurance, policies, policyVersion, review } =
    body;
  const refusal = 'refusal' in body ? { refusal: body.refusal } : {};
  return {
    number,
    action,
    risk,
    text,
    ...(parameters === undefined ? {} : { parameters }),
    resources,
    digest,
    assurance,
    ...(review === undefined ? {} : { review_id: review }),
    decision: { outcome, policies, policy_version: policyVersion, ...refusal },
  };
}

const reviewState = (event: string): { state: string } => ({ state: event.slice('review.'.length) });

/** The API's spelling of member names, all the way down. */
export function snakeCase(value: object): Readonly<Record<string, unknown>> {
  const convert = (item: unknown): unknown => {
    if (Array.isArray(item)) return item.map(convert);
    return typeof item === 'object' && item !== null ? snakeCase(item) : item;
  };
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      convert(item),
    ]),
  );
}
