/** One request to a model: from what its client asked to the last byte of the answer. */
import { GatewayError, type Operation, type Refusal, refusalOf } from '@sallyport/core';
import type { Exchange, Frame, OperationRecord, Permit, ResponseGate } from '@sallyport/engine';
import { type CallSession, Departure, Hold, type Incoming, relay, type Way } from '@sallyport/http';
import { type ModelRequest, onlyCounts, worstCaseOf } from '@sallyport/models';
import type { CallHead, OpenedHead } from '../wire.js';
import { Answering } from './answering.js';
import { Reserved } from './reserved.js';
import type { ClientTurn, ModelSurface } from './surface.js';
import { raisedOf, ToolExchange, verdictHead } from './tool-calls.js';
import { turnOver, witnessesOf } from './witnessing.js';

export interface Patience {
  /** How long a client is kept waiting for people whose answer is no stream: the SDKs give up after ten minutes. */
  readonly holdMs: number;
  /** One whose answer is a stream hears pings meanwhile. */
  readonly streamHoldMs: number;
  /** Without a byte before a stream is begun, and between two pings. */
  readonly patienceMs: number;
  readonly pingMs: number;
}

export const usualPatience: Patience = {
  holdMs: 9 * 60_000,
  streamHoldMs: 60 * 60_000,
  patienceMs: 7_000,
  pingMs: 10_000,
};

export interface Asked {
  readonly incoming: Incoming;
  readonly surface: ModelSurface;
  readonly session: CallSession<OpenedHead>;
  readonly operation: Operation;
  readonly head: Omit<CallHead, 'more' | 'length' | 'record'>;
  readonly body: Uint8Array;
  /** Absent for a list of models. */
  readonly request?: ModelRequest;
  readonly told: ClientTurn;
  readonly patience: Patience;
}

export class ModelCall implements Exchange {
  readonly #asked: Asked;
  readonly #hold: Hold;
  readonly #answer: Answering;
  readonly #begun = Date.now();
  /** Of whoever would hear the answer: the client, or the AI session that it speaks for. */
  readonly #gone = new Departure();
  readonly #callOff: readonly (() => void)[];
  #ended: GatewayError | undefined;

