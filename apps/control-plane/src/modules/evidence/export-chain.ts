import type { SessionId, TurnContext } from '@sallyport/core';
import { bodyFor, type EntrySelection, type LogReader, type OpenedEntry } from './log-reader.js';

const chain = [
  'ai-turn.prompted',
  'tool-call.proposed',
  'tool-call.asked',
  'tool-call.finished',
  'ai-session.reconfigured',
  'ai-session.ended',
] as const;
const listed = chain.map((event) => `'${event}'`).join(', ');
/** What has led to a session was told before it began, and what came of it is told a while after. */
const around = { beforeMs: 24 * 3_600_000, afterMs: 3_600_000 };

/** Whose AI session some sessions of the gateway were part of, in its client's own words. */
interface Conversations {
  readonly keys: Set<string>;
  from: number;
  to: number;
}

/**
 * Where it is on record what led to sessions: prompts and tool calls of the AI sessions that their operations name. Read out
 * of the log alone, so that a bundle never says more than what the log has.
 */
export async function causesOf(
  reader: LogReader,
  head: Pick<EntrySelection, 'log' | 'size'>,
  sessions: readonly SessionId[],
): Promise<number[]> {
  const { keys, from, to } = await conversationsOf(reader, head, sessions);
  const places: number[] = [];
  if (keys.size === 0) return places;
  const where = `e.event in (${listed}) and e.at >= $4 and e.at < $5`;
  const parameters = [new Date(from - around.beforeMs), new Date(to + around.afterMs)];
  for await (const entry of reader.entries({ ...head, where, parameters })) {
    const body = toldIn(entry);
    if (body !== undefined && keys.has(keyOf(body.person, body.client, body.clientSession))) places.push(entry.seq);
  }
  return places;
}

async function conversationsOf(
  reader: LogReader,
  head: Pick<EntrySelection, 'log' | 'size'>,
  sessions: readonly SessionId[],
): Promise<Conversations> {
  const found: Conversations = { keys: new Set(), from: Number.POSITIVE_INFINITY, to: 0 };
  const people = new Map<string, string>();
  const where = `e.session = any($4::uuid[])
    and e.event in ('session.started', 'operation.allowed', 'operation.denied', 'operation.reviewing')`;
  for await (const entry of reader.entries({ ...head, where, parameters: [sessions] })) {
    const session = entry.entry.envelope.session ?? '';
    const started = bodyFor(entry, 'session.started');
    if (started !== undefined) people.set(session, started.identity.id);
    const person = people.get(session);
    const turn = started?.turn ?? decidedTurn(entry);
    if (person === undefined || turn?.aiSession === undefined) continue;
    found.keys.add(keyOf(person, turn.client ?? 'unnamed', turn.aiSession));
    const at = Date.parse(entry.at);
    found.from = Math.min(found.from, at);
    found.to = Math.max(found.to, at);
  }
  return found;
}

const decidedTurn = (entry: OpenedEntry): TurnContext | undefined =>
  (bodyFor(entry, 'operation.allowed') ?? bodyFor(entry, 'operation.denied') ?? bodyFor(entry, 'operation.reviewing'))
    ?.turn;

function toldIn(entry: OpenedEntry) {
  for (const event of chain) {
    const body = bodyFor(entry, event);
    if (body !== undefined) return body;
  }
  return undefined;
}

const keyOf = (person: string, client: string, session: string): string => JSON.stringify([person, client, session]);
