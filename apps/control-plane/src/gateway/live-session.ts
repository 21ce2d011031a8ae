import {
  type ConnectionId,
  type Decision,
  type Digest,
  type ErrorCode,
  GatewayError,
  type Identity,
  likenessOf,
  type MaskingPlan,
  type Operation,
  type Refusal,
  refusalOf,
  type SessionId,
  type TurnContext,
} from '@sallyport/core';
import {
  type CatalogueSnapshot,
  type Channel,
  type ConnectionView,
  type Exchange,
  type Frame,
  type Guards,
  type ModelEstimate,
  type ModelReservation,
  type ModelWitness,
  type RecordedOperation,
  type ReviewContext,
  type SessionHandle,
  type Settled,
  serve,
} from '@sallyport/engine';
import type { PolicyRequest } from '@sallyport/policy';
import { opened } from '@sallyport/tunnel';
import type { Connection } from '../modules/connections/connection.js';
import { type NamedAiSession, namedAiSession } from '../modules/kill-switch/ended-ai-sessions.js';
import type { AdmittedOperation, SessionRecorder } from '../modules/recording/recorder.js';
import { aiSessionEnded } from '../modules/tickets/attribution.js';
import type { RedeemedTicket } from '../modules/tickets/ticket.js';
import { type TurnKey, turnKeyOf } from '../modules/turns/turn-key.js';
import type { House, TrafficSource } from './house.js';
import { Turnstile } from './turnstile.js';

export interface LiveSessionOptions {
  readonly id: SessionId;
  readonly ticket: RedeemedTicket;
  readonly connection: Connection;
  readonly recorder: SessionRecorder;
  readonly house: House;
  /** Towards the agent, while the session's start is put on record; nothing is said on it before `open`. */
  readonly way?: Promise<Channel>;
  /** Called once, when it has ended and its end is on record or being put there. */
  readonly left: () => void;
}

export const dialTimeoutMs = 15_000;
/** Ways of one session that an agent is asked for at once. */
const mostOpenings = 8;
/** Stands on record where no plan was there: nothing ran then. */
const noPlan = '0'.repeat(64) as Digest;

/** One identity's use of one connection, on the replica that serves it: what the engine asks of the house, for it. */
export class LiveSession implements SessionHandle, Guards {
  readonly id: SessionId;
  readonly ticket: RedeemedTicket;
  readonly #house: House;
  readonly #recorder: SessionRecorder;
  readonly #left: () => void;
  readonly #ending = new AbortController();
  readonly #admitted = new WeakMap<Operation, AdmittedOperation>();
  readonly #bytes = { toTarget: 0, toClient: 0 };
  #identity: Identity;
  #connection: Connection;
  #closed = false;
  #say: (text: string) => void = () => undefined;
  #ofTicket: InTurn | undefined;
  /** What is to be called off when an AI session ends, by its name. */
  readonly #underWay = new Map<string, Set<(reason: GatewayError) => void>>();

  #way: Promise<Channel | undefined> | undefined;
  readonly #openings = new Turnstile(mostOpenings);

  constructor({ id, ticket, connection, recorder, house, left, way }: LiveSessionOptions) {
    this.id = id;
    this.ticket = ticket;
    this.#identity = ticket.identity;
    this.#connection = connection;
    this.#recorder = recorder;
    this.#house = house;
    this.#left = left;
    this.#way = way?.catch(() => undefined); // asked for again, and then its failure is told
  }

  get identity(): Identity {
    return this.#identity;
  }

  get turn() {
    return this.ticket.turn;
  }

  get ticketExpiresAt(): Date {
    return this.ticket.expiresAt;
  }

  get ended(): AbortSignal {
    return this.#ending.signal;
  }

  get connectionId(): ConnectionId {
    return this.#connection.id;
  }

  get connection(): ConnectionView {
    const { name, version, target, databases, settings } = this.#connection;
    return { name, version, target, databases, settings: { ...settings } };
  }

  /** What must be protected while this session runs. */
  get protectedConnection(): Connection | undefined {
    return this.#connection.requireProtected ? this.#connection : undefined;
  }

  run(exchanges: AsyncIterable<Exchange>): Promise<void> {
    return serve(exchanges, this);
  }

  /** Side by side, so many at once. */
  async open(head: Uint8Array): Promise<Channel> {
    await this.#openings.enter();
    try {
      return await this.#open(head);
    } finally {
      this.#openings.leave();
    }
  }

