import type { Entry } from './entry.js';
import type { EarlierOutcome, OperationDecided } from './event-bodies.js';
import type { EventBodies, EventName } from './events.js';
import type { SignedFooter } from './footer.js';
import type { RecordingId } from './recording.js';
import type { Findings } from './report.js';
import type { KeyCheck } from './verify-keys.js';
import type { PolicyCheck } from './verify-policies.js';
import type { RecordingCheck } from './verify-recordings.js';
import type { ReviewCheck } from './verify-reviews.js';
import type { SessionCheck } from './verify-sessions.js';

export interface Checks {
  readonly findings: Findings;
  readonly keys: KeyCheck;
  readonly policies: PolicyCheck;
  readonly recordings: RecordingCheck;
  readonly reviews: ReviewCheck;
  readonly sessions: SessionCheck;
}

/** What an event means, told to the checks that it concerns. `session` is the envelope's. */
type Rules = {
  readonly [E in EventName]?: (body: EventBodies[E], checks: Checks, entry: Entry, session: string) => void;
};

const footer = (
  signed: SignedFooter | undefined,
  { recordings, sessions }: Checks,
  id: { session: string; operation?: string },
  agent = sessions.agentOf(id.session),
): void => {
  if (signed !== undefined) recordings.footer(signed, id as unknown as RecordingId, agent);
};

/** Outcomes that a decision tells came before it. */
function earlier({ completed = [] }: OperationDecided, { sessions }: Checks, session: string): void {
  for (const outcome of completed) sessions.completed(session, outcome);
}

const rules: Rules = {
  'log.created': ({ origin }, { findings }, { seq, envelope }) => {
    if (seq !== 0 || origin !== envelope.log)
      findings.add('log.created', 'a log is created in another place than its beginning');
  },
  'key.rotated': (body, { keys }, { seq }) => keys.rotate(body, seq),
  'agent.enrolled': ({ agent, publicKey }, { recordings }) => recordings.agentKey(agent, publicKey),
  'agent.renewed': ({ agent, publicKey }, { recordings }) => recordings.agentKey(agent, publicKey),
  'policy.activated': (body, { policies }) => policies.activated(body),
  'session.started': (body, { sessions }, _entry, session) => sessions.started(session, body),
  'session.ended': (body, checks, _entry, session) => {
    footer(body.recording, checks, { session });
    checks.sessions.ended(session, body);
  },
  'operation.allowed': (body, checks, _entry, session) => {
    const { policies, sessions } = checks;
    earlier(body, checks, session);
    policies.decided(body, false);
    sessions.allowed(session, body);
  },
  'operation.denied': (body, checks, _entry, session) => {
    const { policies, sessions } = checks;
    earlier(body, checks, session);
    policies.decided(body, true);
    sessions.denied(session, body);
  },
  'operation.reviewing': (body, checks, _entry, session) => {
    const { policies, sessions } = checks;
    earlier(body, checks, session);
    policies.decided(body, false);
    sessions.reviewing(session, body);
  },
  'operation.abandoned': (body, { sessions }, _entry, session) => sessions.abandoned(session, body.operation),
  'operation.completed': (body, checks, _entry, session) => {
    footer(body.recording, checks, { session, operation: body.operation }, body.agent);
    checks.sessions.completed(session, body);
  },
  'review.requested': (body, { reviews }) => reviews.requested(body),
  'review.approved': (body, { reviews }) => reviews.approved(body),
  'review.rejected': (body, { reviews }) => reviews.rejected(body),
  'review.expired': (body, { reviews }) => reviews.expired(body),
  'review.consumed': (body, { reviews }) => reviews.consumed(body),
};

const tellsCompleted = (told: unknown, named: readonly string[] | undefined): boolean => {
  if (told === undefined || named === undefined) return told === named;
  if (!Array.isArray(told) || told.length !== named.length) return false;
  return (told as readonly Partial<EarlierOutcome>[]).every(({ operation }, at) => operation === named[at]);
};

/** The envelope routes an entry when its body is gone, so it must name what the body names. */
function routed(
  event: EventName,
  body: Readonly<Record<string, unknown>>,
  { session, operation, review, completed }: Entry['envelope'],
): boolean {
  const noun = event.split('.')[0];
  if (!tellsCompleted(body['completed'], completed)) return false;
  if (noun === 'session') return event === 'session.refused' || (session !== undefined && body['session'] === session);
  if (noun === 'operation') return session !== undefined && operation !== undefined && body['operation'] === operation;
  if (noun === 'review') return review !== undefined && body['review'] === review;
  return true;
}

/** Judges a body that is the leaf's own. Throws when it does not have its event's shape. */
export function takeBody<E extends EventName>(entry: Entry, event: E, body: unknown, checks: Checks): void {
  if (typeof body !== 'object' || body === null) throw new TypeError('it is no object');
  if (!routed(event, body as Readonly<Record<string, unknown>>, entry.envelope))
    checks.findings.add('entry.routing', `the envelope of entry ${entry.seq} does not name what its body is about`);
  else rules[event]?.(body as EventBodies[E], checks, entry, entry.envelope.session ?? '');
}
