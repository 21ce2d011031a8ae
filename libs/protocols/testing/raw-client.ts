/** A client that says exactly what a test wants it to say, over TLS, and writes down what it hears. */
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { parseReport, parseRowDescription } from '../postgres/backend.js';
import { sslRequestCode } from '../postgres/startup.js';
import { cstring, Fields, int16, int32, type Message, MessageReader, message } from '../postgres/wire.js';
import { ticket } from './postgres-gateway.js';

export const startup = (parameters: Readonly<Record<string, string>>, version = 196608): Buffer => {
  const body = Buffer.concat([int32(version), ...Object.entries(parameters).flat().map(cstring), Buffer.from([0])]);
  return Buffer.concat([int32(body.length + 4), body]);
};

export const frontend = {
  query: (sql: string) => message('Q', cstring(sql)),
  parse: (sql: string, name = '') => message('P', cstring(name), cstring(sql), int16(0)),
  bind: ({
    portal = '',
    statement = '',
    values = [],
    binary = false,
  }: {
    portal?: string;
    statement?: string;
    values?: readonly (string | null)[];
    binary?: boolean;
  } = {}) =>
    message(
      'B',
      cstring(portal),
      cstring(statement),
      int16(0),
      int16(values.length),
      ...values.flatMap((value) =>
        value === null ? [int32(-1)] : [int32(Buffer.byteLength(value)), Buffer.from(value)],
      ),
      ...(binary ? [int16(1), int16(1)] : [int16(0)]),
    ),
  describe: (kind: 'S' | 'P', name = '') => message('D', Buffer.from(kind), cstring(name)),
  execute: (portal = '', limit = 0) => message('E', cstring(portal), int32(limit)),
  close: (kind: 'S' | 'P', name: string) => message('C', Buffer.from(kind), cstring(name)),
  sync: message('S'),
  flush: message('H'),
  terminate: message('X'),
  copyData: (text: string) => message('d', Buffer.from(text)),
  copyDone: message('c'),
  copyFail: message('f', cstring('changed my mind')),
  functionCall: message('F', int32(1), int16(0), int16(0), int16(0)),
};

/** One answer in a line: `Z I`, `D 1|Ada`, `E 42501 the policy says no`. */
export function spell(received: Message): string {
  const letter = String.fromCharCode(received.type);
  const fields = new Fields(received.body);
  switch (letter) {
    case 'Z':
      return `Z ${String.fromCharCode(received.body[0]!)}`;
    case 'E':
    case 'N': {
      const report = parseReport(received);
      return `${letter} ${report.get('C')} ${report.get('M')}`;
    }
    case 'C':
      return `C ${fields.cstring()}`;
    case 'T':
      return `T ${parseRowDescription(received)
        .map(({ name }) => name)
        .join('|')}`;
    case 'D':
      return `D ${Array.from({ length: fields.count() }, () => fields.value()?.toString('utf8') ?? 'NULL').join('|')}`;
    case 'd':
      return `d ${received.body.toString('utf8')}`;
    default:
      return letter;
  }
}

/** SSLRequest, its answer, and TLS. */
export async function dialTls(port: number): Promise<TLSSocket> {
  const plain = connectTcp({ port, host: '127.0.0.1', noDelay: true });
  plain.write(Buffer.concat([int32(8), int32(sslRequestCode)]));
  await new Promise((resolve) => plain.once('data', resolve));
  const socket = connectTls({ socket: plain, rejectUnauthorized: false });
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  return socket;
}

export class RawClient {
  readonly heard: string[] = [];
  readonly #reader = new MessageReader();
  #wake: () => void = () => undefined;
  closed = false;

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.#reader.push(chunk);
      for (let next = this.#reader.next(); next !== undefined; next = this.#reader.next()) this.heard.push(spell(next));
      this.#wake();
    });
    for (const event of ['close', 'end', 'error']) {
      socket.on(event, () => {
        this.closed = true;
        this.#wake();
      });
    }
  }

  /** TLS, and nothing said yet. */
  static async dial(port: number): Promise<RawClient> {
    return new RawClient(await dialTls(port));
  }

  /** Logged in, with what was said until then forgotten. */
  static async open({
    port,
    database,
    oneByteAtATime = false,
  }: {
    port: number;
    database: string;
    oneByteAtATime?: boolean;
  }): Promise<RawClient> {
    const client = await RawClient.dial(port);
    const say = (bytes: Buffer) => (oneByteAtATime ? client.sayBytewise(bytes) : client.say(bytes));
    await say(startup({ user: 'orders', database }));
    await client.until((line) => line === 'R');
    await say(message('p', cstring(ticket)));
    await client.ready();
    client.heard.length = 0;
    return client;
  }

  async say(...messages: readonly Buffer[]): Promise<void> {
    this.socket.write(Buffer.concat(messages));
  }

  async sayBytewise(...messages: readonly Buffer[]): Promise<void> {
    for (const byte of Buffer.concat(messages))
      await new Promise((resolve) => this.socket.write(Buffer.from([byte]), resolve));
  }

  async until(matches: (line: string) => boolean): Promise<void> {
    while (!this.heard.some(matches)) {
      if (this.closed) throw new Error(`the gateway hung up after: ${this.heard.join(' / ')}`);
      await this.#more();
    }
  }

  ready(): Promise<void> {
    return this.until((line) => line.startsWith('Z'));
  }

  /** Says it and listens until so many ReadyForQuery have come. @returns what was heard */
  async ask(messages: readonly Buffer[], readies = 1): Promise<string[]> {
    this.heard.length = 0;
    await this.say(...messages);
    while (this.heard.filter((line) => line.startsWith('Z')).length < readies) {
      if (this.closed) return [...this.heard, '(closed)'];
      await this.#more();
    }
    return [...this.heard];
  }

  async untilClosed(): Promise<string[]> {
    while (!this.closed) await this.#more();
    return this.heard;
  }

  end(): void {
    this.socket.destroy();
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