  async #open(head: Uint8Array): Promise<Channel> {
    // Again: an agent may have come, or spoken, while the session waited for a review.
    await this.#house.protection.assertProtected(this.#connection);
    const way = await this.#reached();
    if (way !== undefined) return this.#counted(opened(way, head));
    const { target, protocol } = this.#connection;
    const request = { session: this.id, target, protocol, head };
    return this.#counted(await this.#house.tunnel.open(request, { timeoutMs: dialTimeoutMs, signal: this.ended }));
  }

  /**
   * The way that was reached ahead, for whoever asks first, unless it has broken since: a review may have taken an hour.
   * INVARIANT: a session that has ended is not opened, and its way is destroyed.
   */
  async #reached(): Promise<Channel | undefined> {
    this.ended.throwIfAborted();
    const ahead = this.#way;
    if (ahead === undefined) return undefined;
    this.#way = undefined;
    const way = await Promise.race([ahead, aborted(this.ended)]);
    if (this.ended.aborted) discard(ahead);
    this.ended.throwIfAborted();
    if (way === undefined) return undefined;
    const isOver = await Promise.race([way.closed.then(() => true), Promise.resolve(false)]);
    return isOver ? undefined : way;
  }

  confirmed(): Promise<void> | undefined {
    const [policies, rules] = [this.#house.policies.confirmed(), this.#house.masking.confirmed()];
    return policies === undefined ? rules : policies.then(() => rules);
  }

  catalogue(database: string): CatalogueSnapshot | undefined {
    return this.#house.tunnel.catalogue(this.#connection.target, database);
  }

  knowsCatalogue(digest: string): boolean {
    return this.#connection.databases.some((database) => this.catalogue(database)?.digest === digest);
  }

  tell(say: (text: string) => void): void {
    this.#say = say;
  }

  /** The client hears it as soon as its protocol allows. */
  say(text: string): void {
    this.#say(text);
  }

  /** Ends it from outside: the protocol tells its client why. */
  end(code: ErrorCode, message: string): void {
    this.#ending.abort(new GatewayError(code, message));
  }

  /** An AI session was ended for good: with the one that its ticket is of it ends, of others only what is under way. */
  endAiSession(ended: NamedAiSession): void {
    const name = nameOf(ended);
    const ofTicket = namedAiSession(this.#identity.id, this.turn);
    if (ofTicket !== undefined && nameOf(ofTicket) === name) this.#ending.abort(aiSessionEnded());
    for (const act of this.#underWay.get(name) ?? []) act(aiSessionEnded());
  }

  untilEnded(operation: Pick<Operation, 'turn'>, act: (reason: GatewayError) => void): () => void {
    const callOff = [this.#untilThisEnds(act)];
    const { aiSession } = this.#contextOf(operation);
    if (aiSession !== undefined) callOff.push(this.#untilAiSessionEnds(aiSession, act));
    return () => {
      for (const each of callOff) each();
    };
  }

  #untilThisEnds(act: (reason: GatewayError) => void): () => void {
    const ended = (): void => act(this.ended.reason as GatewayError);
    this.ended.addEventListener('abort', ended, { once: true });
    return () => this.ended.removeEventListener('abort', ended);
  }

  #untilAiSessionEnds(aiSession: NamedAiSession, act: (reason: GatewayError) => void): () => void {
    const name = nameOf(aiSession);
    const acts = this.#underWay.get(name) ?? new Set();
    this.#underWay.set(name, acts.add(act));
    return () => {
      acts.delete(act);
      if (acts.size === 0) this.#underWay.delete(name);
    };
  }

  /** The login behind it was looked at again: groups may have changed. */
  recognise(identity: Identity): void {
    this.#identity = identity;
  }

  /** The connection was changed: what it may still be used for holds at once; another target is another session. */
  reconnect(changed: Connection): void {
    const same =
      JSON.stringify(changed.settings) === JSON.stringify(this.#connection.settings) &&
      changed.target === this.#connection.target &&
      this.#connection.databases.every((database) => changed.databases.includes(database));
    this.#connection = changed;
    if (!same) this.end('SESSION_ENDED', 'the connection was changed');
  }

  witness(seen: ModelWitness): Promise<void> {
    return this.#house.witnesses.witness(this.#source, seen);
  }

  reserve(estimate: ModelEstimate): Promise<ModelReservation> {
    return this.#house.budgets.reserve(this.#source, estimate);
  }

  get #source(): TrafficSource {
    const { assurance } = this.ticket;
    return { session: this.id, identity: this.#identity, connection: this.#connection.name, assurance };
  }

  close(reason?: Refusal): void {
    if (this.#closed) return;
    this.#closed = true;
    discard(this.#way);
    void this.#recordEnd(reason);
  }

  async #recordEnd(reason: Refusal | undefined): Promise<void> {
    const { code, message } = reason ?? { code: 'CLIENT_LEFT' as const, message: 'the client ended the session' };
    try {
      await this.#recorder.ended({ reason: { code, message }, bytes: { ...this.#bytes } });
    } finally {
      this.#left();
    }
  }

  // ------------------------------------------------------------------------------------------------ what the engine asks

  /** Waits only where the request names a turn that this replica knows nothing of: the ticket's own was read at the door. */
  decide(operation: Operation): Decision | Promise<Decision> {
    const reading = this.#readTurn(operation);
    return reading === undefined ? this.#decide(operation) : reading.then(() => this.#decide(operation));
  }

  #readTurn(operation: Operation): Promise<unknown> | undefined {
    const { key, aiSession } = this.#contextOf(operation);
    const { turns, endedAiSessions } = this.#house;
    const isTurnKnown = key === undefined || turns.soFar(key) !== undefined;
    const isSessionKnown = aiSession === undefined || endedAiSessions.has(aiSession) !== undefined;
    if (isTurnKnown && isSessionKnown) return undefined;
    return Promise.all([isTurnKnown || turns.load(key), isSessionKnown || endedAiSessions.read(aiSession)]);
  }

  #decide(operation: Operation): Decision {
    const decision =
      this.#ofEnded(operation) ?? this.#orWhole(operation, this.#house.policies.admit(this.#request(operation)));
    this.#house.decided(decision.outcome);
    this.#count(operation, decision);
    return decision;
  }

  /** A part that no policy speaks about is what the whole is, which was allowed already: asked again, for its policies. */
  #orWhole({ action, within }: Operation, decision: Decision): Decision {
    if (within === undefined || decision.outcome !== 'deny') return decision;
    const { policies } = this.#house;
    const isSilence = decision.policies.length === 0 && decision.refusal.code === 'POLICY_DENIED';
    if (!isSilence || policies.names(action)) return decision;
    const whole = policies.decide(this.#request(within));
    if (whole.outcome === 'deny') return whole;
    return { outcome: 'allow', policies: whole.policies, policyVersion: whole.policyVersion };
  }

  /** One session may carry several AI sessions: the end of one of them is not the end of the session. */
  #ofEnded(operation: Operation): Decision | undefined {
    const { aiSession } = this.#contextOf(operation);
    if (aiSession === undefined || this.#house.endedAiSessions.has(aiSession) !== true) return undefined;
    const { policyVersion } = this.#house.policies.decide(this.#request(operation));
    return { outcome: 'deny', policies: [], policyVersion, refusal: refusalOf(aiSessionEnded()) };
  }

  /** INVARIANT: counted in the step that decides, so that of two at once the second is decided with the first. */
  #count(operation: Operation, decision: Decision): void {
    const { key } = this.#contextOf(operation);
    if (key === undefined) return;
    if (decision.outcome === 'allow' && changesSomething(operation)) this.#house.turns.counted(key);
    if (decision.outcome !== 'deny' || decision.refusal.code !== 'POLICY_DENIED') return;
    const { code, message } = decision.refusal;
    this.#house.turns.refused({ key, connection: this.#connection.id, digest: likenessOf(operation), code, message });
  }

  foresee(operation: Operation): Decision['outcome'] {
    return this.#house.policies.decide(this.#request(operation)).outcome;
  }

  /** What waited for a review: its quota has been taken. */
  async #decideAgain(operation: Operation): Promise<Decision> {
    await this.#readTurn(operation);
    const decision = this.#ofEnded(operation) ?? this.#house.policies.decide(this.#request(operation));
    this.#house.decided(decision.outcome);
    return decision;
  }

  #request(operation: Operation): PolicyRequest {
    const { name, labels, protocol } = this.#connection;
    const { assurance } = this.ticket;
    const { turn, key } = this.#contextOf(operation);
    const soFar = key && this.#house.turns.soFar(key);
    const connection = { name, labels, protocol };
    return { identity: this.#identity, connection, operation, assurance, turn, ...(soFar && { soFar }) };
  }

  /** One value for what the ticket says: decisions are found again by it. */
  #contextOf({ turn }: Pick<Operation, 'turn'>): InTurn {
    if (turn === undefined) return (this.#ofTicket ??= this.#inTurn(this.turn));
    return this.#inTurn({ ...this.#ofSame(turn), ...turn });
  }

  /** What the ticket adds to what a request says: of another AI session nothing but whose names these are. */
  #ofSame({ aiSession }: TurnContext): TurnContext {
    if (aiSession === undefined || aiSession === this.turn.aiSession) return this.turn;
    return this.turn.client === undefined ? {} : { client: this.turn.client };
  }

  #inTurn(turn: TurnContext): InTurn {
    const key = turnKeyOf(this.#identity.id, turn);
    const aiSession = namedAiSession(this.#identity.id, turn);
    return { turn, ...(key && { key }), ...(aiSession && { aiSession }) };
  }

  masking(): MaskingPlan {
    return this.#house.masking.planFor({ id: this.#connection.id }, this.#identity.groups);
  }

  record(operation: Operation, decision: Decision, masking: MaskingPlan | undefined): RecordedOperation {
    const admitted = this.#recorder.admitted(operation, decision, {
      assurance: this.ticket.assurance,
      masking: masking?.digest ?? noPlan,
    });
    this.#admitted.set(operation, admitted);
    if (decision.outcome === 'deny')
      this.#house.refusedCalls.remember(this.#identity.id, this.#contextOf(operation).turn, decision.refusal);
    if (!this.#connection.recordResponses || operation.action === 'session.connect') return admitted;
    const { id, durable } = admitted;
    return {
      id,
      durable,
      outcome: (result, footer) => admitted.outcome(result, footer),
      response: (chunk, at) => this.#recorder.response(id, chunk, at),
    };
  }

  async review(
    operation: Operation,
    decision: Extract<Decision, { outcome: 'review' }>,
    { waiting, abandoned }: ReviewContext,
  ): Promise<Settled> {
    const { id: connectionId, name, version, target, databases } = this.#connection;
    const operationId = this.#admitted.get(operation)!.id;
    const database = operation.facts['database'];
    const asked = {
      session: this.id,
      operationId,
      identity: this.#identity,
      turn: this.#contextOf(operation).turn,
      assurance: this.ticket.assurance,
      connection: { id: connectionId, name, version, target },
      database: typeof database === 'string' ? database : (databases[0] ?? ''),
      operation,
      decision,
    };
    try {
      const settled = await this.#house.reviews.settle(asked, {
        waiting,
        abandoned,
        decideAgain: () => this.#decideAgain(operation),
        settled: (tx, final) => this.#recorder.settled(tx, operationId, final),
      });
      this.#count(operation, settled);
      return settled;
    } catch (error) {
      await this.#recorder.abandoned(operationId).catch(() => undefined); // the session's end says so too
      throw new GatewayError(refusalOf(error).code, refusalOf(error).message, { cause: error, ...hintOf(error) });
    }
  }

  /** Counts what goes either way, for the record. */
  #counted(channel: Channel): Channel {
    const bytes = this.#bytes;
    async function* counting(frames: AsyncIterable<Frame>): AsyncGenerator<Frame> {
      for await (const frame of frames) {
        bytes.toClient += frame.body.length;
        yield frame;
      }
    }
    return {
      write: (frame) => {
        bytes.toTarget += frame.body.length;
        return channel.write(frame);
      },
      drained: () => channel.drained(),
      frames: counting(channel.frames),
      closed: channel.closed,
      end: () => channel.end(),
      destroy: (error) => channel.destroy(error),
    };
  }
}

const nameOf = ({ person, client, session }: NamedAiSession): string => JSON.stringify([person, client, session]);

interface InTurn {
  readonly turn: TurnContext;
  readonly key?: TurnKey;
  readonly aiSession?: NamedAiSession;
}

/** What is decided ahead of its execution is counted then; what a model says changes nothing until it is asked for here. */
const changesSomething = ({ action, risk, provisional }: Operation): boolean =>
  risk !== 'read' && provisional !== true && !action.startsWith('model.');

const discard = (reached: Promise<Channel | undefined> | undefined): void =>
  void reached?.then((way) => way?.destroy(new GatewayError('SESSION_ENDED', 'the session was not opened')));

const aborted = (signal: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });

const hintOf = (error: unknown): { hint?: string } => {
  const { hint } = refusalOf(error);
  return hint === undefined ? {} : { hint };
};
