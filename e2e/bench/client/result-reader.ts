import { once } from 'node:events';
import type { Socket } from 'node:net';
import pg from 'pg';

/** What an answer came to. */
export interface Received {
  readonly bytes: number;
  readonly rows: number;
  readonly seconds: number;
}

const codes = { dataRow: 0x44, copyData: 0x64, readyForQuery: 0x5a, errorResponse: 0x45 };

/** Walks over the server's messages and keeps none of them. */
export class MessageWalk {
  bytes = 0;
  rows = 0;
  done = false;
  failed = false;
  readonly #header = Buffer.alloc(5);
  #held = 0;
  #left = 0;

  push(chunk: Buffer): void {
    this.bytes += chunk.length;
    let at = Math.min(this.#left, chunk.length);
    this.#left -= at;
    while (at < chunk.length) {
      if (this.#held === 0 && chunk.length - at >= 5) {
        this.#begin(chunk[at]!, chunk.readInt32BE(at + 1));
        at += 5;
      } else {
        this.#header[this.#held++] = chunk[at++]!;
        if (this.#held < 5) continue;
        this.#held = 0;
        this.#begin(this.#header[0]!, this.#header.readInt32BE(1));
      }
      const step = Math.min(this.#left, chunk.length - at);
      this.#left -= step;
      at += step;
    }
  }

  #begin(type: number, length: number): void {
    this.#left = length - 4;
    if (type === codes.dataRow || type === codes.copyData) this.rows += 1;
    if (type === codes.readyForQuery) this.done = true;
    if (type === codes.errorResponse) this.failed = true;
  }
}

/** A client that asks in plain PostgreSQL messages and reads as fast, or as slowly, as it is told. */
export class ResultReader {
  private constructor(private readonly socket: Socket) {}

  static async connect(config: pg.ClientConfig): Promise<ResultReader> {
    const client = new pg.Client(config);
    client.on('error', () => undefined); // what a statement comes to is told by its own promise
    await client.connect();
    const socket = (client as unknown as { connection: { stream: Socket } }).connection.stream;
    socket.removeAllListeners('data');
    return new ResultReader(socket);
  }

  ask(sql: string): void {
    const text = Buffer.from(`${sql}\0`);
    const head = Buffer.from([0x51, 0, 0, 0, 0]);
    head.writeInt32BE(text.length + 4, 1);
    this.socket.write(Buffer.concat([head, text]));
  }

  /** Asks and throws the answer away. @throws when the server answers with an error */
  async discard(sql: string): Promise<Received> {
    const walk = new MessageWalk();
    const began = performance.now();
    const answered = new Promise<void>((resolve, reject) => {
      const closed = (): void => reject(new Error(`the connection was closed during: ${sql}`));
      this.socket.once('close', closed);
      this.socket.on('data', (chunk: Buffer) => {
        walk.push(chunk);
        if (!walk.done) return;
        this.socket.removeAllListeners('data');
        this.socket.off('close', closed);
        resolve();
      });
    });
    this.ask(sql);
    await answered;
    if (walk.failed) throw new Error(`the server refused: ${sql}`);
    return { bytes: walk.bytes, rows: walk.rows, seconds: (performance.now() - began) / 1000 };
  }

  /** Asks, takes the first bytes, and reads no more: a stuck client. */
  async getStuck(sql: string): Promise<void> {
    this.ask(sql);
    await once(this.socket, 'data');
    this.socket.pause();
  }

  leave(): void {
    this.socket.destroy();
  }
}
