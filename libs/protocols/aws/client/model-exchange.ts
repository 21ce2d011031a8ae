/**
 * What goes to a model through AWS is two operations: the call to AWS, and within it the request to the model, with budgets,
 * witnesses and tool calls as a model connection has them.
 */
import { GatewayError, type Operation, type Outcome, type Refusal, refusalOf } from '@sallyport/core';
import type { Exchange, Frame, ModelEstimate, OperationRecord, ResponseGate } from '@sallyport/engine';
import { type Answerable, type CallSession, type Headers, Hold, type Incoming, type Way } from '@sallyport/http';
import {
  Reserved,
  raisedOf,
  ToolExchange,
  turnOver,
  usualPatience,
  verdictHead,
  witnessesOf,
} from '@sallyport/model-gateway';
import { onlyCounts, worstCaseOf } from '@sallyport/models';
import type { OpenedHead } from '../wire.js';
import type { ModelAsked } from './model-asked.js';

export interface ModelExchangeOptions {
  readonly asked: ModelAsked;
  /** The call to AWS, which was allowed. */
  readonly within: Operation;
  readonly session: CallSession<OpenedHead>;
  readonly incoming: Incoming;
  readonly holdMs: number;
  /** Sends the call on; never rejects. */
  readonly send: (run: ModelRun) => Promise<void>;
  /** Tells the client. */
  readonly refused: (refusal: Refusal) => Promise<void>;
}

const hintOfBatch =
  'what a batch asks stands in a bucket, where it is neither decided nor masked: ask one by one (Converse), or ask an administrator to permit "model.request" with context.api == "bedrock.batch"';

export class ModelExchange implements Exchange {
  readonly #options: ModelExchangeOptions;
  readonly #hold: Hold;
  readonly operation: Operation;

  constructor(options: ModelExchangeOptions) {
    this.#options = options;
    const { operation, isBatch } = options.asked;
    // What neither gate can look into is allowed by a policy about it, or not at all.
    this.operation = isBatch ? operation : { ...operation, within: options.within };
    this.#hold = new Hold(options.incoming.gone, options.holdMs);
  }

  get abandoned(): AbortSignal {
    return this.#hold.abandoned;
  }

  waiting(notice: Parameters<NonNullable<Exchange['waiting']>>[0]): void {
    this.#hold.waiting(notice);
  }

  end(): void {
    this.#hold.end();
  }

  refuse(refusal: Refusal): Promise<void> {
    const told = this.#options.asked.isBatch ? { ...refusal, hint: hintOfBatch } : refusal;
    return this.#options.refused(this.#hold.inWords(told));
  }

  /** INVARIANT: nothing goes to the model before its record and what it shows of its turn are durable. */
  async forward(_permit: unknown, gate: ResponseGate, record: OperationRecord): Promise<void> {
    const run = new ModelRun(this.#options, record);
    try {
      await gate.opened();
      await run.begin();
    } catch (error) {
      const refusal = refusalOf(error);
      await run.broken({ status: 'skipped', code: refusal.code, maskedFields: 0 });
      return this.#options.refused(refusal);
    }
    await this.#options.send(run);
  }
}

/** One request to a model that was allowed: what it takes out of budgets, and what is started in its answer. */
export class ModelRun {
  readonly #options: ModelExchangeOptions;
  readonly #record: OperationRecord;
  readonly #begun = Date.now();
  #reserved: Reserved | undefined;
  #answered = 0;
  #isOver = false;

  constructor(options: ModelExchangeOptions, record: OperationRecord) {
    this.#options = options;
    this.#record = record;
  }

  get #turn() {
    const { asked, session } = this.#options;
    return turnOver(session.handle.turn, asked.told.turn);
  }

  /** @throws GatewayError BUDGET_EXHAUSTED, RECORDING_UNAVAILABLE, SESSION_ENDED */
  async begin(): Promise<void> {
    const { asked, session } = this.#options;
    const { request, told } = asked;
    const estimate = {
      model: request.model,
      turn: this.#turn,
      ...worstCaseOf(request),
    };
    if (!onlyCounts(request.api)) await this.#reserve(estimate);
    const shown = witnessesOf(request, { ...told, turn: this.#turn }, this.#record.id);
    for (const seen of shown) await session.handle.witness(seen);
  }

  /** Of a batch nobody will hear what it has used: where a budget is about it there is no room for it. */
  async #reserve(estimate: ModelEstimate): Promise<void> {
    const { asked, session } = this.#options;
    const reservation = await session.handle.reserve(estimate);
    if (asked.isBatch) await reservation.release();
    else this.#reserved = new Reserved(estimate, reservation);
  }

  /** The client, whose answer is counted: what was heard of a model that says no usage is not free. */
  heardBy(incoming: Incoming): Answerable {
    let isAnswer = false;
    return {
      gone: incoming.gone,
      head: (status: number, headers: Headers) => {
        isAnswer = status < 300;
        incoming.head(status, headers);
      },
      write: (chunk) => {
        if (isAnswer) this.#answered += chunk.length;
        return incoming.write(chunk);
      },
      drained: () => incoming.drained(),
      end: () => incoming.end(),
    };
  }

  /** @returns the outcome of the call to AWS: what was used, and what the answer shows, is the model request's */
  async settled(outcome: Outcome): Promise<Outcome> {
    await this.#tell(outcome);
    const { usage: _ofModel, flags: _ofAnswer, ...ofCall } = outcome;
    return ofCall;
  }

  /** Of a call that has no outcome of the agent's. */
  async broken(outcome: Outcome): Promise<void> {
    await this.#tell(outcome).catch(() => undefined); // it cannot be told: the session's record says so itself
  }

  async #tell(outcome: Outcome): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    const { scoped: _ofCall, ...rest } = outcome;
    const settled = (await this.#reserved?.settle(rest, this.#answered)) ?? rest;
    await this.#record.outcome(settled);
  }

  /** The rest of the answer goes on meanwhile. A call that cannot be judged ends the answer that has it. */
  raised(frame: Frame, way: Way<OpenedHead>): void {
    this.#judge(frame, way).catch((error: unknown) =>
      way.destroy(error instanceof GatewayError ? error : new GatewayError('INTERNAL', 'a tool call was not decided')),
    );
  }

  async #judge(frame: Frame, way: Way<OpenedHead>): Promise<void> {
    const { asked, session, incoming, holdMs } = this.#options;
    const { request } = asked;
    const { number, call } = raisedOf(frame);
    const exchange = new ToolExchange({
      api: request.api,
      model: request.model,
      call,
      turn: this.#turn,
      operation: this.#record.id,
      within: this.#options.within,
      handle: session.handle,
      gone: incoming.gone,
      // Who reads a stream hears pings meanwhile.
      holdMs: request.stream ? usualPatience.streamHoldMs : Math.max(0, holdMs - (Date.now() - this.#begun)),
    });
    try {
      await session.aside(exchange);
    } finally {
      exchange.end();
    }
    way.verdict(verdictHead(number, exchange.verdict));
  }
}
