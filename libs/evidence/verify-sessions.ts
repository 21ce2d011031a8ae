import type {
  OperationCompleted,
  OperationDecided,
  OperationDenied,
  OperationReviewing,
  SessionEnded,
  SessionStarted,
} from './event-bodies.js';
import type { Findings } from './report.js';
import type { ReviewCheck } from './verify-reviews.js';

interface OperationState {
  readonly number: number;
  readonly digest: string;
  state: 'allowed' | 'reviewing';
  readonly provisional: boolean;
}

interface SessionState {
  readonly identity: string | undefined;
  readonly agent: string | undefined;
  /** Allowed or waiting, and not over. */
  readonly operations: Map<string, OperationState>;
  last: number;
  denied: number;
  /** Some entry of it is erased or sealed: its numbers cannot be checked. */
  hidden: boolean;
}

/** Sessions and their operations, in the order in which the log has them. */
export class SessionCheck {
  readonly #findings: Findings;
  readonly #reviews: ReviewCheck;
  readonly #open = new Map<string, SessionState>();
  readonly #ended = new Set<string>();

  constructor(findings: Findings, reviews: ReviewCheck) {
    this.#findings = findings;
    this.#reviews = reviews;
  }

  started(session: string, body: SessionStarted | undefined): void {
    this.#findings.counts.sessions += 1;
    if (this.#open.has(session) || this.#ended.has(session))
      this.#findings.add('session.started-twice', `session '${session}' starts twice`);
    this.#open.set(session, {
      identity: body?.identity.id,
      agent: body?.agent,
      operations: new Map(),
      last: 0,
      denied: 0,
      hidden: body === undefined,
    });
  }

  /** An entry whose body is erased or sealed. */
  hide(session: string): void {
    const state = this.#in(session);
    if (state !== undefined) state.hidden = true;
  }

  agentOf(session: string): string | undefined {
    return this.#open.get(session)?.agent;
  }

  #in(session: string): SessionState | undefined {
    const state = this.#open.get(session);
    if (state === undefined)
      this.#findings.add(
        this.#ended.has(session) ? 'session.after-end' : 'session.not-started',
        `an entry belongs to session '${session}', which is not open at this point`,
      );
    return state;
  }

  allowed(session: string, body: OperationDecided): void {
    const state = this.#in(session);
    if (state === undefined) return;
    const wasReviewing = this.#decision(state, body);
    if (wasReviewing && body.review === undefined)
      this.#findings.add('review.missing', `operation '${body.operation}' needed a review and was allowed without one`);
    if (body.review !== undefined) {
      this.#reviews.rests(body, state.identity);
      if (!wasReviewing) this.#unasked(state, body);
    }
    if (body.policies.length === 0)
      this.#findings.add('operation.no-policy', `operation '${body.operation}' was allowed by no policy`);
    state.operations.set(body.operation, {
      number: body.number,
      digest: body.digest,
      state: 'allowed',
      provisional: body.provisional === true,
    });
  }

  denied(session: string, body: OperationDenied): void {
    const state = this.#in(session);
    if (state === undefined) return;
    const wasReviewing = this.#decision(state, body);
    if (body.review !== undefined) {
      this.#reviews.refuses(body);
      if (!wasReviewing) this.#unasked(state, body);
    }
    state.denied += 1;
    state.operations.delete(body.operation);
  }

  /** Only a repeated request may rest on a review at once; the one that it was asked for has waited. */
  #unasked(state: SessionState, { operation, review }: OperationDecided): void {
    if (!state.hidden && this.#reviews.askedFor(review!) === operation)
      this.#findings.add(
        'operation.not-waiting',
        `operation '${operation}' rests on its review and did not wait for it`,
      );
  }

  reviewing(session: string, body: OperationReviewing): void {
    const state = this.#in(session);
    if (state === undefined) return;
    this.#decision(state, body);
    state.operations.set(body.operation, {
      number: body.number,
      digest: body.digest,
      state: 'reviewing',
      provisional: body.provisional === true,
    });
  }

  /** @returns whether it settles an operation that waited for people */
  #decision(state: SessionState, { operation, number, digest }: OperationDecided): boolean {
    this.#findings.counts.operations += 1;
    const known = state.operations.get(operation);
    if (known === undefined) {
      if (!state.hidden && number !== state.last + 1)
        this.#findings.add('operation.gap', `operation ${number} follows operation ${state.last}`);
      state.last = Math.max(state.last, number);
      return false;
    }
    this.#findings.counts.operations -= 1;
    if (known.state !== 'reviewing')
      this.#findings.add('operation.decided-twice', `operation '${operation}' is decided twice`);
    if (known.number !== number || known.digest !== digest)
      this.#findings.add('operation.changed', `operation '${operation}' is another one when it is settled`);
    return known.state === 'reviewing';
  }

  abandoned(session: string, operation: string): void {
    const state = this.#in(session);
    if (state === undefined) return;
    if (!state.hidden && state.operations.get(operation)?.state !== 'reviewing')
      this.#findings.add('operation.undecided', `operation '${operation}' was abandoned and did not wait`);
    state.operations.delete(operation);
  }

  completed(session: string, body: OperationCompleted): void {
    const state = this.#in(session);
    if (state === undefined) return;
    const known = state.operations.get(body.operation);
    const decided = known?.state === 'allowed' || known?.provisional === true;
    if (!decided && !state.hidden)
      this.#findings.add(
        'outcome.undecided',
        `operation '${body.operation}' has an outcome, and no decision that allowed it before that`,
      );
    state.operations.delete(body.operation);
  }

  ended(session: string, body: SessionEnded | undefined): void {
    const state = this.#in(session);
    if (state === undefined) return;
    if (body !== undefined && !state.hidden) this.#counts(state, body);
    this.#open.delete(session);
    this.#ended.add(session);
  }

  #counts(state: SessionState, body: SessionEnded): void {
    for (const [operation, { state: at }] of state.operations) {
      this.#findings.add(
        at === 'allowed' ? 'operation.no-outcome' : 'operation.unsettled',
        `operation '${operation}' has no ${at === 'allowed' ? 'outcome' : 'final decision'} when its session ends`,
      );
    }
    if (body.operations !== state.last)
      this.#findings.add(
        'session.counts',
        `session '${body.session}' ends with ${body.operations} operations, and ${state.last} are on record`,
      );
    if (body.denied !== state.denied)
      this.#findings.add(
        'session.counts',
        `session '${body.session}' ends with ${body.denied} denials, and ${state.denied} are on record`,
      );
  }

  has(session: string): boolean {
    return this.#open.has(session) || this.#ended.has(session);
  }

  /** Sessions without an end. */
  finish(): string[] {
    return [...this.#open.keys()];
  }
}