  constructor(asked: Asked) {
    const { incoming, surface, patience, request, session, operation } = asked;
    this.#asked = asked;
    if (incoming.gone.isOver) this.#gone.happen();
    this.#callOff = [
      incoming.gone.tell(() => this.#gone.happen()),
      session.handle.untilEnded(operation, (reason) => {
        this.#ended ??= reason;
        this.#gone.happen();
      }),
    ];
    this.#hold = new Hold(this.#gone, this.#holdMs);
    this.#answer = new Answering(incoming, surface, {
      ...patience,
      ...(request === undefined ? {} : { api: request.api }),
    });
  }

  get operation() {
    return this.#asked.operation;
  }

  get abandoned(): AbortSignal {
    return this.#hold.abandoned;
  }

  get #streams(): boolean {
    return this.#asked.request?.stream === true;
  }

  get #holdMs(): number {
    const { holdMs, streamHoldMs } = this.#asked.patience;
    return this.#streams ? streamHoldMs : holdMs;
  }

  waiting(notice: Parameters<NonNullable<Exchange['waiting']>>[0]): void {
    this.#hold.waiting(notice);
    if (this.#streams) this.#answer.wait();
  }

  end(): void {
    this.#hold.end();
    for (const callOff of this.#callOff) callOff();
  }

  prepare(record: OperationRecord): void {
    this.#prepared ??= this.#prepare(record);
    this.#prepared.catch(() => undefined); // whoever forwards hears it; whoever refuses has nothing to do about it
  }

  async refuse(refusal: Refusal): Promise<void> {
    this.#answer.refuse(this.#ended === undefined ? this.#hold.inWords(refusal) : refusalOf(this.#ended));
    await this.#prepared?.catch(() => undefined);
    await this.#reserved?.release();
  }

  async forward(permit: Permit, gate: ResponseGate, record: OperationRecord): Promise<void> {
    let way: Way<OpenedHead> | undefined;
    let whole = false;
    try {
      this.prepare(record); // where people were asked
      await this.#prepared;
      way = await this.#asked.session.way(permit);
      const { refusal } = await this.#exchange(way, permit, { gate, record });
      whole = true;
      if (refusal !== undefined) this.#answer.refuse(refusal);
    } catch (error) {
      await this.#broken(error, { way, record });
    } finally {
      if (way !== undefined) this.#asked.session.release(way, whole);
    }
  }

  async #broken(
    error: unknown,
    { way, record }: { way: Way<unknown> | undefined; record: OperationRecord },
  ): Promise<void> {
    const { code } = refusalOf(error);
    const status = this.#sent ? 'unknown' : way === undefined ? 'failed' : 'skipped';
    try {
      const outcome = { status, code, maskedFields: 0 } as const;
      if (status !== 'unknown') await this.#reserved?.release();
      const told = status === 'unknown' ? await this.#reserved?.settle(outcome, this.#answer.bytes) : undefined;
      await record.outcome(told ?? outcome);
    } catch {
      // told already, or it cannot be: the session's record says so itself
    }
    this.#answer.refuse(refusalOf(error));
  }

  #sent = false;
  #prepared: Promise<void> | undefined;
  #reserved: Reserved | undefined;

  /** INVARIANT: its budgets are taken, and what it shows of its turn is durable, before the request is sent on. */
  async #prepare({ id }: OperationRecord): Promise<void> {
    const { request, session, told } = this.#asked;
    if (request === undefined) return;
    const { handle } = session;
    const turn = turnOver(handle.turn, told.turn);
    if (!onlyCounts(request.api)) {
      const estimate = { model: request.model, turn, ...worstCaseOf(request) };
      this.#reserved = new Reserved(estimate, await handle.reserve(estimate));
    }
    for (const seen of witnessesOf(request, { ...told, turn }, id)) await handle.witness(seen);
  }

  async #exchange(
    way: Way<OpenedHead>,
    permit: Permit,
    { gate, record }: { gate: ResponseGate; record: OperationRecord },
  ): Promise<{ readonly refusal?: Refusal }> {
    const whyGone = (): GatewayError => this.#ended ?? new GatewayError('CANCELLED', 'the client has gone');
    if (this.#gone.isOver) throw whyGone();
    const callOff = this.#gone.tell(() => way.destroy(whyGone()));
    try {
      this.#sent = true;
      way.begin(this.#head(record), this.#asked.body, permit);
      return await relay(this.#answer, way, {
        gate,
        record,
        raised: (frame) => this.#raised(frame, way, record),
        settled: (outcome) => this.#reserved?.settle(outcome, this.#answer.bytes) ?? outcome,
      });
    } finally {
      callOff();
    }
  }

  #head(record: OperationRecord): CallHead {
    const { head, body } = this.#asked;
    return {
      ...head,
      length: body.length,
      more: false,
      ...(record.response === undefined ? {} : { record: record.id }),
    };
  }

  /** The rest of the answer goes on meanwhile. A call that cannot be judged ends the answer that has it. */
  #raised(frame: Frame, way: Way<OpenedHead>, record: OperationRecord): void {
    this.#judge(frame, way, record).catch((error: unknown) =>
      way.destroy(error instanceof GatewayError ? error : new GatewayError('INTERNAL', 'a tool call was not decided')),
    );
  }

  async #judge(frame: Frame, way: Way<OpenedHead>, record: OperationRecord): Promise<void> {
    const { request, session, told } = this.#asked;
    if (request === undefined) throw new GatewayError('RESPONSE_NOT_UNDERSTOOD', 'a list of models called a tool');
    const { number, call } = raisedOf(frame);
    const exchange = new ToolExchange({
      api: request.api,
      model: request.model,
      call,
      turn: turnOver(session.handle.turn, told.turn),
      operation: record.id,
      handle: session.handle,
      gone: this.#gone,
      holdMs: this.#streams ? this.#holdMs : Math.max(0, this.#holdMs - (Date.now() - this.#begun)),
    });
    try {
      await session.aside(exchange);
    } finally {
      exchange.end();
    }
    way.verdict(verdictHead(number, exchange.verdict));
  }
}
