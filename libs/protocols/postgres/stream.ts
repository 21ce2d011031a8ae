import type { Duplex } from 'node:stream';

/** Resolves when the socket takes more bytes, or has gone. */
export function drained(socket: Duplex): Promise<void> {
  if (socket.destroyed || !socket.writableNeedDrain) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      for (const event of ['drain', 'close', 'error']) socket.off(event, done);
      resolve();
    };
    for (const event of ['drain', 'close', 'error']) socket.on(event, done);
  });
}

/**
 * Writes of one turn of the event loop leave together: each on its own would cost a system call, and wake the reader.
 * @returns writes as the socket does
 */
export function gathering(socket: Duplex): (bytes: Buffer) => boolean {
  let gathers = false;
  return (bytes) => {
    if (!gathers) {
      gathers = true;
      socket.cork();
      process.nextTick(() => {
        gathers = false;
        socket.uncork();
      });
    }
    return socket.write(bytes);
  };
}

/** Reads what is there, or waits for it: while nobody asks, the other end is held back. @returns undefined at the end */
export function readChunk(socket: Duplex): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const settle = (chunk: Buffer | undefined) => {
      for (const event of ['readable', 'end', 'close', 'error']) socket.off(event, attempt);
      resolve(chunk);
    };
    const attempt = () => {
      const chunk = socket.read() as Buffer | null;
      if (chunk !== null) settle(chunk);
      else if (socket.readableEnded || socket.destroyed) settle(undefined);
    };
    for (const event of ['readable', 'end', 'close', 'error']) socket.on(event, attempt);
    attempt();
  });
}

/** As `readChunk`, for whoever reads nothing but chunks to the end: listens once, not once for each of them. */
export class Chunks {
  readonly #socket: Duplex;
  #wake: () => void = () => undefined;

  constructor(socket: Duplex) {
    this.#socket = socket;
    for (const event of ['readable', 'end', 'close', 'error']) socket.on(event, () => this.#wake());
  }

  /** @returns undefined at the end */
  async next(): Promise<Buffer | undefined> {
    for (;;) {
      const chunk = this.#socket.read() as Buffer | null;
      if (chunk !== null) return chunk;
      if (this.#socket.readableEnded || this.#socket.destroyed) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
