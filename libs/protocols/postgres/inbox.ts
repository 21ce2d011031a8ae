/** What a session waits for: the client's next message, or something that the target started. */
import type { Duplex } from 'node:stream';
import { type Message, MessageReader, typeOf } from './wire.js';

export type Arrival<Raised> =
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'raised'; readonly raised: Raised };

/** Unread bytes above which the client is held back. */
const highWater = 1024 * 1024;
/** Raised events that may wait; more end the session, for nothing may be dropped. */
const raisedLimit = 1_000;

export class Inbox<Raised> {
  readonly #reader: MessageReader;
  readonly #socket: Duplex;
  readonly #raised: Raised[] = [];
  readonly #gone = new AbortController();
  #wake: (() => void) | undefined;
  #failure: Error | undefined;

  constructor(socket: Duplex, reader: MessageReader = new MessageReader()) {
    this.#socket = socket;
    this.#reader = reader;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    for (const event of ['end', 'close', 'error']) socket.on(event, () => this.#leave());
    if (socket.readableEnded || socket.destroyed) this.#leave();
  }

  /** Aborted once the client has hung up. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  raise(raised: Raised): boolean {
    if (this.#raised.length >= raisedLimit) return false;
    this.#raised.push(raised);
    this.#wake?.();
    return true;
  }

  /** Ends the waiting with an error. */
  fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error('the session failed', { cause: error });
    this.#wake?.();
  }

  /** @returns undefined once the client has gone and everything it sent has been read */
  async next(): Promise<Arrival<Raised> | undefined> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const raised = this.#raised.shift();
      if (raised !== undefined) return { kind: 'raised', raised };
      const message = this.#reader.next();
      if (message !== undefined) return { kind: 'message', message };
      if (this.#gone.signal.aborted) return undefined;
      this.#socket.resume();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }

  /** The next message where it is of this type and has come already: nothing waits for it. */
  takeNext(letter: string): Message | undefined {
    return this.#reader.nextType === typeOf(letter) ? this.#reader.next() : undefined;
  }

  #receive(chunk: Buffer): void {
    this.#reader.push(chunk);
    if (this.#reader.buffered > highWater && this.#wake === undefined) this.#socket.pause();
    this.#wake?.();
  }

  #leave(): void {
    this.#gone.abort();
    this.#wake?.();
  }
}
