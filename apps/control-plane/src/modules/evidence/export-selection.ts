import { createHash } from 'node:crypto';
import { GatewayError, type SessionId } from '@sallyport/core';
import type { OperationDecided } from '@sallyport/evidence';
import { rowsOf, type Sql } from '../../platform/index.js';
import { causesOf } from './export-chain.js';
import { bodyFor, type EntrySelection, type LogReader, type OpenedEntry } from './log-reader.js';

const mostSessions = 10_000;

/** What an auditor asks for: nothing means the whole log. */
export interface ExportRequest {
  readonly session?: SessionId;
  readonly from?: Date;
  readonly to?: Date;
}

export interface Scope {
  readonly kind: 'log' | 'selection';
  readonly entries: EntrySelection;
  /** Policy versions whose texts belong into the bundle. */
  readonly versions: ReadonlySet<number>;
  readonly sessions?: readonly SessionId[];
}

export const isWhole = ({ session, from, to }: ExportRequest): boolean =>
  session === undefined && from === undefined && to === undefined;

type Head = Pick<EntrySelection, 'log' | 'size'>;

/** The whole log below a checkpoint. */
export async function wholeLog(reader: LogReader, head: Head): Promise<Scope> {
  const versions = new Set<number>();
  for await (const entry of reader.entries({ ...head, where: "e.event = 'policy.activated'" })) {
    const body = bodyFor(entry, 'policy.activated');
    if (body !== undefined) versions.add(body.version);
  }
  return { kind: 'log', entries: head, versions };
}

/**
 * Whole sessions, and with them what they rest on: reviews, policies as they were activated, the keys of the agents that
 * signed their recordings, the log's own keys; and what led to them: the prompts and tool calls of their AI sessions.
 */
export async function selectionOf(sql: Sql, reader: LogReader, head: Head, request: ExportRequest): Promise<Scope> {
  const sessions = request.session === undefined ? await sessionsWithin(sql, request) : [request.session];
  const rests = await whatTheyRestOn(reader, head, sessions);
  const places = [
    ...(await activationsOf(reader, head, rests.versions)),
    ...(await agentsOf(reader, head, rests.keys)),
    ...(await causesOf(reader, head, sessions)),
  ];
  const outside = request.session === undefined;
  const entries: EntrySelection = {
    ...head,
    where: `e.session = any($4::uuid[]) or e.review = any($5::uuid[]) or s.seq = any($6::bigint[])
      or (e.event in ('key.destroyed', 'key.rotated') and e.session is null) or ($7::boolean and e.session is null and e.at >= $8 and e.at < $9)`,
    parameters: [
      sessions,
      [...rests.reviews],
      places,
      outside,
      request.from ?? new Date(0),
      request.to ?? new Date(8.64e15),
    ],
  };
  return { kind: 'selection', entries, versions: rests.versions, sessions };
}

async function sessionsWithin(
  sql: Sql,
  { from = new Date(0), to = new Date(253_402_300_799_999) }: ExportRequest,
): Promise<SessionId[]> {
  const rows = await rowsOf<{ session: SessionId }>(
    sql,
    `select session from evidence_entries where event = 'session.started' and at >= $1 and at < $2 order by id limit ${mostSessions + 1}`,
    [from, to],
  );
  if (rows.length > mostSessions)
    throw new GatewayError('TOO_LARGE', `more than ${mostSessions} sessions began in this time`, {
      hint: 'ask for a shorter time, or for the whole log',
    });
  return rows.map(({ session }) => session);
}

async function whatTheyRestOn(
  reader: LogReader,
  head: Head,
  sessions: readonly SessionId[],
): Promise<{ versions: Set<number>; reviews: Set<string>; keys: Set<string> }> {
  const versions = new Set<number>();
  const reviews = new Set<string>();
  const keys = new Set<string>();
  const where = `e.session = any($4::uuid[])
    and e.event in ('operation.allowed', 'operation.denied', 'operation.reviewing', 'operation.completed')`;
  for await (const entry of reader.entries({ ...head, where, parameters: [sessions] })) {
    const signer = bodyFor(entry, 'operation.completed')?.recording?.agent?.key;
    if (signer !== undefined) keys.add(signer);
    const body = decidedIn(entry);
    if (body === undefined) continue;
    if (body.policyVersion > 0) versions.add(body.policyVersion);
    if (body.review !== undefined) reviews.add(body.review);
  }
  return { versions, reviews, keys };
}

const decidedIn = (entry: OpenedEntry): OperationDecided | undefined =>
  bodyFor(entry, 'operation.allowed') ?? bodyFor(entry, 'operation.denied') ?? bodyFor(entry, 'operation.reviewing');

async function activationsOf(reader: LogReader, head: Head, versions: ReadonlySet<number>): Promise<number[]> {
  const places: number[] = [];
  for await (const entry of reader.entries({ ...head, where: "e.event = 'policy.activated'" })) {
    const body = bodyFor(entry, 'policy.activated');
    if (body !== undefined && versions.has(body.version)) places.push(entry.seq);
  }
  return places;
}

/** Where these keys were put on record, by their digests. */
async function agentsOf(reader: LogReader, head: Head, keys: ReadonlySet<string>): Promise<number[]> {
  const places: number[] = [];
  if (keys.size === 0) return places;
  for await (const entry of reader.entries({ ...head, where: "e.event in ('agent.enrolled', 'agent.renewed')" })) {
    const body = bodyFor(entry, 'agent.enrolled') ?? bodyFor(entry, 'agent.renewed');
    if (body !== undefined && keys.has(digestOf(body.publicKey))) places.push(entry.seq);
  }
  return places;
}

const digestOf = (publicKey: string): string =>
  createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('hex');
