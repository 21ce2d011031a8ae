import { EventEmitter } from 'node:events';
import type { BatchRoom } from './frames.js';
import type { Hearer, SessionConnection } from './session-connection.js';
import { SessionMessage, violation } from './session-messages.js';
import type { ByteStream } from './stream-channel.js';

/** A side that does not read would not hear that the other has gone: it finds out by writing. */
const stillMs = 1_000;

/** What a session connection is to the one session that it carries. */
export class SessionStream implements ByteStream, Hearer {
  private readonly events = new EventEmitter();
  private still: NodeJS.Timeout | undefined;
  private detached = false;
  private sentAll = false;

  /** @param ended called when both ends have said all, with the connection free for something else */
  constructor(
    private readonly connection: SessionConnection,
    private readonly ended: () => void,
  ) {
    connection.hear(this);
  }

  /** `data` with a batch; `error` with the cause, or `close`, when the connection has ended under the session. */
  on(event: string, listener: (...values: never[]) => void): void {
    this.events.on(event, listener as (...values: unknown[]) => void);
  }

  message(kind: SessionMessage, content: Buffer): void {
    if (kind === SessionMessage.BATCH) this.events.emit('data', content);
    else if (kind !== SessionMessage.STILL) throw violation(`a message of kind ${kind} within a session`);
  }

  gone(cause: Error | undefined): void {
    this.detach();
    if (cause === undefined) this.events.emit('close');
    else this.events.emit('error', cause);
  }

  get room(): BatchRoom {
    return this.connection.room;
  }

  /** @param batch in `room` */
  write(batch: Buffer, written: (error?: Error | null) => void): boolean {
    return !this.detached && this.connection.write(batch, SessionMessage.BATCH, written);
  }

  /** This side has said all. */
  end(): void {
    this.sentAll = true;
    this.stopStill();
  }

  pause(): void {
    if (this.detached) return;
    this.connection.pause();
    if (!this.sentAll) this.still ??= setInterval(() => this.sayStill(), stillMs);
  }

  resume(): void {
    if (this.detached) return;
    this.stopStill();
    this.connection.resume();
  }

  /** Both sides have said all: what comes next on the connection belongs to something else. */
  release(): void {
    if (this.detached) return;
    this.resume();
    this.detach();
    this.ended();
  }

  abort(): void {
    if (!this.detached) this.connection.destroy();
  }

  private sayStill(): void {
    if (this.connection.waiting === 0) this.connection.say(SessionMessage.STILL);
  }

  private stopStill(): void {
    clearInterval(this.still);
    this.still = undefined;
  }

  private detach(): void {
    this.stopStill();
    this.detached = true;
  }
}
