/** One session of raw messages, through the gateway or straight to the target, with a deadline on every answer. */
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { login } from '../../postgres/login.js';
import { cstring, type Message, MessageReader, message } from '../../postgres/wire.js';
import { ticket } from '../postgres-gateway.js';
import { dialTls, frontend as f, startup } from '../raw-client.js';

export interface Login {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
}

const answerMs = 15_000;

export class Talk {
  readonly #socket: Duplex;
  readonly #reader: MessageReader;
  #heard: Message[] = [];
  #wake: () => void = () => undefined;
  closed = false;

  private constructor(socket: Duplex, reader: MessageReader) {
    this.#socket = socket;
    this.#reader = reader;
    socket.on('data', (chunk: Buffer) => this.#hear(chunk));
    for (const event of ['close', 'end', 'error'])
      socket.on(event, () => {
        this.closed = true;
        this.#wake();
      });
    this.#hear(Buffer.alloc(0));
    socket.resume(); // logging in has read it by hand
  }

  static async direct({ host, port, database, user, password }: Login): Promise<Talk> {
    const tls = { mode: 'disable' } as const;
    const dial = { host, port, database, tls, credential: { user, password }, settings: [], timeoutMs: answerMs };
    const { socket, reader } = await login(dial);
    return new Talk(socket, reader);
  }

  /** @returns the session and what the gateway said until it was ready */
  static async through(port: number, database: string): Promise<{ talk: Talk; welcome: Message[] }> {
    const talk = new Talk(await dialTls(port), new MessageReader());
    talk.#socket.write(startup({ user: 'orders', database }));
    await talk.#until(() => talk.#heard.length > 0);
    talk.#socket.write(message('p', cstring(ticket)));
    return { talk, welcome: await talk.#answer(1) };
  }

  /** @param readies how many ReadyForQuery end the answer */
  ask(messages: readonly Buffer[], readies = 1): Promise<Message[]> {
    this.#socket.write(Buffer.concat(messages));
    return this.#answer(readies);
  }

  async askBytewise(messages: readonly Buffer[], readies = 1): Promise<Message[]> {
    for (const byte of Buffer.concat(messages))
      await new Promise((resolve) => this.#socket.write(Buffer.from([byte]), resolve));
    return this.#answer(readies);
  }

  end(): void {
    if (!this.closed) this.#socket.end(f.terminate);
    setTimeout(() => this.#socket.destroy(), 500).unref();
  }

  async #answer(readies: number): Promise<Message[]> {
    const letters = () => this.#heard.filter(({ type }) => type === 0x5a).length;
    await this.#until(() => letters() >= readies);
    const heard = this.#heard;
    this.#heard = [];
    return heard;
  }

  async #until(holds: () => boolean): Promise<void> {
    const late = Date.now() + answerMs;
    while (!holds() && !this.closed) {
      if (Date.now() > late) throw new Error(`no answer within ${answerMs} ms`);
      await Promise.race([new Promise<void>((resolve) => (this.#wake = resolve)), sleep(500)]);
    }
  }

  #hear(chunk: Buffer): void {
    this.#reader.push(chunk);
    for (let next = this.#reader.next(); next !== undefined; next = this.#reader.next()) {
      this.#heard.push({ ...next, raw: Buffer.from(next.raw), body: Buffer.from(next.body) });
      if (next.type === 0x47) this.#socket.write(f.copyFail); // a COPY that waits for rows gets none
    }
    this.#wake();
  }
}
