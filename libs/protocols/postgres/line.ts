/**
 * The way between one client's socket and its agent: sends what was admitted, writes back what comes masked.
 *
 * INVARIANT: nothing goes out without a permit, and no byte of a response reaches the client before its gate is open
 * and, where responses are recorded, before it is durable.
 */
import type { Duplex } from 'node:stream';
import { GatewayError, type MaskingPlan, type Operation, type Refusal } from '@sallyport/core';
import {
  type Channel,
  type Frame,
  FrameKind,
  type OperationRecord,
  type Permit,
  type ResponseGate,
  type SessionHandle,
} from '@sallyport/engine';
import { compileMasking, type Masker } from '@sallyport/masking';
import { type Catalogue, reachOf, type SqlDescription } from '@sallyport/sql';
import {
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
import { notificationOperation } from './notification.js';
import { refusalMessage } from './refuse.js';
import type { Undo } from './statements.js';
import { drained } from './stream.js';

/** Something that the target started, masked, and what the engine is to decide of it. */
export interface Raised {
  readonly operation: Operation;
  readonly bytes: Buffer;
}

/** One batch of messages under way. */
export class Flight {
  open = true;
  readonly #failureHandlers: (() => void)[] = [];

  constructor(
    readonly number: number,
    readonly undos: readonly Undo[],
    readonly admitted?: { readonly gate: ResponseGate; readonly record: OperationRecord },
  ) {}

  onFailure(handler: () => void): void {
    this.#failureHandlers.push(handler);
  }

  failed(confirmed: number): void {
    for (const undo of this.undos.slice(confirmed).reverse()) undo();
    for (const handler of this.#failureHandlers) handler();
  }
}

export interface LineOptions {
  readonly socket: Duplex;
  readonly session: SessionHandle;
  readonly raise: (raised: Raised) => boolean;
  /** The catalogue was read again after this session's DDL was committed or rolled back. */
  readonly catalogueRead: () => void;
  /** The session cannot go on. */
  readonly fail: (error: unknown) => void;
}

export interface Forwarding {
  readonly permit: Permit;
  readonly gate: ResponseGate;
  readonly record: OperationRecord;
  readonly messages: readonly Buffer[];
  readonly undos: readonly Undo[];
  readonly head: Omit<ForwardHead, 'more'>;
}

const nothing = new Uint8Array(0);
const unreached = { reaches: false, catalogue: '' };
const noticeLimit = 100;

export class Line {
  readonly #socket: Duplex;
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

  constructor({ socket, session, raise, fail, catalogueRead }: LineOptions) {
    this.#catalogueRead = catalogueRead;
    this.#socket = socket;
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
    return decodeJson<OpenedHead>(first.value.head);
  }

  /** Writes what comes back until the way ends; what was still in flight then is `unknown` on the record. */
  async pump(): Promise<void> {
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
    if (this.#full) await this.#channel?.drained();
    this.#full = false;
  }
  #full = false;

  async forward({ permit, gate, record, messages, undos, head }: Forwarding): Promise<Flight> {
    if (permit.masking.digest !== this.#plan) this.#sendPlan(permit);
    const flight = this.#newFlight(undos, { gate, record });
    await this.#forwardBytes(flight.number, head, join(messages));
    return flight;
  }

  /** More bytes of an exchange that was admitted: the data of a COPY. */
  append(flight: Flight, bytes: Buffer): void {
    void this.#forwardBytes(flight.number, unreached, bytes);
  }

  /** Sync, Flush, Close, Describe: they touch nothing, and go under the permit of the session's start. */
  upkeep(messages: readonly Buffer[], undos: readonly Undo[]): void {
    const { number } = this.#newFlight(undos);
    void this.#forwardBytes(number, unreached, join(messages));
  }

  /** Pieces are written at once, so that they stay together; the caller waits before it writes more. */
  #forwardBytes(exchange: number, head: Omit<ForwardHead, 'more'>, bytes: Buffer): Promise<void> {
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
    } while (start < bytes.length);
    return this.writable();
  }

  /** The refusal takes its place among the responses that are under way, and fails the target's transaction too. */
  async refuse(refusal: Refusal, mode: RefuseMode): Promise<void> {
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

  reaches(description: SqlDescription, catalogue: Catalogue | undefined, { masking }: Permit): boolean {
    const masker = this.#masker(masking);
    return reachOf(description, catalogue, (schema, table, column) => masker.column(schema, table, column)?.rule)
      .reaches;
  }

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
    const masker = compileMasking(plan.rules, { key: new Uint8Array(32) }); // only its patterns are asked here; the agent has the key
    this.#maskers.set(plan, masker);
    return masker;
  }

  #newFlight(undos: readonly Undo[], admitted?: Flight['admitted']): Flight {
    const flight = new Flight(++this.#exchange, undos, admitted);
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
        return this.#catalogueChanged(Buffer.from(frame.head).toString('latin1'));
      case FrameKind.CLOSE:
        throw closed(frame);
      default:
        throw new GatewayError('RESPONSE_NOT_UNDERSTOOD', `the agent sent a frame of kind ${frame.kind}`);
    }
  }

  async #data({ exchange, head, body }: Frame): Promise<void> {
    const admitted = this.#flights.get(exchange)?.admitted;
    if (admitted && !admitted.gate.isOpen) await admitted.gate.opened();
    if (admitted?.record.response) await admitted.record.response(body);
    const roomy = this.#socket.write(body);
    this.#betweenMessages = head.length === 0;
    if (this.#betweenMessages) for (const bytes of this.#unsaid.splice(0)) this.#socket.write(bytes);
    if (!roomy) await drained(this.#socket);
  }

  #outcome({ exchange, head }: Frame): void {
    const flight = this.#flights.get(exchange);
    if (!flight?.open)
      throw new GatewayError('RESPONSE_NOT_UNDERSTOOD', 'the agent reported an outcome twice, or of nothing');
    const { confirmed, ...outcome } = decodeOutcome(head);
    flight.open = false;
    if (outcome.status !== 'done') flight.failed(confirmed);
    flight.admitted?.record.outcome(outcome).catch((error: unknown) => this.#fail(error));
    for (const number of this.#flights.keys()) {
      if (number >= exchange) break;
      this.#flights.delete(number); // outcomes come in order; the data behind this one still wants its gate
    }
  }

  #raisedBy({ body }: Frame): void {
    const bytes = Buffer.from(body);
    if (!this.#raise({ operation: notificationOperation(bytes), bytes })) {
      throw new GatewayError('TOO_LARGE', 'the target has sent more notifications than may wait for a decision');
    }
  }

  /** The Link brings the snapshot itself: what is sent next is to be described by it. */
  async #catalogueChanged(digest: string): Promise<void> {
    for (let tries = 0; tries < 200; tries += 1) {
      if (this.#session.knowsCatalogue(digest)) return this.#catalogueRead();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async #abandonFlights(): Promise<void> {
    const open = [...this.#flights.values()].filter((flight) => flight.open);
    this.#flights.clear();
    for (const flight of open) flight.open = false;
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
