/** Stands between agent and target and writes down what a client of the target says, message by message. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { readStartup } from '../../postgres/startup.js';
import { Fields, type Message, MessageReader, typeOf } from '../../postgres/wire.js';

/** A statement's text as it reached the target, or the letter of another message. */
export interface Arrived {
  readonly letter: string;
  readonly text: string;
}

const cancelCode = 80877102;
/** What the agent reads of the catalogue comes on connections of this name. */
const surveyName = 'sallyport-survey';

const arrivedOf = ({ type, body }: Message): Arrived => {
  const letter = String.fromCharCode(type);
  const fields = new Fields(body);
  if (letter === 'P') fields.cstring();
  return { letter, text: letter === 'Q' || letter === 'P' ? fields.cstring() : '' };
};

export class Tap {
  readonly #server = createServer((near) => this.#splice(near));
  readonly #sockets = new Set<Socket>();
  #arrived: Arrived[] = [];
  /** What the agent has asked the target for at the start of each session. */
  readonly startups: ReadonlyMap<string, string>[] = [];
  /** What each session at the target could be cancelled by: the body of BackendKeyData. */
  readonly keys: Buffer[] = [];
  /** Every byte that anybody sent to the target. */
  bytes = 0;

  private constructor(readonly target: { readonly host: string; readonly port: number }) {}

  static async before(target: { readonly host: string; readonly port: number }): Promise<Tap> {
    const tap = new Tap(target);
    tap.#server.listen(0, '127.0.0.1');
    await once(tap.#server, 'listening');
    return tap;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** What has arrived since the last `take`. */
  get arrived(): readonly Arrived[] {
    return this.#arrived;
  }

  /** What has arrived since the last call, without log-ins, surveys and the goodbye. */
  take(): Arrived[] {
    const arrived = this.#arrived;
    this.#arrived = [];
    return arrived;
  }

  #splice(near: Socket): void {
    const far = connect({ ...this.target, noDelay: true });
    near.setNoDelay(true);
    const listener = new Listener((parameters) => this.startups.push(parameters));
    near.on('data', (chunk: Buffer) => {
      this.bytes += chunk.length;
      this.#arrived.push(...listener.hear(chunk));
    });
    const answers = new MessageReader();
    far.on('data', (chunk: Buffer) => {
      answers.push(chunk);
      for (let next = answers.next(); next !== undefined; next = answers.next())
        if (next.type === typeOf('K') && !listener.ignored) this.keys.push(Buffer.from(next.body));
    });
    near.pipe(far);
    far.pipe(near);
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** One connection: the packet without a type first, then messages. */
class Listener {
  readonly #reader = new MessageReader();
  #start: Buffer | undefined = Buffer.alloc(0);
  ignored = false;

  constructor(private readonly begun: (parameters: ReadonlyMap<string, string>) => void) {}

  hear(chunk: Buffer): Arrived[] {
    if (this.#start !== undefined) {
      this.#start = Buffer.concat([this.#start, chunk]);
      if (this.#start.length < 8 || this.#start.length < this.#start.readInt32BE(0)) return [];
      return this.#begin(this.#start);
    }
    this.#reader.push(chunk);
    return this.#messages();
  }

  #begin(bytes: Buffer): Arrived[] {
    const size = bytes.readInt32BE(0);
    this.#start = undefined;
    if (bytes.readInt32BE(4) === cancelCode) return [{ letter: 'cancel', text: '' }];
    this.ignored = bytes.subarray(0, size).includes(surveyName);
    const packet = readStartup(bytes)?.packet;
    if (packet?.kind === 'startup' && !this.ignored) this.begun(packet.parameters);
    this.#reader.push(Buffer.from(bytes.subarray(size)));
    return this.#messages();
  }

  #messages(): Arrived[] {
    const arrived: Arrived[] = [];
    for (let next = this.#reader.next(); next !== undefined; next = this.#reader.next())
      if (!this.ignored && next.type !== typeOf('p') && next.type !== typeOf('X')) arrived.push(arrivedOf(next));
    return arrived;
  }
}
