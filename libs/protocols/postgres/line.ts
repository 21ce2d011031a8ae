/**
 * The way between one client's socket and its agent: sends what was admitted, writes back what comes masked.
 *
 * INVARIANT: nothing goes out without a permit, and no byte of a response reaches the client before its gate is open
 * and, where responses are recorded, before it is durable.
 */
import type { Duplex } from 'node:stream';
import { GatewayError, type MaskingPlan, type MaskingRule, type Operation, type Refusal } from '@sallyport/core';
import {
  type Channel,
  type Frame,
  FrameKind,
  type OperationRecord,
  type Permit,
  type ResponseGate,
  type SessionHandle,
} from '@sallyport/engine';
import { compileMasking, type Masker, parseRules, strictest } from '@sallyport/masking';
import {
  type Catalogue,
  type MaskedFacts,
  maskedFactsOf,
  noMaskedFacts,
  reachOf,
  type SqlDescription,
} from '@sallyport/sql';
import {
  decodeData,
  decodeJson,
  decodeOutcome,
  encodeForward,
  encodeJson,
  encodeRefuse,
  type ForwardHead,
  frameBytes,
  type OpenedHead,
  type OpenHead,
  type RefuseMode,
} from './heads.js';
import { maskForms } from './masks-written.js';
import type { Aftermath } from './memory.js';
import { notificationOperation } from './notification.js';
import { refusalMessage } from './refuse.js';
import type { Change } from './statements.js';
import { drained, gathering } from './stream.js';

/** Something that the target started, masked, and what the engine is to decide of it. */
export interface Raised {
  readonly operation: Operation;
  readonly bytes: Buffer;
  /** It has been delivered or withheld: what the target sent behind it may go. */
  readonly settle: () => void;
}

/** One batch of messages under way. */
export class Flight {
  open = true;
  readonly #aftermaths: Aftermath[] = [];
  #result: boolean | undefined;

  constructor(
    readonly number: number,
    readonly changes: readonly Change[],
    readonly admitted?: { readonly gate: ResponseGate; readonly record: OperationRecord },
  ) {}

