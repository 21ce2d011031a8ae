import type {
  ConnectionId,
  ErrorCode,
  OperationId,
  PersonId,
  PolicyId,
  ReviewId,
  SessionId,
  TicketId,
} from '@sallyport/core';
import { digestOf } from './bytes.js';
import type { Actor, OperationDecided, Vote } from './event-bodies.js';
import { ada, agents, grace, linus, SampleLog } from './sample-log.js';
import { below } from './sample-random.js';

/** One session, with its operations: `kinds` are the letters of the ways an operation can go. */
export class SampleSession {
  readonly id: SessionId;
  readonly #log: SampleLog;
  readonly #identity: Actor;
  readonly #agent: number;
  #number = 0;
  #denied = 0;

  constructor(log: SampleLog, identity: Actor = ada, agent = 0) {
    this.#log = log;
    this.#identity = identity;
    this.#agent = agent;
    this.id = log.id<SessionId>('session');
    log.append(
      'session.started',
      {
        session: this.id,
        identity: {
          ...identity,
          class: 'person',
          id: identity.id as PersonId,
          issuer: 'https://issuer.example',
          subject: identity.name,
          groups: ['engineers'],
        },
        ticket: log.id<TicketId>('ticket'),
        turn: { aiSession: 'claude-1', turn: '3', toolCall: 'toolu_1' },
        connection: { id: 'clinic' as ConnectionId, name: 'clinic', version: 2, protocol: 'postgres' },
        target: 'clinic-db',
        agent: agents[agent]!,
        database: 'clinic',
        client: { name: 'psql', address: '192.0.2.7' },
        assurance: 'ticketed',
        recordsResponses: true,
      },
      { session: this.id },
    );
  }

  operation(statement: string): OperationDecided {
    this.#number += 1;
    return {
      operation: this.#log.id<OperationId>('operation'),
      number: this.#number,
      action: 'sql.execute',
      risk: 'read',
      text: statement,
      parameters: ['1', null],
      facts: { verbs: ['select'], has_where: true, statements: 1 },
      resources: ['public.patients'],
      digest: digestOf(statement),
      pure: true,
      assurance: 'ticketed',
      policies: ['clinic-readers' as PolicyId],
      policyVersion: this.#log.policyVersion,
      masking: digestOf('plan'),
    };
  }

  allow(body: OperationDecided): void {
    this.#log.append('operation.allowed', body, { session: this.id, operation: body.operation });
  }

  /** Allows an operation in an entry that tells the outcomes of earlier ones. */
  allowAfter(body: OperationDecided, earlier: readonly OperationDecided[], named = earlier): void {
    const at = this.#log.now().toISOString();
    this.#log.append(
      'operation.allowed',
      {
        ...body,
        completed: earlier.map(({ operation }) => ({ operation, status: 'done', rows: 1, maskedFields: 0, at })),
      },
      { session: this.id, operation: body.operation, completed: named.map(({ operation }) => operation) },
    );
  }

  complete({ operation }: OperationDecided, recorded = false): void {
    const recording = recorded ? this.#log.record(this.id, operation, this.#agent) : undefined;
    this.#log.append(
      'operation.completed',
      { operation, status: 'done', rows: 3, bytes: 120, maskedFields: 3, maskedBy: ['ssn'], durationMs: 4, recording },
      { session: this.id, operation },
    );
  }

  deny(body: OperationDecided, code: ErrorCode = 'POLICY_DENIED'): void {
    this.#denied += 1;
    this.#log.append(
      'operation.denied',
      { ...body, refusal: { code, message: 'not here' } },
      { session: this.id, operation: body.operation },
    );
  }

  readonly requirement = { groups: ['sre'], approvals: 1, timeoutMs: 600_000, onTimeout: 'deny' } as const;

  /** Asks for a review of an operation. */
  ask(body: OperationDecided, onTimeout: 'deny' | 'allow' = 'deny', provisional = false): ReviewId {
    const requirement = { ...this.requirement, onTimeout };
    this.#log.append(
      'operation.reviewing',
      { ...body, provisional: provisional || undefined, requirement },
      { session: this.id, operation: body.operation },
    );
    const review = this.#log.id<ReviewId>('review');
    const { operation, digest, policies, policyVersion } = body;
    const expiresAt = '2026-11-21T23:00:00.000Z';
    const request = {
      review,
      binding: digestOf(`${this.id}${digest}`),
      operationDigest: digest,
      operation,
      requestedBy: this.#identity,
      connection: 'clinic',
      requirement,
      policies,
      policyVersion,
      expiresAt,
    };
    this.#log.append('review.requested', request, { session: this.id, review });
    return review;
  }

  vote(review: ReviewId, by: Actor, verdict: 'approve' | 'reject', changes: Partial<Vote> = {}): void {
    const vote: Vote = {
      by,
      groups: ['sre'],
      verdict,
      reason: 'looked at it',
      at: this.#log.now().toISOString(),
      ...changes,
    };
    this.#log.append('review.voted', { review, vote }, { session: this.id, review });
    this.#log.append(
      verdict === 'approve' ? 'review.approved' : 'review.rejected',
      { review, votes: [vote] },
      { session: this.id, review },
    );
  }

  expire(review: ReviewId, applied: 'deny' | 'allow'): void {
    this.#log.append('review.expired', { review, applied }, { session: this.id, review });
  }

  consume(review: ReviewId, body: OperationDecided): void {
    this.#log.append('review.consumed', { review, operation: body.operation }, { session: this.id, review });
    this.allow({ ...body, review });
  }

  abandon({ operation }: OperationDecided, review: ReviewId): void {
    this.#log.append('operation.abandoned', { operation, review }, { session: this.id, operation });
  }

  end(recorded = false): void {
    const recording = recorded ? this.#log.record(this.id, undefined, this.#agent) : undefined;
    const reason = { code: 'CLIENT_LEFT', message: 'the client closed the connection' } as const;
    this.#log.append(
      'session.ended',
      {
        session: this.id,
        operations: this.#number,
        denied: this.#denied,
        bytes: { toTarget: 300, toClient: 900 },
        reason,
        recording,
      },
      { session: this.id },
    );
  }
}

