/** One request and its answer. */
import type { ClientRequest, IncomingMessage } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { GatewayError } from '@sallyport/core';
import { headerOf, headersOf } from '../../header-list.js';
import type { Deadlines } from '../http-settings.js';
import type { UpstreamAnswer, UpstreamRequest } from './client.js';
import { failureOf, late, type Progress } from './failures.js';

/** How long the other end may take to say that it wants the body, before it gets it all the same. */
const continueMs = 2_000;
/** A piece of this size is one of many: what else has arrived comes with the next one. */
const oneOfMany = 16 * 1024;

export class UpstreamExchange {
  readonly #request: UpstreamRequest;
  readonly #sent: ClientRequest;
  readonly #deadlines: Deadlines;
  #failure: GatewayError | undefined;
  #answered = false;
  #message: IncomingMessage | undefined;
  #timer: NodeJS.Timeout | undefined;
  #total: NodeJS.Timeout;
  #brokeWhenReused = false;
  #giveUp: (error: GatewayError) => void = () => undefined;
  readonly #gaveUp: Promise<never>;

  constructor(request: UpstreamRequest, sent: ClientRequest, deadlines: Deadlines) {
    this.#request = request;
    this.#sent = sent;
    this.#deadlines = deadlines;
    this.#gaveUp = new Promise((_resolve, reject) => {
      this.#giveUp = reject;
    });
    this.#gaveUp.catch(() => undefined); // told by whoever waits
    sent.on('error', (error) => this.#broke(error));
    this.#total = setTimeout(() => this.fail(late('the call took too long altogether')), deadlines.total);
    request.signal.addEventListener('abort', this.#onAbort, { once: true });
    if (request.signal.aborted) this.#onAbort();
  }

  /** The connection was one that had been kept, and it broke before anything was answered. */
  get brokeWhenReused(): boolean {
    return this.#brokeWhenReused;
  }

  get progress(): Progress {
    if (this.#sent.writableEnded) return 'sent';
    return this.#sent.headersSent ? 'incomplete' : 'unsent';
  }

  /** @throws GatewayError with `details.progress` */
  async answer(): Promise<UpstreamAnswer> {
    try {
      const response = new Promise<IncomingMessage>((resolve) => this.#sent.once('response', resolve));
      void response.then(() => {
        this.#answered = true;
      });
      await this.#connected();
      const sending = this.#send();
      sending.catch(() => undefined); // fails the exchange by itself
      const message = await Promise.race([response, this.#gaveUp]);
      clearTimeout(this.#timer);
      return this.#answerOf(message);
    } catch (error) {
      this.#over();
      this.#sent.destroy();
      throw this.#told(error);
    }
  }

  /** At once: nobody waits for this exchange any more. */
  fail(error: GatewayError): void {
    this.#failure ??= error;
    this.#giveUp(this.#failure);
    this.#message?.destroy(this.#failure);
    this.#sent.destroy(this.#failure);
  }

  readonly #onAbort = (): void => {
    const reason: unknown = this.#request.signal.reason;
    this.fail(reason instanceof GatewayError ? reason : new GatewayError('CANCELLED', 'the call has been given up'));
  };

  #broke(error: Error): void {
    if (this.#failure !== undefined) return; // our own doing
    this.#brokeWhenReused = this.#sent.reusedSocket && !this.#answered;
    this.fail(failureOf(error, this.#request.endpoint.host));
  }

  /** As `within`, of the request: what comes after an early answer is that answer's matter. */
  #sendingWithin(milliseconds: number, what: string): void {
    if (!this.#answered) this.#within(milliseconds, what);
  }

  #within(milliseconds: number, what: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.fail(late(what)), milliseconds);
  }

  /** Includes the wait for a connection where all are in use. */
  async #connected(): Promise<void> {
    const { host } = this.#request.endpoint;
    this.#within(this.#deadlines.connect, `no connection to "${host}" in time`);
    const socket = await Promise.race([
      new Promise<NonNullable<ClientRequest['socket']>>((resolve) => this.#sent.once('socket', resolve)),
      this.#gaveUp,
    ]);
    const event = this.#request.endpoint.tls ? 'secureConnect' : 'connect';
    if (this.#sent.reusedSocket || (event === 'connect' && !socket.connecting)) return;
    await Promise.race([new Promise<void>((resolve) => socket.once(event, resolve)), this.#gaveUp]);
  }

  async #send(): Promise<void> {
    const { body } = this.#request;
    try {
      if (body instanceof Uint8Array) this.#sent.end(body);
      else await this.#stream(body);
      this.#sendingWithin(this.#deadlines.answer, 'AWS does not answer this call in time');
    } catch (error) {
      this.fail(failureOf(error, this.#request.endpoint.host));
    }
  }

  async #stream(body: AsyncIterable<Uint8Array>): Promise<void> {
    const { idle } = this.#deadlines;
    await this.#wanted();
    this.#sendingWithin(idle, 'the body of this call stopped coming');
    for await (const piece of body) {
      if (this.#answered) return; // AWS has made up its mind without the rest
      this.#sendingWithin(idle, 'AWS stopped taking the body of this call');
      if (!this.#sent.write(piece)) await this.#drained();
      this.#sendingWithin(idle, 'the body of this call stopped coming');
    }
    this.#sent.end();
  }

  /** With `Expect`, the other end can say no before all of a large body has been sent. */
  async #wanted(): Promise<void> {
    if (headerOf(this.#request.headers, 'expect') === undefined) return;
    this.#sent.flushHeaders();
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      new Promise<void>((resolve) => {
        for (const event of ['continue', 'response', 'close'] as const) this.#sent.once(event, () => resolve());
        timer = setTimeout(resolve, continueMs);
      }),
      this.#gaveUp,
    ]);
    clearTimeout(timer);
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        for (const event of ['drain', 'close', 'response'] as const) this.#sent.off(event, done);
        resolve();
      };
      for (const event of ['drain', 'close', 'response'] as const) this.#sent.on(event, done);
    });
  }

  #answerOf(message: IncomingMessage): UpstreamAnswer {
    message.on('error', () => undefined); // told by whoever reads
    this.#message = message;
    return {
      status: message.statusCode ?? 0,
      headers: headersOf(message.rawHeaders),
      body: this.#read(message),
      close: () => {
        this.#over();
        if (!message.complete || !this.#sent.writableFinished) this.#sent.destroy();
        else message.resume(); // to its end, without which the connection would never be free again
      },
    };
  }

  /** While nobody reads, the other end is held back: its deadline counts only while it is waited for. */
  async *#read(message: IncomingMessage): AsyncGenerator<Uint8Array> {
    const pieces = message[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
    let isWaiting = false;
    const timer = setTimeout(() => {
      if (isWaiting) this.fail(late('the answer of AWS stopped coming'));
    }, this.#deadlines.idle);
    try {
      for (let length = 0; ; ) {
        if (length >= oneOfMany) await nextTurn();
        isWaiting = true;
        timer.refresh();
        const next = await pieces.next(); // fails with the exchange
        isWaiting = false;
        if (next.done) break;
        length = next.value.length;
        yield next.value;
      }
      if (!message.complete) throw brokenOff();
    } catch (error) {
      const failure = this.#failure ?? (error instanceof GatewayError ? error : brokenOff(error));
      this.#sent.destroy();
      throw this.#told(failure);
    } finally {
      clearTimeout(timer);
      this.#over();
    }
  }

  #over(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#total);
    this.#request.signal.removeEventListener('abort', this.#onAbort);
  }

  #told(error: unknown): GatewayError {
    const { code, message, hint, cause, details } = failureOf(error, this.#request.endpoint.host);
    return new GatewayError(code, message, {
      cause,
      details: { ...details, progress: this.progress },
      ...(hint === undefined ? {} : { hint }),
    });
  }
}

const brokenOff = (cause?: unknown): GatewayError =>
  new GatewayError('TARGET_UNREACHABLE', 'the answer of AWS is broken off', { cause });
