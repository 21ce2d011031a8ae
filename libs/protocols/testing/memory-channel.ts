import { GatewayError } from '@sallyport/core';
import type { Channel, Frame } from '@sallyport/engine';

/** How many frames one direction holds before its writer is told to wait. */
const highWater = 16;
/** How long the other end may go on after one end has ended. */
const lingerMs = 1_000;

/** One direction: what one end writes, the other reads. */
class Pipe {
  readonly #frames: Frame[] = [];
  #ended = false;
  #error: GatewayError | undefined;
  #readers: (() => void)[] = [];
  #writers: (() => void)[] = [];

  write(frame: Frame): boolean {
    if (!this.#ended) this.#frames.push(frame);
    this.#wake();
    return this.#frames.length < highWater;
  }

  async drained(): Promise<void> {
    while (this.#frames.length >= highWater && !this.#ended)
      await new Promise<void>((resolve) => this.#writers.push(resolve));
  }

  end(error?: GatewayError): void {
    this.#ended = true;
    this.#error ??= error;
    if (error) this.#frames.length = 0;
    this.#wake();
  }

  async *read(): AsyncGenerator<Frame> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame !== undefined) {
        for (const wake of this.#writers.splice(0)) wake();
        yield frame;
      } else if (this.#error) throw this.#error;
      else if (this.#ended) return;
      else await new Promise<void>((resolve) => this.#readers.push(resolve));
    }
  }

  #wake(): void {
    for (const wake of [...this.#readers.splice(0), ...(this.#ended ? this.#writers.splice(0) : [])]) wake();
  }
}

/** Two ends of a session's channel in one process, with the same back-pressure as the tunnel's. */
export function memoryChannels(): readonly [Channel, Channel] {
  const [there, back] = [new Pipe(), new Pipe()];
  let close: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => {
    close = resolve;
  });
  const end = (out: Pipe, into: Pipe): Channel => ({
    closed,
    write: (frame) => out.write(frame),
    drained: () => out.drained(),
    frames: { [Symbol.asyncIterator]: () => into.read() },
    end: () => {
      out.end();
      setTimeout(close, lingerMs).unref();
    },
    destroy: (error) => {
      close();
      into.end(error);
      out.end(new GatewayError('AGENT_LOST', 'the other end has gone'));
    },
  });
  return [end(there, back), end(back, there)];
}
