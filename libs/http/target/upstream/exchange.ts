/** One request and its answer, on one connection. */
import { GatewayError } from '@sallyport/core';
import { headerOf } from '../../header-list.js';
import type { Deadlines } from '../http-settings.js';
import { AnswerBody, type AnswerReaderSide } from './answer-body.js';
import { type AnswerHead, AnswerReader, type AnswerSink } from './answer-reader.js';
import type { UpstreamAnswer, UpstreamRequest } from './client.js';
import type { Connection } from './connection.js';
import type { Connections, Taker } from './connections.js';
import { failureOf, late, type Progress } from './failures.js';
import { announcedLength, requestHead } from './request-head.js';
import type { Watch, Watched } from './watch.js';

/** How long the other end may take to say that it wants the body, before it gets it all the same. */
const continueMs = 2_000;
/** A body up to here goes out in one piece with its head. */
const joinedBytes = 16 * 1024;

export interface Around {
  readonly connections: Connections;
  readonly deadlines: Deadlines;
  readonly watch: Watch;
}

export class UpstreamExchange implements Taker, AnswerSink, AnswerReaderSide, Watched {
  readonly #request: UpstreamRequest;
  readonly #around: Around;
  readonly #head: string;
  readonly #length: number | undefined;
  readonly #reader: AnswerReader;
  readonly #totalAt: number;
  #dueAt = Number.POSITIVE_INFINITY;
  #due = '';
  #connection: Connection | undefined;
  #progress: Progress = 'unsent';
  #answer: { readonly head: AnswerHead; readonly body: AnswerBody } | undefined;
  #brokeWhenReused = false;
  #failure: GatewayError | undefined;
  #resolve: (answer: UpstreamAnswer) => void = () => undefined;
  #reject: (error: GatewayError) => void = () => undefined;
  /** Whoever waits until the request may go on. */
  #wake: () => void = () => undefined;

  /** @throws PROTOCOL_VIOLATION where the request cannot be sent */
  constructor(request: UpstreamRequest, around: Around) {
    this.#request = request;
    this.#around = around;
    this.#head = requestHead(request);
    this.#length = announcedLength(request.headers);
    if (this.#length === undefined && !(request.body instanceof Uint8Array && request.body.length === 0))
      throw new GatewayError('PROTOCOL_VIOLATION', 'a body goes out that does not say how long it is');
    this.#reader = new AnswerReader(request.method, this);
    this.#totalAt = performance.now() + around.deadlines.total;
  }

  get endpoint(): UpstreamRequest['endpoint'] {
    return this.#request.endpoint;
  }

  /** The connection was one that had been kept, and it broke before anything was answered. */
  get brokeWhenReused(): boolean {
    return this.#brokeWhenReused;
  }

  get progress(): Progress {
    return this.#progress;
  }

  /**
   * @param fresh on a connection that nobody has used before
   * @throws GatewayError with `details.progress`
   */
  answer({ fresh = false } = {}): Promise<UpstreamAnswer> {
    const { signal } = this.#request;
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      if (signal.aborted) return this.#onAbort();
      signal.addEventListener('abort', this.#onAbort, { once: true });
      this.#around.watch.add(this);
      this.#within(this.#around.deadlines.connect, `no connection to "${this.endpoint.host}" in time`);
      this.#around.connections.take(this, { fresh });
    });
  }

