import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { cancelRequestCode, gssencRequestCode, sslRequestCode } from '../../libs/protocols/postgres/startup.js';
import { int32, MessageReader, typeOf } from '../../libs/protocols/postgres/wire.js';

/** What one connection heard from its server, message by message as they were on the wire, from its log-in on. */
export interface Conversation {
  /** Everything up to the first ReadyForQuery: authentication, which differs, and the server's settings, which do not. */
  readonly login: readonly Buffer[];
  readonly answers: readonly Buffer[];
}

export interface TapOptions {
  readonly port: number;
  /** The gateway takes no client without TLS; the tap speaks it for a client that does not, so as to see the bytes. */
  readonly tls: boolean;
}

/** More than this in one conversation is a script that belongs elsewhere. */
const heardLimit = 256 * 1024 * 1024;

/** Stands in front of a server on this machine, or of the gateway, and writes down every byte that it answers. */
export class Tap {
  #heard: Line[] = [];
  readonly #lines = new Set<Line>();

  private constructor(
    private readonly server: Server,
    private readonly to: TapOptions,
  ) {
    server.on('connection', (client: Socket) => void this.#join(client));
  }

  static async before(to: TapOptions): Promise<Tap> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Tap(server, to);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** @returns the conversations that began since this was asked last, in the order in which they began, once they are over */
  async conversations(): Promise<Conversation[]> {
    const heard = this.#heard;
    this.#heard = [];
    await Promise.all(heard.map(({ over }) => over));
    return heard.filter(({ isCancel }) => !isCancel).map(({ login, answers }) => ({ login, answers }));
  }

  close(): void {
    this.server.close();
    for (const line of this.#lines) line.destroy();
  }

  async #join(client: Socket): Promise<void> {
    client.on('error', () => undefined);
    client.setNoDelay(true);
    const start = await firstPacket(client);
    if (start === undefined) return void client.destroy();
    const line = new Line(client, start);
    this.#heard.push(line);
    this.#lines.add(line);
    await line.run(this.to);
    this.#lines.delete(line);
  }
}

/** @returns the start-up packet or cancel request, the offers of encryption before it declined */
async function firstPacket(client: Socket): Promise<Buffer | undefined> {
  let bytes = Buffer.alloc(0);
  for (;;) {
    while (bytes.length < 8 || bytes.length < bytes.readInt32BE(0)) {
      const more = await readOnce(client);
      if (more === undefined) return undefined;
      bytes = Buffer.concat([bytes, more]);
    }
    const code = bytes.readInt32BE(4);
    if (code !== sslRequestCode && code !== gssencRequestCode) return bytes;
    client.write('N');
    bytes = bytes.subarray(8);
  }
}

async function readOnce(socket: Socket): Promise<Buffer | undefined> {
  for (;;) {
    const bytes = socket.read() as Buffer | null;
    if (bytes !== null) return bytes;
    if (socket.readableEnded || socket.destroyed) return undefined;
    await Promise.race([once(socket, 'readable'), once(socket, 'close')]).catch(() => undefined);
  }
}

class Line {
  readonly login: Buffer[] = [];
  readonly answers: Buffer[] = [];
  readonly over: Promise<void>;
  #end: () => void = () => undefined;
  #server: Duplex | undefined;
  #isReady = false;
  #size = 0;
  readonly #reader = new MessageReader(heardLimit);

  constructor(
    readonly client: Socket,
    readonly start: Buffer,
  ) {
    this.over = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  get isCancel(): boolean {
    return this.start.readInt32BE(4) === cancelRequestCode;
  }

  destroy(): void {
    this.client.destroy();
    this.#server?.destroy();
    this.#end();
  }

  async run({ port, tls }: TapOptions): Promise<void> {
    this.client.once('close', () => this.destroy());
    try {
      const plain = connect({ port, host: '127.0.0.1', noDelay: true });
      plain.on('error', () => this.destroy());
      const server = tls ? await encrypted(plain) : plain;
      this.#server = server;
      server.on('error', () => this.destroy());
      server.once('close', () => this.destroy());
      server.write(this.start);
      server.on('data', (chunk: Buffer) => this.#hear(chunk));
      this.client.pipe(server).pipe(this.client);
      await this.over;
    } catch {
      this.destroy();
    }
  }

  #hear(chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#size > heardLimit) return this.destroy();
    this.#reader.push(chunk);
    for (let next = this.#reader.next(); next !== undefined; next = this.#reader.next()) {
      (this.#isReady ? this.answers : this.login).push(Buffer.from(next.raw));
      this.#isReady ||= next.type === typeOf('Z');
    }
  }
}

async function encrypted(plain: Socket): Promise<Duplex> {
  plain.write(Buffer.concat([int32(8), int32(sslRequestCode)]));
  const answer = await readOnce(plain);
  if (answer?.toString() !== 'S') throw new Error('the gateway does not offer TLS');
  // The tests of TLS are elsewhere; here only the bytes inside it matter.
  const socket = connectTls({ socket: plain, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  return socket;
}
