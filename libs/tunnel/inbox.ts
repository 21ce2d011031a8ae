import type { GatewayError } from '@sallyport/core';
import type { Frame } from '@sallyport/engine';
import { encodedLength } from './frames.js';

const pauseAbove = 256 * 1024;
const resumeBelow = 128 * 1024;
/** Frames that were pulled and are not yet taken out: together at most about as much as waits. */
const mostPulled = 32;

export interface InboxPort {
  pause(): void;
  resume(): void;
}

/** The other direction: holds the sender back while nobody pulls. One reader. */
export class Inbox implements AsyncIterable<Frame> {
  private frames: Frame[] = [];
  private next = 0;
  private bytes = 0;
  private paused = false;
  private ended = false;
  private broken: GatewayError | undefined;
  private wake: (() => void) | undefined;

  constructor(private readonly port: InboxPort) {}

  push(frames: readonly Frame[]): void {
    if (this.broken !== undefined || this.ended) return;
    for (const frame of frames) {
      this.frames.push(frame);
      this.bytes += encodedLength(frame);
    }
    if (this.bytes > pauseAbove && !this.paused) {
      this.paused = true;
      this.port.pause();
    }
    this.notify();
  }

  end(): void {
    this.ended = true;
    this.notify();
  }

  /** @param now drop what has arrived; otherwise it is read first */
  break(error: GatewayError, now: boolean): void {
    if (this.ended && !now) return;
    this.broken ??= error;
    if (now) {
      this.frames = [];
      this.next = 0;
    }
    this.notify();
  }

  [Symbol.asyncIterator](): AsyncIterator<Frame> {
    return { next: () => this.pull() };
  }

  private async pull(): Promise<IteratorResult<Frame>> {
    for (;;) {
      const value = this.shift();
      if (value !== undefined) return { done: false, value };
      if (this.broken !== undefined) throw this.broken;
      if (this.ended) return { done: true, value: undefined };
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  private shift(): Frame | undefined {
    const frame = this.frames[this.next];
    if (frame === undefined) return undefined;
    this.next += 1;
    this.bytes -= encodedLength(frame);
    this.forget();
    if (this.paused && this.bytes < resumeBelow) {
      this.paused = false;
      this.port.resume();
    }
    return frame;
  }

  /** What was pulled is let go, also when the reader never comes to the end of what waits. */
  private forget(): void {
    if (this.next < this.frames.length && this.next < mostPulled) return;
    this.frames = this.frames.slice(this.next);
    this.next = 0;
  }

  private notify(): void {
    this.wake?.();
    this.wake = undefined;
  }
}
