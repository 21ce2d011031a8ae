/** A target that answers what a test tells it to, byte for byte. */
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

export class Received {
  readonly socket: Socket;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Resolves once the whole body is there; rejects when it is broken off. */
  readonly body: Promise<Buffer>;

  constructor(request: IncomingMessage) {
    this.socket = request.socket;
    this.method = request.method ?? '';
    this.path = request.url ?? '';
    this.headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    this.body = new Promise((resolve, reject) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => resolve(Buffer.concat(pieces)));
      request.on('error', reject);
    });
    this.body.catch(() => undefined);
  }

  /** Once the body is there; never where it is broken off. */
  async say(text: string | Buffer): Promise<void> {
    if ((await this.body.catch(() => undefined)) !== undefined) this.socket.write(text);
  }
}

export class ScriptedAws {
  readonly received: Received[] = [];
  script: (received: Received) => unknown = (received) =>
    void received.say(answer('200 OK', received.method === 'POST' ? '{}' : ''));
  readonly #server: ReturnType<typeof createServer>;
  readonly #scheme: string;

  constructor(tls?: { readonly key: string; readonly cert: string }) {
    const take = (request: IncomingMessage) => this.#take(request);
    this.#scheme = tls === undefined ? 'http' : 'https';
    this.#server = tls === undefined ? createServer(take) : createTlsServer(tls, take);
    this.#server.on('checkContinue', (request: IncomingMessage) => {
      if (this.continues) request.socket.write('HTTP/1.1 100 Continue\r\n\r\n');
      this.#take(request);
    });
  }

  /** Does it say that it wants a large body? */
  continues = true;

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `${this.#scheme}://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #take(request: IncomingMessage): void {
    const received = new Received(request);
    this.received.push(received);
    this.script(received);
  }
}

export const answer = (status: string, body: string, headers: Readonly<Record<string, string>> = {}): string =>
  [
    `HTTP/1.1 ${status}`,
    ...Object.entries({ 'content-length': String(Buffer.byteLength(body)), ...headers }).map(
      ([name, value]) => `${name}: ${value}`,
    ),
    '',
    body,
  ].join('\r\n');
