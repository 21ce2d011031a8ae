import { GatewayError } from '@sallyport/core';
import type { Frame } from '@sallyport/engine';
import { type BatchRoom, batchBytes, encodeBatch, encodedLength, withinLimit } from './frames.js';

/** `write` says false from here on … */
const highWater = 256 * 1024;
/** … until no more than this waits. */
const lowWater = 64 * 1024;
/** Handed to the stream and not yet sent. */
const inFlightLimit = 2 * batchBytes;
/** A writer that does not heed `false` is stopped: two frames of the largest size and some. */
const hardLimit = 40 * 1024 * 1024;

export interface OutboxPort {
  /** Calls back once the bytes have gone to the network, which waits for the other end's window. */
  send(batch: Buffer, sent: () => void): void;
  /** All was sent, the end marker included. */
  finished(): void;
  /** Where batches are written; anywhere when undefined. */
  readonly room: BatchRoom | undefined;
}

/** One direction of a channel: collects what one turn of the event loop writes, and sends it as few batches. */
export class Outbox {
  private queue: Frame[] = [];
  private queued = 0;
  private inFlight = 0;
  private full = false;
  private scheduled = false;
  private ready = false;
  private ending = false;
  private endSent = false;
  private broken: GatewayError | undefined;
  private waiting: { resolve: () => void; reject: (error: GatewayError) => void }[] = [];

  constructor(private readonly port: OutboxPort) {}

  /** Bytes that wait here or on their way into the network. */
  get pending(): number {
    return this.queued + this.inFlight;
  }

  /** @throws TOO_LARGE when the frame, or what waits already, is beyond the bound */
  write(frame: Frame): boolean {
    if (this.ending || this.broken !== undefined) return false;
    if (this.pending > hardLimit)
      throw new GatewayError('TOO_LARGE', 'a writer went on although the other end of the tunnel is slow');
    this.queue.push(withinLimit(frame));
    this.queued += encodedLength(frame);
    this.schedule();
    if (this.pending >= highWater) this.full = true;
    return !this.full;
  }

  drained(): Promise<void> {
    if (this.broken !== undefined) return Promise.reject(this.broken);
    if (this.ending)
      return Promise.reject(new GatewayError('SESSION_ENDED', 'this end of the session has been closed'));
    if (!this.full) return Promise.resolve();
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  /** The other end is there: until then nothing is sent. */
  open(): void {
    this.ready = true;
    this.schedule();
  }

  end(): void {
    if (this.ending) return;
    this.ending = true;
    this.schedule();
  }

  break(error: GatewayError): void {
    this.broken ??= error;
    this.queue = [];
    this.queued = 0;
    for (const { reject } of this.waiting.splice(0)) reject(this.broken);
  }

  // setImmediate runs after the callbacks of this turn's I/O and all their promises: everything that they wrote shares a batch.
  private schedule(): void {
    if (this.scheduled || !this.ready || this.inFlight >= inFlightLimit) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.flush();
    });
  }

  private flush(): void {
    while (this.queue.length > 0 && this.inFlight < inFlightLimit) this.sendBatch();
    if (
      this.ending &&
      !this.endSent &&
      this.queue.length === 0 &&
      this.broken === undefined &&
      this.inFlight < inFlightLimit
    )
      this.sendEnd();
  }

  private sendBatch(): void {
    let size = 0;
    let count = 0;
    do {
      size += encodedLength(this.queue[count]!);
      count += 1;
    } while (count < this.queue.length && size + encodedLength(this.queue[count]!) <= batchBytes);
    this.queued -= size;
    this.inFlight += size;
    this.port.send(encodeBatch({ frames: this.queue.splice(0, count), last: false }, this.port.room), () =>
      this.sent(size),
    );
  }

  private sendEnd(): void {
    this.endSent = true;
    this.port.send(encodeBatch({ frames: [], last: true }, this.port.room), () => undefined);
    this.port.finished();
  }

  private sent(size: number): void {
    this.inFlight -= size;
    if (this.broken !== undefined) return;
    this.flush();
    if (this.pending > lowWater) return;
    this.full = false;
    for (const { resolve } of this.waiting.splice(0)) resolve();
  }
}
