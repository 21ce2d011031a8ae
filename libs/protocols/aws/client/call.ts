/** One call of a client: from its verified head to the last byte of its answer. */
import { type AwsRequest, type BodyVerifier, identify } from '@sallyport/aws';
import { GatewayError, type Outcome, type Refusal, refusalOf } from '@sallyport/core';
import type { Exchange, Frame, OperationRecord, Permit, ResponseGate } from '@sallyport/engine';
import {
  type Departure,
  frameBytes,
  Hold,
  headerOf,
  type Incoming,
  type Relayed,
  relay,
  type Way,
} from '@sallyport/http';
import { type DescribedCall, operationOf } from '../describe.js';
import { errorAnswer, type SignatureFault } from '../refuse.js';
import type { CallHead, OpenedHead } from '../wire.js';
import { unbound } from './bound-body.js';
import { ModelExchange, type ModelRun } from './model-exchange.js';
import { foretold } from './previews/ask.js';
import type { Read } from './previews/read.js';
import { previewOf } from './previews/table.js';
import { type Arrived, type Asked, readCall } from './read-call.js';
import { assertRegion, isGlobal } from './regions.js';
import type { Signed } from './signature.js';
import { SignatureRefused } from './signature-refused.js';
import { freely } from './single-use.js';
import { stream } from './upload.js';

/**
 * Reads what must be read, describes it, and runs it through the engine.
 * @throws GatewayError, SignatureRefused: nothing was run, and the client has not been told yet
 */
export async function serveCall(arrived: Arrived): Promise<void> {
  const asked = await readCall(arrived).catch(async (error: unknown) => {
    await recordRefused(arrived, error);
    throw error;
  });
  await run(arrived, { ...asked, described: await withPreview(arrived, asked) });
}

/** What is refused before it could be decided, of somebody who is known, is on record all the same: a replay, another body. */
async function recordRefused({ signed, addressing, session }: Arrived, error: unknown): Promise<void> {
  const refusal = refusalOf(error);
  if (refusal.code === 'CANCELLED') return; // it never came whole
  const { operation } = operationOf({
    identification: { identified: false, reason: refusal.message },
    request: signed.request,
    scope: signed.scope,
    bucket: addressing.bucket,
    presigned: signed.presigned,
    streamed: undefined,
    agent: session.opened,
  });
  await session.run({
    operation: { ...operation, provisional: true }, // it is refused already: nobody is asked about it
    refuse: async () => undefined,
    forward: (_permit, _gate, record) => record.outcome({ status: 'skipped', code: refusal.code, maskedFields: 0 }),
  });
}

async function run(arrived: Arrived, asked: Asked): Promise<void> {
  const call = new Call(arrived, asked);
  try {
    await arrived.session.run(call);
  } finally {
    call.end();
  }
}

/** Where people will be asked, what AWS can tell them beforehand goes with the question. */
async function withPreview(arrived: Arrived, asked: Asked): Promise<DescribedCall> {
  const { identification, request, described } = asked;
  const { session, addressing, signed } = arrived;
  const preview = identification.identified ? previewOf(identification) : undefined;
  if (preview === undefined || !identification.identified) return described;
  if (session.handle.foresee(described.operation) !== 'review') return described;
  const waited = { identified: identification, request, scope: signed.scope, bucket: addressing.bucket };
  const told = await foretold(preview, waited, (read, incoming) => runRead(arrived, read, incoming));
  const { operation } = described;
  return { ...described, operation: { ...operation, text: `${operation.text}\n${told}` } };
}

/** A read of the gateway's own, in the session and under the policies of who asks. */
async function runRead(arrived: Arrived, { request, scope }: Read, incoming: Incoming): Promise<void> {
  const { session, catalogue, signed, budget, style, holdMs } = arrived;
  const identification = identify(catalogue, request, scope, {});
  const circumstances = { identification, request, scope, bucket: undefined, presigned: false, streamed: undefined };
  const described = operationOf({ ...circumstances, agent: session.opened });
  // What would wait for people itself, or change something, is no preview.
  if (described.operation.risk !== 'read' || session.handle.foresee(described.operation) !== 'allow') return;
  const asRead: Signed = { ...signed, scope, request, presigned: false, body: () => undefined };
  const reading: Arrived = { incoming, addressing: {}, signed: asRead, style, session, catalogue, budget, holdMs };
  await run(reading, { request, identification, described, use: freely, check: undefined });
}

interface Sent {
  readonly gate: ResponseGate;
  readonly record: OperationRecord;
  /** It waits at the agent for its record. */
  readonly held: boolean;
  readonly run?: ModelRun | undefined;
}

/** A call that the agent has. */
interface Begun {
  readonly way: Way<OpenedHead>;
  readonly exchange: number;
  readonly relayed: () => Promise<Relayed>;
}

interface Exchanged extends Relayed {
  readonly heardOut: boolean;
}