  /** At once: nobody waits for this exchange any more. */
  fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    const { code, message, hint, cause, details } = failureOf(error, this.endpoint.host);
    this.#failure = new GatewayError(code, message, {
      cause,
      details: { ...details, progress: this.#progress },
      ...(hint === undefined ? {} : { hint }),
    });
    this.#over();
    this.#around.connections.withdraw(this);
    this.#drop();
    this.#wake();
    this.#reject(this.#failure);
    this.#answer?.body.fail(this.#failure);
  }

  readonly #onAbort = (): void => {
    const reason: unknown = this.#request.signal.reason;
    this.fail(reason instanceof GatewayError ? reason : new GatewayError('CANCELLED', 'the call has been given up'));
  };

  look(now: number): void {
    if (now >= this.#totalAt) this.fail(late('the call took too long altogether'));
    else if (now >= this.#dueAt) this.fail(late(this.#due));
  }

  #within(milliseconds: number, what: string): void {
    this.#dueAt = performance.now() + milliseconds;
    this.#due = what;
  }

  /** As `#within`, of the request: what comes after an early answer is that answer's matter. */
  #sendingWithin(milliseconds: number, what: string): void {
    if (this.#answer === undefined) this.#within(milliseconds, what);
  }

  // --------------------------------------------------------------------------------------------------- the connection

  given(connection: Connection): void {
    this.#connection = connection;
    if (connection.isConnected) this.connected();
  }

  connected(): void {
    const { body } = this.#request;
    if (body instanceof Uint8Array) this.#sendWhole(body);
    else this.#stream(body).catch((error: unknown) => this.fail(error));
  }

  received(bytes: Buffer): void {
    try {
      const isAll = this.#reader.push(bytes) === bytes.length; // what follows an answer is nobody's
      if (this.#reader.isOver) this.#leave({ keeps: isAll });
    } catch (error) {
      this.fail(error);
    }
  }

  ended(): void {
    if (this.#reader.close()) this.#drop();
    else this.broke(Object.assign(new Error('ended by the other end'), { code: 'ECONNRESET' }));
  }

  drained(): void {
    this.#wake();
  }

  broke(error: Error): void {
    this.#brokeWhenReused = (this.#connection?.reused ?? false) && this.#answer === undefined;
    this.fail(this.#answer === undefined ? error : brokenOff(error));
  }

  #drop(): void {
    this.#connection?.destroy();
    this.#connection = undefined;
  }

  // ------------------------------------------------------------------------------------------------------- the request

  #sendWhole(body: Uint8Array): void {
    if ((this.#length ?? 0) !== body.length) return this.fail(otherLength());
    const connection = this.#connection!;
    this.#progress = 'sent';
    if (body.length === 0) connection.write(this.#head);
    else if (body.length > joinedBytes) connection.writeBoth(this.#head, body);
    else connection.write(joined(this.#head, body));
    this.#within(this.#around.deadlines.answer, 'AWS does not answer this call in time');
  }

  /** INVARIANT: never more or less than was announced, or its rest would be taken for the next request. */
  async #stream(body: AsyncIterable<Uint8Array>): Promise<void> {
    const { idle, answer } = this.#around.deadlines;
    this.#progress = 'incomplete';
    this.#connection!.write(this.#head);
    await this.#wanted();
    this.#sendingWithin(idle, 'the body of this call stopped coming');
    let left = this.#length ?? 0;
    for await (const piece of body) {
      const connection = this.#connection;
      if (this.#answer !== undefined || connection === undefined) return; // AWS has made up its mind without the rest
      left -= piece.length;
      if (left < 0) throw otherLength();
      this.#sendingWithin(idle, 'AWS stopped taking the body of this call');
      if (!connection.write(piece)) await this.#woken();
      this.#sendingWithin(idle, 'the body of this call stopped coming');
    }
    if (left > 0) throw otherLength();
    this.#progress = 'sent';
    this.#sendingWithin(answer, 'AWS does not answer this call in time');
  }

  /** With `Expect`, the other end can say no before all of a large body has been sent. */
  async #wanted(): Promise<void> {
    if (headerOf(this.#request.headers, 'expect') === undefined) return;
    const timer = setTimeout(() => this.#wake(), continueMs);
    await this.#woken();
    clearTimeout(timer);
  }

  /** Until there is room, the other end has said something, or the exchange has failed. */
  #woken(): Promise<void> {
    if (this.#failure !== undefined || this.#answer !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  // -------------------------------------------------------------------------------------------------------- the answer

  goOn(): void {
    this.#wake();
  }

  head(head: AnswerHead): void {
    const body = new AnswerBody(this, head.length);
    this.#answer = { head, body };
    this.#dueAt = Number.POSITIVE_INFINITY;
    this.#wake();
    this.#resolve({ status: head.status, headers: head.headers, body, close: () => this.#close() });
  }

  body(bytes: Buffer): void {
    this.#answer!.body.add(bytes);
  }

  end(): void {
    this.#answer!.body.end();
  }

  /** From here on the connection is another's, whether or not anybody has read this answer yet. */
  #leave({ keeps }: { readonly keeps: boolean }): void {
    const { head } = this.#answer!;
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection === undefined) return;
    if (keeps && head.keeps && this.#progress === 'sent' && connection.isFlushed) this.#free(connection, head);
    else connection.destroy();
  }

  #free(connection: Connection, { headers }: AnswerHead): void {
    const told = /(?:^|[,\s])timeout=(\d{1,9})/.exec(headerOf(headers, 'keep-alive') ?? '')?.[1];
    connection.holdBack(false);
    const seconds = told === undefined ? undefined : Number(told);
    this.#around.connections.release(connection, { endpoint: this.endpoint, seconds });
  }

  /** While nobody reads, the other end is held back: its deadline counts only while it is waited for. */
  waits(isWaiting: boolean): void {
    if (isWaiting) this.#within(this.#around.deadlines.idle, 'the answer of the target stopped coming');
    else this.#dueAt = Number.POSITIVE_INFINITY;
  }

  holdBack(isHeldBack: boolean): void {
    this.#connection?.holdBack(isHeldBack);
  }

  left(): void {
    this.#over();
  }

  #close(): void {
    this.#over();
    this.#drop();
  }

  #over(): void {
    this.#around.watch.delete(this);
    this.#request.signal.removeEventListener('abort', this.#onAbort);
  }
}

function joined(head: string, body: Uint8Array): Buffer {
  const all = Buffer.allocUnsafe(head.length + body.length);
  all.write(head, 'latin1');
  all.set(body, head.length);
  return all;
}

const brokenOff = (cause: unknown): GatewayError =>
  new GatewayError('TARGET_UNREACHABLE', 'the answer of the target is broken off', { cause });

const otherLength = (): GatewayError =>
  new GatewayError('PROTOCOL_VIOLATION', 'a body is not as long as the call says');
