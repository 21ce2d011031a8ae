import type { Envelope, EventBodies, EventName } from '@sallyport/evidence';
import { describe, expect, test } from 'vitest';
import { type Changes, fold, type Told } from './fold.js';

const session = '0193a000-0000-7000-8000-000000000001';
const one = '0193a000-0000-7000-8000-000000000011';

const told = (seq: number, event: string, body?: object, about: Partial<Envelope> = {}): Told => ({
  seq,
  event,
  envelope: { v: 1, log: 'log', event, at: `2026-01-01T00:00:0${seq}.000Z`, ...about },
  ...(body && { body: body as EventBodies[EventName] }),
});
const inSession = { session } as Partial<Envelope>;
const ofOne = { session, operation: one } as Partial<Envelope>;
const decided = {
  number: 1,
  action: 'sql.execute',
  risk: 'write',
  digest: 'd',
  assurance: 'ticketed',
  policies: ['p'],
  policyVersion: 1,
};

const story: readonly Told[] = [
  told(
    0,
    'session.started',
    {
      identity: { id: 'ada', class: 'person' },
      connection: { id: 'c', name: 'patients', version: 1, protocol: 'postgres' },
      ticket: 't',
      turn: {},
      assurance: 'ticketed',
      recordsResponses: false,
    },
    inSession,
  ),
  told(1, 'operation.reviewing', decided, ofOne),
  told(2, 'review.requested', {}, inSession),
  told(3, 'operation.allowed', { ...decided, review: 'r' }, ofOne),
  told(4, 'operation.completed', { operation: one, status: 'done', maskedFields: 0 }, ofOne),
  told(
    5,
    'session.ended',
    { reason: { code: 'CLIENT_LEFT', message: '' }, operations: 1, denied: 0, bytes: { toTarget: 1, toClient: 2 } },
    inSession,
  ),
];

describe('what entries change in the tables', () => {
  test('an operation keeps when it was asked, and takes its last decision and its outcome', () => {
    const { operations } = fold(story);
    expect(operations.get(one)).toMatchObject({
      seq: 1,
      at: '2026-01-01T00:00:01.000Z',
      decision: 'allowed',
      review_id: 'r',
      status: 'done',
      completed_seq: 4,
    });
  });

  test('an outcome that a later decision tells is the same as one in an entry of its own, but for its time', () => {
    const two = '0193a000-0000-7000-8000-000000000012';
    const outcome = { operation: one, status: 'done', rows: 3, maskedFields: 1 };
    const next = { ...decided, number: 2, completed: [{ ...outcome, at: '2026-01-01T00:00:04.500Z' }] };
    const about = { session, operation: two, completed: [one] } as unknown as Partial<Envelope>;
    const together = fold([told(3, 'operation.allowed', decided, ofOne), told(5, 'operation.allowed', next, about)]);
    const apart = fold([
      told(3, 'operation.allowed', decided, ofOne),
      told(5, 'operation.completed', outcome, ofOne),
      told(5, 'operation.allowed', { ...decided, number: 2 }, { ...inSession, operation: two } as Partial<Envelope>),
    ]);
    const { completed_at: known, ...rest } = together.operations.get(one)!;
    expect(known).toBe('2026-01-01T00:00:04.500Z');
    expect(apart.operations.get(one)).toMatchObject(rest);
    expect(together.operations.get(two)).toEqual(apart.operations.get(two));

    const erased = fold([told(5, 'operation.allowed', undefined, about)]);
    expect(erased.operations.get(one)).toEqual({
      session_id: session,
      completed_seq: 5,
      completed_at: '2026-01-01T00:00:05.000Z',
    });
  });

  test('a session is known by its start and its end', () => {
    const { sessions, ended } = fold(story);
    expect(sessions.get(session)).toMatchObject({
      person_id: 'ada',
      connection_name: 'patients',
      started_seq: 0,
      ended_seq: 5,
      end_reason: 'CLIENT_LEFT',
      operations: 1,
    });
    expect(ended).toEqual([session]);
  });

  test('without bodies only what the envelopes say is left', () => {
    const erased = story.map(({ seq, event, envelope }): Told => ({ seq, event, envelope }));
    const { sessions, operations } = fold(erased);
    expect(sessions.get(session)).toEqual({
      started_seq: 0,
      started_at: '2026-01-01T00:00:00.000Z',
      ended_seq: 5,
      ended_at: '2026-01-01T00:00:05.000Z',
    });
    expect(Object.keys(operations.get(one)!).sort()).toEqual([
      'at',
      'completed_at',
      'completed_seq',
      'decision',
      'seq',
      'session_id',
    ]);
  });

  test('a destroyed key names the session to erase', () => {
    const { erased } = fold([told(6, 'key.destroyed', { key: session })]);
    expect([...erased]).toEqual([[session, '2026-01-01T00:00:06.000Z']]);
  });

  test('batches of any size come to the same rows', () => {
    // As the tables merge: where it was asked is kept, everything else is replaced.
    const kept = new Set(['seq', 'at', 'session_id', 'started_seq', 'started_at']);
    const merge = (rows: Map<string, Record<string, unknown>>, changes: Changes['operations']) => {
      for (const [id, columns] of changes) {
        const row = rows.get(id) ?? {};
        for (const [name, value] of Object.entries(columns))
          if (!(kept.has(name) && name in row) && value !== null) row[name] = value;
        rows.set(id, row);
      }
    };
    const rowsIn = (size: number) => {
      const rows = new Map<string, Record<string, unknown>>();
      for (let from = 0; from < story.length; from += size) {
        const { sessions, operations } = fold(story.slice(from, from + size));
        merge(rows, sessions);
        merge(rows, operations);
      }
      return Object.fromEntries(rows);
    };
    for (const size of [1, 2, 3, 4]) expect(rowsIn(size)).toEqual(rowsIn(story.length));
  });
});
