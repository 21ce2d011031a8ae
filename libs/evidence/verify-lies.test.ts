// What a gateway that signs with its own keys, and is cosigned in good faith, must not get past an auditor.
import type { OperationId, PolicyId, ReviewId, SessionId } from '@sallyport/core';
import { expect, test } from 'vitest';
import { digestOf } from './bytes.js';
import { ada, grace, pins, SampleLog } from './sample-log.js';
import { SampleSession } from './sample-session.js';
import { verifyBundle } from './verify-bundle.js';

async function* from(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}

type Lie = (session: SampleSession, log: SampleLog) => void;

async function findingsOf(lie: Lie): Promise<string[]> {
  const log = new SampleLog(3);
  log.begin();
  const session = new SampleSession(log);
  lie(session, log);
  await log.checkpoint();
  const report = await verifyBundle(from(await log.bundle()), pins);
  return [...new Set(report.findings.map(({ code }) => code))];
}

const statement = 'delete from patients where id = 1';
const robot = { ...grace, id: 'robot' as never, class: 'ai', name: 'robot' } as const;

const lies: readonly [string, string, Lie][] = [
  ['an outcome without a decision', 'outcome.undecided', (session) => session.complete(session.operation('select 1'))],
  [
    'an outcome of a denied operation',
    'outcome.undecided',
    (session) => {
      const operation = session.operation('drop table patients');
      session.deny(operation);
      session.complete(operation);
    },
  ],
  [
    'an outcome while people were still asked',
    'outcome.undecided',
    (session) => {
      const operation = session.operation(statement);
      session.ask(operation);
      session.complete(operation);
    },
  ],
  [
    'two outcomes of one operation',
    'outcome.undecided',
    (session) => {
      const operation = session.operation('select 1');
      session.allow(operation);
      session.complete(operation);
      session.complete(operation);
    },
  ],
  [
    'an outcome without a decision, told with a later one',
    'outcome.undecided',
    (session) => {
      const unasked = session.operation('select 1');
      session.allowAfter(session.operation('select 2'), [unasked]);
    },
  ],
  [
    'two outcomes of one operation, one told with a later decision',
    'outcome.undecided',
    (session) => {
      const [first, second] = [session.operation('select 1'), session.operation('select 2')];
      session.allow(first);
      session.complete(first);
      session.allowAfter(second, [first]);
    },
  ],
  [
    'an outcome that the envelope does not name',
    'entry.routing',
    (session) => {
      const [first, second, third] = [1, 2, 3].map((number) => session.operation(`select ${number}`));
      session.allow(first!);
      session.allow(second!);
      session.allowAfter(third!, [first!, second!], [first!]);
    },
  ],
  [
    'an outcome of another operation than the envelope names',
    'entry.routing',
    (session) => {
      const [first, second, third] = [1, 2, 3].map((number) => session.operation(`select ${number}`));
      session.allow(first!);
      session.allow(second!);
      session.allowAfter(third!, [first!], [second!]);
    },
  ],
  [
    'an operation that is allowed without the review it waited for',
    'review.missing',
    (session) => {
      const operation = session.operation(statement);
      session.ask(operation);
      session.allow(operation);
    },
  ],
  [
    'an operation that rests on a review that is not there',
    'review.missing',
    (session) => session.allow({ ...session.operation(statement), review: 'review-x' as ReviewId }),
  ],
  [
    'an approval that nobody gave',
    'review.not-approved',
    (session) => {
      const operation = session.operation(statement);
      session.consume(session.ask(operation), operation);
    },
  ],
  [
    'an approval that was rejected',
    'review.not-approved',
    (session) => {
      const operation = session.operation(statement);
      const review = session.ask(operation);
      session.vote(review, grace, 'reject');
      session.consume(review, operation);
    },
  ],
  [
    'an approval by the requester',
    'review.self-settled',
    (session) => {
      const operation = session.operation(statement);
      const review = session.ask(operation);
      session.vote(review, ada, 'approve');
      session.consume(review, operation);
    },
  ],
  [
    'an approval by an AI',
    'review.not-human',
    (session) => session.vote(session.ask(session.operation(statement)), robot, 'approve'),
  ],
  [
    'an approval by somebody who was not asked',
    'review.outsider',
    (session) => session.vote(session.ask(session.operation(statement)), grace, 'approve', { groups: ['sales'] }),
  ],
  [
    'an approval that came too late',
    'review.late',
    (session) =>
      session.vote(session.ask(session.operation(statement)), grace, 'approve', { at: '2026-11-22T00:00:00.000Z' }),
  ],
  [
    'an approval with too few votes',
    'review.too-few',
    (session, log) => {
      const review = session.ask(session.operation(statement));
      log.append('review.approved', { review, votes: [] }, { session: session.id, review });
    },
  ],
  [
    'an approval that is used twice',
    'review.consumed-twice',
    (session) => {
      const [first, second] = [session.operation(statement), session.operation(statement)];
      const review = session.ask(first);
      session.vote(review, grace, 'approve');
      session.consume(review, first);
      session.consume(review, second);
    },
  ],
  [
    'an approval that is used for another statement',
    'review.digest',
    (session) => {
      const [asked, run] = [session.operation(statement), session.operation('delete from patients')];
      const review = session.ask(asked);
      session.vote(review, grace, 'approve');
      session.consume(review, run);
    },
  ],
  [
    'an operation that turns into another one when it is settled',
    'operation.changed',
    (session) => {
      const operation = session.operation(statement);
      const review = session.ask(operation);
      session.vote(review, grace, 'approve');
      session.consume(review, { ...operation, digest: digestOf('delete from patients') });
    },
  ],
  [
    'a time-out that allowed where the policy said deny',
    'review.not-consumed',
    (session) => {
      const operation = session.operation(statement);
      const review = session.ask(operation, 'deny');
      session.expire(review, 'allow');
      session.allow({ ...operation, review });
    },
  ],
  [
    'a review that was settled and never asked for',
    'review.unrequested',
    (session) => session.vote('review-x' as ReviewId, grace, 'approve'),
  ],
  [
    'a missing operation number',
    'operation.gap',
    (session) => {
      session.operation('never recorded');
      const operation = session.operation('select 1');
      session.allow(operation);
      session.complete(operation);
    },
  ],
  [
    'a session that ends with another number of operations',
    'session.counts',
    (session) => {
      const operation = session.operation('select 1');
      session.allow(operation);
      session.complete(operation);
      session.operation('never recorded');
      session.end();
    },
  ],
  [
    'an operation without an outcome when its session ends',
    'operation.no-outcome',
    (session) => {
      session.allow(session.operation('select 1'));
      session.end();
    },
  ],
  [
    'an operation that nobody settled when its session ends',
    'operation.unsettled',
    (session) => {
      session.ask(session.operation(statement));
      session.end();
    },
  ],
  [
    'an operation after the end of its session',
    'session.after-end',
    (session) => {
      session.end();
      session.deny(session.operation('select 1'));
    },
  ],
  [
    'an operation of a session that never started',
    'session.not-started',
    (session, log) => {
      const body = session.operation('select 1');
      log.append('operation.allowed', body, { session: 'session-x' as SessionId, operation: body.operation });
    },
  ],
  [
    'a session that starts twice',
    'session.started-twice',
    (session, log) => {
      const entry = log.entries.find(({ envelope }) => envelope.session === session.id)!;
      log.place(entry);
    },
  ],
  [
    'an operation that is decided twice',
    'operation.decided-twice',
    (session) => {
      const operation = session.operation('select 1');
      session.allow(operation);
      session.allow(operation);
    },
  ],
  [
    'an operation that no policy allowed',
    'operation.no-policy',
    (session) => session.allow({ ...session.operation('select 1'), policies: [] as PolicyId[] }),
  ],
  [
    'a decision by a policy version that was never active',
    'policy.not-active',
    (session) => session.allow({ ...session.operation('select 1'), policyVersion: 9 }),
  ],
  [
    'a policy version that is another one when it is activated again',
    'policy.changed',
    (_session, log) =>
      log.append('policy.activated', { version: 1, digest: digestOf('other'), comment: '', by: grace }),
  ],
  [
    'an envelope that names another operation than its body',
    'entry.routing',
    (session, log) => {
      const body = session.operation('select 1');
      log.append('operation.allowed', body, { session: session.id, operation: 'operation-x' as OperationId });
    },
  ],
  [
    'a recording that is on record and withheld',
    'recording.missing',
    (session, log) => {
      session.end(true);
      log.recordings.length = 0;
    },
  ],
  [
    'a recording by an agent that served another session',
    'recording.other-agent',
    (_session, log) => {
      const other = new SampleSession(log, grace, 1);
      log.append(
        'session.ended',
        {
          session: other.id,
          operations: 0,
          denied: 0,
          bytes: { toTarget: 0, toClient: 0 },
          reason: { code: 'CLIENT_LEFT', message: '' },
          recording: log.record(other.id, undefined, 0),
        },
        { session: other.id },
      );
    },
  ],
  [
    'a body that is not that of its event',
    'body.malformed',
    (session, log) =>
      log.append('operation.allowed', { operation: 'o' } as never, {
        session: session.id,
        operation: 'o' as OperationId,
      }),
  ],
  [
    'a log that is created anew in its middle',
    'log.created',
    (_session, log) => log.append('log.created', { origin: 'gateway.example/log', key: '' }),
  ],
];

test('the log that is lied in is clean without a lie', async () => {
  expect(await findingsOf((session) => session.end(true))).toEqual([]);
});

test.each(lies)('%s is found as %s', async (_name, code, lie) => {
  expect(await findingsOf(lie)).toContain(code);
});

test('a review that an erased session asked for is not proven, and no alarm', async () => {
  const log = new SampleLog(3);
  log.begin();
  const [first, second] = [new SampleSession(log), new SampleSession(log)];
  const [waited, again] = [first.operation(statement), second.operation(statement)];
  const review = first.ask(waited);
  first.abandon(waited, review);
  first.vote(review, grace, 'approve');
  log.append('review.consumed', { review, operation: again.operation }, { session: second.id, review });
  second.allow({ ...again, review });
  second.complete(again);
  first.end();
  second.end();
  log.erase(first.id);
  await log.checkpoint();
  const report = await verifyBundle(from(await log.bundle()), pins);
  expect(report.findings).toEqual([]);
  expect(report.notProven.join('\n')).toContain('reviews with erased or sealed entries');
});