/** The ways an operation can go. */
const ways: readonly ((log: SampleLog, session: SampleSession) => void)[] = [
  (_log, session) => {
    const operation = session.operation('select * from patients');
    session.allow(operation);
    session.complete(operation, true);
  },
  (_log, session) => {
    const [first, second] = [session.operation('select 1'), session.operation('select 2')];
    session.allow(first);
    session.allow(second);
    session.complete(first);
    session.complete(second);
  },
  (_log, session) => {
    const [first, second] = [session.operation('select 1'), session.operation('select 2')];
    session.allow(first);
    session.allowAfter(second, [first]);
    session.complete(second);
  },
  (_log, session) => session.deny(session.operation('drop table patients')),
  (_log, session) => {
    const operation = session.operation('delete from patients where id = 1');
    const review = session.ask(operation);
    session.vote(review, grace, 'approve');
    session.consume(review, operation);
    session.complete(operation);
  },
  (_log, session) => {
    const operation = session.operation('delete from patients where id = 2');
    const review = session.ask(operation);
    session.vote(review, grace, 'reject');
    session.deny({ ...operation, review }, 'REVIEW_REJECTED');
  },
  (_log, session) => {
    const operation = session.operation('update patients set name = $1 where id = $2');
    const review = session.ask(operation, 'allow');
    session.expire(review, 'allow');
    session.allow({ ...operation, review });
    session.complete(operation);
  },
  (_log, session) => {
    const [waited, again] = [
      session.operation('delete from visits where id = 3'),
      session.operation('delete from visits where id = 3'),
    ];
    const review = session.ask(waited);
    session.abandon(waited, review);
    session.vote(review, linus, 'approve');
    session.consume(review, again);
    session.complete(again);
  },
  (_log, session) => {
    const parse = session.operation('delete from visits where id = $1');
    const review = session.ask(parse, 'deny', true);
    session.complete(parse);
    session.expire(review, 'deny');
  },
  (log, session) => {
    log.activate(log.policies.size + 1);
    const operation = session.operation('select 3');
    session.allow(operation);
    session.complete(operation, true);
  },
  (log) => log.activate(1),
];

/** A whole log by seed: sessions side by side, every way an operation can go, checkpoints in between. */
export async function sampleLog(
  seed: number,
  { sessions = 3, steps = 12 } = {},
): Promise<{ log: SampleLog; sessions: SampleSession[] }> {
  const log = new SampleLog(seed);
  const pick = (limit: number): number => below(log.random, limit);
  log.begin();
  const open = Array.from(
    { length: sessions },
    (_, index) => new SampleSession(log, [ada, ada, grace][index % 3], index % 2),
  );
  for (let step = 0; step < steps; step += 1) {
    const session = open[pick(open.length)]!;
    const way = ways[(seed + step) % ways.length]!;
    // Grace does not settle what she asked for herself.
    if (session === open[2] && /grace/.test(way.toString())) open[0]!.deny(open[0]!.operation('vacuum'));
    else way(log, session);
    if (pick(3) === 0) await log.checkpoint(pick(3));
  }
  for (const [index, session] of open.entries()) if (index > 0 || seed % 3 > 0) session.end(seed % 2 === 0);
  if (seed % 4 === 1 && open.length > 1) log.erase(open[1]!.id);
  if (seed % 5 === 2) {
    log.rotate();
    log.append('agent.connected', { agent: agents[0]!, name: 'agent 1' });
  }
  await log.checkpoint();
  return { log, sessions: open };
}
