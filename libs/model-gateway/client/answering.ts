/**
 * The answer to a client that asked for a stream of events. While people are asked, the stream can begin ahead of the
 * model's answer, so that the client knows that somebody is there; what then comes of the upstream goes on in it, and what
 * is not a stream of events becomes the error event that it must be.
 */
import type { Refusal } from '@sallyport/core';
import { type Headers, headerOf, type Incoming } from '@sallyport/http';
import type { ModelApiName } from '@sallyport/models';
import type { ModelSurface } from './surface.js';

/** Of an error answer that is told as an event. */
const longestError = 256 * 1024;
/** A client that takes nothing for so long has gone, whatever its connection says. */
const stuckMs = 300_000;

export interface AnsweringOptions {
  /** How long a client waits without a byte before its stream is begun. */
  readonly patienceMs: number;
  /** Between two pings. */
  readonly pingMs: number;
  readonly api?: ModelApiName;
}

type State =
  /** Nothing was sent yet. */
  | 'silent'
  /** The stream was begun by us; of the upstream nothing has come. */
  | 'ahead'
  /** As the upstream has it. */
  | 'relayed'
  /** We said 200, and the upstream did not: its body is collected. */
  | 'failing'
  | 'over';

export class Answering implements Incoming {
  #state: State = 'silent';
  #timer: NodeJS.Timeout | undefined;
  #events = false;
  #tail = '';
  #bytes = 0;
  #sequence = -1;
  #isError = false;
  readonly #failure: Uint8Array[] = [];
  #failed = 0;

  constructor(
    private readonly incoming: Incoming,
    private readonly surface: Pick<ModelSurface, 'ping' | 'errorEvent' | 'refusal'>,
    private readonly options: AnsweringOptions,
  ) {}

  get method() {
    return this.incoming.method;
  }

  get target() {
    return this.incoming.target;
  }

  get headers() {
    return this.incoming.headers;
  }

  get body() {
    return this.incoming.body;
  }

  get http2() {
    return this.incoming.http2;
  }

  get gone() {
    return this.incoming.gone;
  }

  get begun() {
    return this.incoming.begun;
  }

  /** Of the body of an answer that is no error, so far. */
  get bytes(): number {
    return this.#bytes;
  }

  proceed(): void {
    this.incoming.proceed();
  }

  /** From now on its client is kept waiting with pings. Only for one that asked for a stream of events. */
  wait(): void {
    this.#timer ??= setTimeout(() => this.#begin(), this.options.patienceMs).unref();
  }

  #begin(): void {
    if (this.#state !== 'silent' || this.gone.isOver) return;
    this.#state = 'ahead';
    this.incoming.head(200, ofEvents);
    this.incoming.write(this.surface.ping);
    this.#timer = setInterval(() => {
      if (!this.gone.isOver) this.incoming.write(this.surface.ping);
    }, this.options.pingMs).unref();
  }

  #settle(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  head(status: number, headers: Headers): void {
    this.#settle();
    this.#isError = status >= 400;
    this.#events = /^text\/event-stream\b/i.test(headerOf(headers, 'content-type') ?? '');
    if (this.#state === 'ahead') this.#state = status === 200 && this.#events ? 'relayed' : 'failing';
    else {
      this.#state = 'relayed';
      this.incoming.head(status, headers);
    }
  }

  write(chunk: Uint8Array): boolean {
    if (this.#state === 'failing') {
      this.#failed += chunk.length;
      if (this.#failed <= longestError) this.#failure.push(chunk);
      return true;
    }
    if (!this.#isError) this.#bytes += chunk.length;
    if (this.options.api === 'openai.responses') this.#follow(chunk);
    this.#tail = `${this.#tail}${Buffer.from(chunk.subarray(-4)).toString('latin1')}`.slice(-4);
    return this.incoming.write(chunk);
  }

  /** Events of Responses are numbered: one of ours is the next. In a text the quotes of the name would be escaped. */
  #follow({ buffer, byteOffset, byteLength }: Uint8Array): void {
    const bytes = Buffer.from(buffer, byteOffset, byteLength);
    const at = bytes.lastIndexOf(sequenceName);
    const end = at + sequenceName.length;
    const number = at < 0 ? null : /^\s*(\d{1,15})\b/.exec(bytes.toString('latin1', end, end + 20));
    if (number !== null) this.#sequence = Number(number[1]);
  }

  async drained(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const stuck = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        this.incoming.destroy();
        resolve();
      }, stuckMs);
    });
    await Promise.race([this.incoming.drained(), stuck]);
    clearTimeout(timer);
  }

  end(): void {
    this.#settle();
    if (this.#state === 'failing') this.incoming.write(this.#errorEvent(this.#told()));
    this.#state = 'over';
    this.incoming.end();
  }

  #errorEvent(body: Buffer): Buffer {
    return this.surface.errorEvent(body, this.options.api, this.#sequence + 1);
  }

  /** The upstream's own words, where they are whole. */
  #told(): Buffer {
    if (this.#failed > 0 && this.#failed <= longestError) return Buffer.concat(this.#failure);
    return this.surface.refusal({
      code: 'RESPONSE_NOT_UNDERSTOOD',
      message: 'the model’s answer is no stream of events',
    }).body;
  }

  destroy(): void {
    this.#settle();
    this.#state = 'over';
    this.incoming.destroy();
  }

  /** In the API's words: as the answer, or as an event of the stream that has begun; else all that is left is to break off. */
  refuse(refusal: Refusal): void {
    this.#settle();
    const before = this.#state;
    this.#state = 'over';
    if (this.gone.isOver || before === 'over') return;
    const { status, headers, body } = this.surface.refusal(refusal);
    if (!this.begun) {
      this.incoming.head(status, headers);
      if (this.method !== 'HEAD') this.incoming.write(body);
    } else if (before === 'ahead' || before === 'failing' || (this.#events && this.#isBetweenEvents()))
      this.incoming.write(this.#errorEvent(body));
    else return this.incoming.destroy();
    this.incoming.end();
    this.incoming.body.resume(); // what still arrives is not kept
  }

  #isBetweenEvents(): boolean {
    return this.#tail === '' || /(?:\n\n|\r\r|\r\n\r\n)$/.test(this.#tail);
  }
}

const sequenceName = '"sequence_number":';

const ofEvents: Headers = [
  ['content-type', 'text/event-stream; charset=utf-8'],
  ['cache-control', 'no-cache'],
];