  leaves(aftermath: Aftermath): void {
    if (this.#result === undefined) this.#aftermaths.push(aftermath);
    else if (this.#result) aftermath.done();
    else aftermath.failed();
  }

  /** @param confirmed how many of its changes the target has made */
  over(done: boolean, confirmed: number): void {
    this.open = false;
    this.#result = done;
    this.changes.forEach((change, index) => {
      if (done || index < confirmed) change.confirm();
      else change.undo();
    });
    for (const aftermath of this.#aftermaths) {
      if (done) aftermath.done();
      else aftermath.failed();
    }
  }
}

export interface LineOptions {
  readonly socket: Duplex;
  readonly session: SessionHandle;
  readonly raise: (raised: Raised) => boolean;
  /** The catalogue was read again after this session's DDL was committed or rolled back. */
  readonly catalogueRead: (exchange: number) => void;
  /** The session cannot go on. */
  readonly fail: (error: unknown) => void;
}

export interface Forwarding {
  readonly permit: Permit;
  readonly gate: ResponseGate;
  readonly record: OperationRecord;
  readonly messages: readonly Buffer[];
  readonly changes: readonly Change[];
  readonly head: Omit<ForwardHead, 'more' | 'operation'>;
}

const nothing = new Uint8Array(0);
const unreached = { reaches: false, catalogue: '' };
const noticeLimit = 100;
/**
 * How long what came behind a notification waits for its decision. The client may be waiting for people about another
 * statement meanwhile, and then the notification comes late rather than the answer.
 */
const raisedPatienceMs = 2_000;

export class Line {
  readonly #socket: Duplex;
  readonly #write: (bytes: Buffer) => boolean;
  readonly #session: SessionHandle;
  readonly #raise: LineOptions['raise'];
  readonly #fail: LineOptions['fail'];
  readonly #catalogueRead: LineOptions['catalogueRead'];
  readonly #flights = new Map<number, Flight>();
  readonly #maskers = new WeakMap<MaskingPlan, Masker>();
  #channel: Channel | undefined;
  #frames: AsyncIterator<Frame> | undefined;
  #exchange = 0;
  #plan = '';
  #interruption = new AbortController();
  #betweenMessages = true;
  readonly #unsaid: Buffer[] = [];
  #wake: (() => void)[] = [];
  #raised: Promise<void>[] = [];
  #over: Promise<void> = Promise.resolve();

  constructor({ socket, session, raise, fail, catalogueRead }: LineOptions) {
    this.#catalogueRead = catalogueRead;
    this.#socket = socket;
    this.#write = gathering(socket);
    this.#session = session;
    this.#raise = raise;
    this.#fail = fail;
  }

  /** Opens the way to the target; the plan goes ahead of everything. */
  async connect(permit: Permit, head: OpenHead): Promise<OpenedHead> {
    this.#channel = await this.#session.open(encodeJson(head));
    this.#sendPlan(permit);
    this.#frames = this.#channel.frames[Symbol.asyncIterator]();
    const first = await this.#frames.next();
    if (first.done) throw new GatewayError('AGENT_LOST', 'the agent hung up before the target answered');
    if (first.value.kind === FrameKind.CLOSE) throw closed(first.value);
    if (first.value.kind !== FrameKind.OPENED)
      throw new GatewayError('RESPONSE_NOT_UNDERSTOOD', 'the agent answered out of order');
    const opened = decodeJson<OpenedHead>(first.value.head);
    this.#minimum = parseRules(opened.minimum ?? []);
    return opened;
  }

  /** Writes what comes back until the way ends; what was still in flight then is `unknown` on the record. */
  pump(): void {
    this.#over = this.#pump();
  }

  /**
   * The client's Terminate takes its place behind what was sent, as a server reads it: what runs is not broken off.
   * Resolves when the target has ended the session; rejects when the session is ended before.
   */
  async farewell(terminate: Buffer): Promise<void> {
    this.upkeep([terminate], []);
    const { ended } = this.#session;
    await Promise.race([
      this.#over,
      new Promise<never>((_resolve, reject) => {
        const end = () => reject(ended.reason as Error);
        if (ended.aborted) end();
        else ended.addEventListener('abort', end, { once: true });
      }),
    ]);
  }

  async #pump(): Promise<void> {
    try {
      for (;;) {
        const next = await this.#frames!.next();
        if (next.done) throw new GatewayError('AGENT_LOST', 'the connection to the target has ended');
        await this.#take(next.value);
      }
    } catch (error) {
      await this.#abandonFlights();
      this.#fail(error);
    }
  }

  /** Resolves when the agent can take more. */
  async writable(): Promise<void> {
    await this.#sending;
    await this.#drained();
  }

  async #drained(): Promise<void> {
    if (!this.#full) return;
    this.#full = false;
    await this.#channel?.drained();
  }
  #full = false;
  /** Settles when everything that was to be forwarded so far has been. */
  #sending: Promise<void> = Promise.resolve();

  async forward({ permit, gate, record, messages, changes, head }: Forwarding): Promise<Flight> {
    if (permit.masking.digest !== this.#plan) this.#sendPlan(permit);
    const flight = this.#newFlight(changes, { gate, record });
    const recorded = record.response === undefined ? head : { ...head, operation: record.id };
    await this.#forwardBytes(flight.number, recorded, join(messages));
    return flight;
  }

  /** More bytes of an exchange that was admitted: the data of a COPY. */
  append(flight: Flight, bytes: Buffer): void {
    this.#forwardBytes(flight.number, unreached, bytes).catch(() => undefined); // heard by whoever waits for `writable`
  }

  /** Resolves with the next outcome, or once nothing is under way any more. */
  answered(): Promise<void> {
    if (![...this.#flights.values()].some(({ open }) => open)) return Promise.resolve();
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  get busy(): boolean {
    return [...this.#flights.values()].some(({ open }) => open);
  }

  /** Sync, Flush, Close, Describe: they touch nothing, and go under the permit of the session's start. */
  upkeep(messages: readonly Buffer[], changes: readonly Change[]): void {
    const { number } = this.#newFlight(changes);
    this.#forwardBytes(number, unreached, join(messages)).catch(() => undefined); // heard by whoever waits for `writable`
  }

  /** One batch after the other: the pieces of a long one wait for the agent, and stay together. */
  #forwardBytes(exchange: number, head: Omit<ForwardHead, 'more'>, bytes: Buffer): Promise<void> {
    this.#sending = this.#sending.then(() => this.#sendPieces(exchange, head, bytes));
    return this.#sending;
  }

  async #sendPieces(exchange: number, head: Omit<ForwardHead, 'more'>, bytes: Buffer): Promise<void> {
    let start = 0;
    do {
      const body = bytes.subarray(start, start + frameBytes);
      start += frameBytes;
      this.#send({
        kind: FrameKind.FORWARD,
        exchange,
        head: encodeForward({ ...head, more: start < bytes.length }),
        body,
      });
      await this.#drained();
    } while (start < bytes.length);
  }

  /** The refusal takes its place among the responses that are under way, and fails the target's transaction too. */
  async refuse(refusal: Refusal, mode: RefuseMode): Promise<void> {
    await this.#sending; // or it would overtake what is still being sent
    const { number } = this.#newFlight([]);
    this.#send({ kind: FrameKind.REFUSE, exchange: number, head: encodeRefuse(mode), body: refusalMessage(refusal) });
    await this.writable();
  }

  /** Aborts when the client has gone, or has asked to cancel what it waits for. */
  interrupted(gone: AbortSignal): AbortSignal {
    this.#interruption = new AbortController();
    return AbortSignal.any([gone, this.#interruption.signal, this.#session.ended]);
  }

  cancel(): void {
    this.#interruption.abort(new GatewayError('CANCELLED', 'canceling statement due to user request'));
    if (this.#channel) this.#send({ kind: FrameKind.CANCEL, exchange: 0, head: nothing, body: nothing });
  }

  /** Says something of our own as soon as no message is half written. */
  say(bytes: Buffer): void {
    if (this.#betweenMessages) this.#socket.write(bytes);
    else if (this.#unsaid.length < noticeLimit) this.#unsaid.push(bytes);
  }

  async deliver(bytes: Buffer): Promise<void> {
    this.say(bytes);
    await drained(this.#socket);
  }

  /** What a statement does with columns that are masked by the rules in force or by the agent's own. */
  maskedFacts(description: SqlDescription, catalogue: Catalogue | undefined, plan: MaskingPlan): MaskedFacts {
    const known = this.#maskedFacts.get(description);
    if (known?.plan === plan && known.catalogue === catalogue) return known.facts;
    const masker = this.#masker(plan);
    const facts = masker.hasColumnRules
      ? maskedFactsOf(description, catalogue, (...column) => masker.column(...column)?.rule)
      : noMaskedFacts;
    this.#maskedFacts.set(description, { plan, catalogue, facts });
    return facts;
  }
  readonly #maskedFacts = new WeakMap<
    SqlDescription,
    { readonly plan: MaskingPlan; readonly catalogue: Catalogue | undefined; readonly facts: MaskedFacts }
  >();
  #minimum: readonly MaskingRule[] = [];

  /** What hidden values look like by the rules in force and the agent's own; undefined where nothing is hidden. */
  maskForm(plan: MaskingPlan): RegExp | undefined {
    if (this.#form?.plan !== plan) this.#form = { plan, form: maskForms([...this.#minimum, ...plan.rules]) };
    return this.#form.form;
  }
  #form: { readonly plan: MaskingPlan; readonly form: RegExp | undefined } | undefined;

  reaches(description: SqlDescription, catalogue: Catalogue | undefined, { masking }: Permit): boolean {
    const known = this.#reaches.get(description);
    if (known?.masking === masking && known.catalogue === catalogue) return known.reaches;
    const masker = this.#masker(masking);
    const { reaches } = reachOf(
      description,
      catalogue,
      (schema, table, column) => masker.column(schema, table, column)?.rule,
    );
    this.#reaches.set(description, { masking, catalogue, reaches });
    return reaches;
  }
  readonly #reaches = new WeakMap<
    SqlDescription,
    { readonly masking: MaskingPlan; readonly catalogue: Catalogue | undefined; readonly reaches: boolean }
  >();

  async end(): Promise<void> {
    this.#channel?.end();
    await this.#abandonFlights();
  }

  destroy(error: GatewayError): void {
    this.#channel?.destroy(error);
  }

  #masker(plan: MaskingPlan): Masker {
    const known = this.#maskers.get(plan);
    if (known) return known;
    const masker = compileMasking(strictest(this.#minimum, plan.rules), { key: new Uint8Array(32) }); // only its patterns are asked here; the agent has the key
    this.#maskers.set(plan, masker);
    return masker;
  }

  #newFlight(changes: readonly Change[], admitted?: Flight['admitted']): Flight {
    const flight = new Flight(++this.#exchange, changes, admitted);
    this.#flights.set(flight.number, flight);
    return flight;
  }

  #send(frame: Frame): void {
    if (!this.#channel) throw new GatewayError('AGENT_LOST', 'there is no way to the target');
    if (!this.#channel.write(frame)) this.#full = true;
  }

  #sendPlan({ masking }: Permit): void {
    this.#plan = masking.digest;
    this.#send({ kind: FrameKind.PLAN, exchange: 0, head: nothing, body: encodeJson(masking) });
  }

  async #take(frame: Frame): Promise<void> {
    switch (frame.kind) {
      case FrameKind.DATA:
        return this.#data(frame);
      case FrameKind.OUTCOME:
        return this.#outcome(frame);
      case FrameKind.RAISE:
        return this.#raisedBy(frame);
      case FrameKind.CATALOGUE:
        return this.#catalogueChanged(Buffer.from(frame.head).toString('latin1'), frame.exchange);
      case FrameKind.CLOSE:
        throw closed(frame);
      default:
        throw new GatewayError('RESPONSE_NOT_UNDERSTOOD', `the agent sent a frame of kind ${frame.kind}`);
    }
  }

  async #data({ exchange, head, body }: Frame): Promise<void> {
    if (this.#raised.length > 0) await this.#raisedSettled();
    const admitted = this.#flights.get(exchange)?.admitted;
    if (admitted && !admitted.gate.isOpen) await admitted.gate.opened();
    const { more, at } = decodeData(head);
    if (admitted?.record.response) {
      if (at === undefined)
        throw new GatewayError('EVIDENCE_INCONSISTENT', 'the agent did not record what it was asked to record');
      await admitted.record.response(body, at);
    }
    const roomy = this.#write(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
    this.#betweenMessages = !more;
    if (this.#betweenMessages) for (const bytes of this.#unsaid.splice(0)) this.#socket.write(bytes);
    if (!roomy) await drained(this.#socket);
  }

  #outcome({ exchange, head }: Frame): void {
    const flight = this.#flights.get(exchange);
    if (!flight?.open)
      throw new GatewayError('RESPONSE_NOT_UNDERSTOOD', 'the agent reported an outcome twice, or of nothing');
    const { confirmed, footer, ...outcome } = decodeOutcome(head);
    if (flight.admitted?.record.response && footer === undefined)
      throw new GatewayError('EVIDENCE_INCONSISTENT', 'the agent did not sign what it was asked to record');
    flight.over(outcome.status === 'done', confirmed);
    for (const wake of this.#wake.splice(0)) wake();
    flight.admitted?.record.outcome(outcome, footer).catch((error: unknown) => {
      // The recorder admits nothing more then, so that the client is told in answer to what it asks next.
      if (!(error instanceof GatewayError) || error.code !== 'RECORDING_UNAVAILABLE') this.#fail(error);
    });
    for (const number of this.#flights.keys()) {
      if (number >= exchange) break;
      this.#flights.delete(number); // outcomes come in order; the data behind this one still wants its gate
    }
  }

  #raisedBy({ body }: Frame): void {
    const bytes = Buffer.from(body);
    let settle: () => void = () => undefined;
    this.#raised.push(
      new Promise((resolve) => {
        settle = resolve;
      }),
    );
    if (!this.#raise({ operation: notificationOperation(bytes), bytes, settle })) {
      throw new GatewayError('TOO_LARGE', 'the target has sent more notifications than may wait for a decision');
    }
  }

  async #raisedSettled(): Promise<void> {
    const raised = this.#raised;
    this.#raised = [];
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, raisedPatienceMs);
    });
    await Promise.race([Promise.all(raised), late]);
    clearTimeout(timer);
  }

  /** The Link brings the snapshot itself: what is sent next is to be described by it. */
  async #catalogueChanged(digest: string, exchange: number): Promise<void> {
    for (let tries = 0; tries < 200; tries += 1) {
      if (this.#session.knowsCatalogue(digest)) return this.#catalogueRead(exchange);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async #abandonFlights(): Promise<void> {
    const open = [...this.#flights.values()].filter((flight) => flight.open);
    this.#flights.clear();
    for (const flight of open) flight.open = false;
    for (const wake of this.#wake.splice(0)) wake();
    await Promise.allSettled(
      open.map(async ({ admitted }) => admitted?.record.outcome({ status: 'unknown', maskedFields: 0 })),
    );
  }
}

const join = (messages: readonly Buffer[]): Buffer => (messages.length === 1 ? messages[0]! : Buffer.concat(messages));

function closed({ head }: Frame): GatewayError {
  if (head.length === 0)
    return new GatewayError('SESSION_ENDED', 'the target has ended the session', { details: { told: true } });
  const { code, message, hint } = decodeJson<Refusal>(head);
  return new GatewayError(code, message, hint === undefined ? {} : { hint });
}