class Call implements Exchange {
  readonly #arrived: Arrived;
  readonly #asked: Asked;
  readonly #hold: Hold;
  #hasWaited = false;
  #callOff: (() => void) | undefined;
  /** Why what it is for has ended while people were asked. */
  #ended: GatewayError | undefined;
  /** From here on nobody can say that the target has heard nothing of it. */
  #mayHaveRun = false;

  constructor(arrived: Arrived, asked: Asked) {
    this.#arrived = arrived;
    this.#asked = asked;
    this.#hold = new Hold(arrived.incoming.gone, arrived.holdMs);
  }

  get operation() {
    return this.#asked.described.operation;
  }

  /** What the agent has in one frame; of anything longer the end would wait behind what nobody takes yet. */
  get isHeld(): boolean {
    const { check, model, request } = this.#asked;
    const isOneFrame = check === undefined && (request.body?.length ?? 0) <= frameBytes;
    return isOneFrame && model === undefined && this.#arrived.session.opened.holds === true;
  }

  get abandoned(): AbortSignal {
    return this.#hold.abandoned;
  }

  waiting(notice: Parameters<NonNullable<Exchange['waiting']>>[0]): void {
    this.#hasWaited = true;
    this.#callOff ??= this.#arrived.session.handle.untilEnded(this.operation, (reason) => {
      this.#ended = reason;
      this.#hold.abandon();
    });
    this.#hold.waiting(notice);
  }

  end(): void {
    this.#callOff?.();
    this.#hold.end();
  }

  async refuse(refusal: Refusal): Promise<void> {
    const told = this.#ended === undefined ? this.#hold.inWords(refusal) : refusalOf(this.#ended);
    answerError(this.#arrived, this.#withReason(told));
  }

  /** What is not served says itself what to use instead; a policy that refuses all such cannot. */
  #withReason(refusal: Refusal): Refusal {
    const { identification } = this.#asked;
    return identification.identified
      ? refusal
      : { ...refusal, message: `${refusal.message} (${identification.reason})` };
  }

  async forward(permit: Permit, gate: ResponseGate, record: OperationRecord): Promise<void> {
    const { model } = this.#asked;
    if (model === undefined) return this.#send(permit, { gate, record });
    const { session, incoming, holdMs } = this.#arrived;
    const exchange = new ModelExchange({
      asked: model,
      within: this.operation,
      session,
      incoming,
      holdMs,
      send: (run) => this.#send(permit, { gate, record, run }),
      refused: (refusal) => this.#refused(refusal, record),
    });
    try {
      await session.aside(exchange);
    } catch (error) {
      await this.#refused(refusalOf(error), record);
    } finally {
      exchange.end();
    }
  }

  /** As a request to a model, which it is beside the call that was allowed. */
  async #refused(refusal: Refusal, record: OperationRecord): Promise<void> {
    const outcome = { status: 'skipped', code: refusal.code, maskedFields: 0 } as const;
    await record.outcome(outcome).catch(() => undefined); // told already, or it cannot be
    answerError(this.#arrived, refusal);
  }

  async #send(permit: Permit, { gate, record, run }: Omit<Sent, 'held'>): Promise<void> {
    let way: Way<OpenedHead> | undefined;
    let whole = false;
    try {
      const head = this.#head(record);
      const { check } = this.#asked;
      // Nobody could foresee the review, so the body was not bound to it.
      if (this.#hasWaited && check !== undefined && this.#arrived.signed.sha256 === undefined) throw unbound();
      const held = this.#waitsAtAgent(gate);
      if (!held) await this.#asked.use.settled;
      way = await this.#arrived.session.way(permit);
      const { refusal, heardOut } = await this.#exchange(way, head, permit, { gate, record, run, held });
      whole = heardOut;
      if (refusal !== undefined) answerError(this.#arrived, refusal);
    } catch (error) {
      const status = this.#mayHaveRun ? 'unknown' : 'failed';
      const outcome = { status, code: refusalOf(error).code, maskedFields: 0 } as const;
      await run?.broken(outcome);
      await record.outcome(outcome).catch(() => undefined); // told already, or it cannot be: the session's record says so itself
      answerError(
        this.#arrived,
        this.#withReason(refusalOf(error)),
        error instanceof SignatureRefused ? error.fault : undefined,
      );
    } finally {
      if (way !== undefined) this.#arrived.session.release(way, whole);
    }
  }

  /** A read goes on to its target, and its answer waits; where people have been asked the record is there already. */
  #waitsAtAgent(gate: ResponseGate): boolean {
    return this.isHeld && !gate.isOpen && !this.operation.pure;
  }

  /** INVARIANT: on record, and taken for the one time that it may be used, before the target hears of it. */
  async #clear({ way, exchange, gate }: Pick<Begun, 'way' | 'exchange'> & Pick<Sent, 'gate'>): Promise<void> {
    await gate.opened();
    await this.#asked.use.settled;
    this.#mayHaveRun = true;
    way.proceed(exchange);
  }

  /** Sends and receives at the same time: a target may answer before it has heard everything. */
  async #exchange(way: Way<OpenedHead>, head: CallHead, permit: Permit, sent: Sent): Promise<Exchanged> {
    const { incoming } = this.#arrived;
    const { run } = sent;
    const giveUp = (): void => way.destroy(new GatewayError('CANCELLED', 'the client has gone'));
    if (incoming.gone.isOver) throw new GatewayError('CANCELLED', 'the client has gone');
    const callOff = incoming.gone.tell(giveUp);
    const client = run?.heardBy(incoming) ?? incoming;
    const relaying = {
      gate: sent.gate,
      record: sent.record,
      raised: (frame: Frame): void => {
        if (run === undefined) way.destroy(new GatewayError('RESPONSE_NOT_UNDERSTOOD', 'no model has called a tool'));
        else run.raised(frame, way);
      },
      settled: (outcome: Outcome) => run?.settled(outcome) ?? outcome,
    };
    try {
      this.#mayHaveRun = !sent.held;
      const exchange = way.begin({ ...head, held: sent.held }, this.#asked.request.body ?? new Uint8Array(0), permit);
      const { check } = this.#asked;
      const begun: Begun = { way, exchange, relayed: () => relay(client, way, relaying) };
      return check === undefined ? await this.#whole(begun, sent) : await this.#streamed(begun, check);
    } finally {
      callOff();
    }
  }

  async #whole({ way, exchange, relayed }: Begun, { gate, held }: Sent): Promise<Exchanged> {
    let failure: unknown;
    const cleared = held ? this.#clear({ way, exchange, gate }) : Promise.resolve();
    const settled = cleared.catch((error: unknown) => {
      failure = error;
      way.destroy(error instanceof GatewayError ? error : new GatewayError('CANCELLED', 'the call was not cleared'));
    });
    const answered = await relayed().catch((error: unknown) => {
      throw failure ?? error;
    });
    await settled; // of a call that the agent refuses by itself this may come later
    return { ...answered, heardOut: true };
  }

  /** A way that was not given all of the body serves no other call: what is still to come would be taken for that call's. */
  async #streamed({ way, relayed }: Begun, check: BodyVerifier): Promise<Exchanged> {
    const { incoming } = this.#arrived;
    let failure: unknown;
    let heardOut = false;
    const sent = stream(incoming, check, way).then(
      () => {
        heardOut = true;
      },
      (error: unknown) => {
        failure = error;
        way.destroy(error instanceof GatewayError ? error : new GatewayError('CANCELLED', 'the body broke off'));
        incoming.body.resume(); // what still arrives is not kept
      },
    );
    const answered = await relayed().catch((error: unknown) => {
      throw failure ?? error;
    });
    // Who is refused is told at once, and not when all has been sent that nobody wants.
    if (answered.refusal === undefined && !incoming.gone.isOver)
      await Promise.race([sent, departed(incoming.gone), aMoment()]);
    return { ...answered, heardOut };
  }

  #head(record: OperationRecord): CallHead {
    const { identification, described, request, check } = this.#asked;
    const { signed, addressing, session } = this.#arrived;
    if (!identification.identified || described.description === undefined)
      throw new GatewayError('UNSUPPORTED', 'the gateway cannot tell which operation this is, so it is not sent on', {
        hint: 'use a current AWS SDK or CLI for this service',
      });
    const { region } = signed.scope;
    assertRegion(session.handle, region, () => isGlobal(this.#arrived.catalogue, identification, region));
    const length = lengthOf(request, signed);
    return {
      method: request.method,
      path: addressing.bucket === undefined ? request.path : `/${addressing.bucket}${request.path}`,
      query: request.query,
      headers: request.headers,
      addressing: {}, // the bucket of a virtual host is in the path by now
      region: signed.scope.region,
      signingName: signed.scope.signingName,
      service: identification.service,
      operation: identification.operation,
      actions: described.description.actions,
      resources: described.description.resources,
      ...(length === undefined ? {} : { length }),
      ...(signed.sha256 === undefined ? {} : { bodySha256: signed.sha256 }),
      more: check !== undefined,
      ...(record.response === undefined ? {} : { record: record.id }),
    };
  }
}

const departed = (gone: Departure): Promise<void> => new Promise((resolve) => void gone.tell(resolve));

/** A client that is answered early need not be heard out: a moment, so that what it still sends does not break the answer. */
const aMoment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2_000).unref());

function lengthOf(request: AwsRequest, { decodedLength }: Signed): number | undefined {
  if (request.body !== undefined) return request.body.length;
  if (decodedLength !== undefined) return decodedLength;
  const text = headerOf(request.headers, 'content-length');
  return text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : undefined;
}

/** In the service's own words; where a response has begun, all that is left is to break off. */
export function answerError(
  { incoming, style }: Pick<Arrived, 'incoming' | 'style'>,
  refusal: Refusal,
  fault?: SignatureFault,
): void {
  if (incoming.gone.isOver) return;
  if (incoming.begun) return incoming.destroy();
  const { status, headers, body } = errorAnswer(refusal, style, fault);
  incoming.head(status, headers);
  if (incoming.method !== 'HEAD') incoming.write(body);
  incoming.end();
  incoming.body.resume(); // what still arrives is not kept
}
