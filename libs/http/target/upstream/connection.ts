/** One connection to a target, for one exchange after the other. What arrives is read into the same place again and again. */
import { connect, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type SecureContext } from 'node:tls';
import type { Endpoint } from '../endpoint.js';

/** What one record of TLS holds at most: Node hands on no more at once. */
const recordBytes = 16 * 1024;
const plainBytes = 64 * 1024;
const probeMs = 1_000;

/** Who has the connection at the time. */
export interface ConnectionUser {
  connected(): void;
  /** @param bytes to be copied before this returns: the place is used again */
  received(bytes: Buffer): void;
  /** The other end says that nothing more comes. */
  ended(): void;
  /** More can be written. */
  drained(): void;
  /** It is closed; a reason that was given to `destroy` is not told again. */
  broke(error: Error): void;
}

export interface ConnectionOwner {
  readonly secureContext: SecureContext;
  /** Of an earlier connection to the same place. */
  readonly session: Buffer | undefined;
  remember(session: Buffer | undefined): void;
  /** It will not be used again. */
  gone(connection: Connection): void;
}

export class Connection {
  /** It has answered something already. */
  reused = false;
  /** While it waits for its next exchange: when it is closed, as `performance.now` says it. */
  idleUntil = 0;
  user: ConnectionUser | undefined;
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  #isConnected = false;
  #isHeldBack = false;
  #error: Error | undefined;

  constructor(endpoint: Endpoint, owner: ConnectionOwner) {
    this.#owner = owner;
    const socket = open(endpoint, owner, (bytes) => this.#receive(bytes));
    this.#socket = socket;
    socket.once(endpoint.tls ? 'secureConnect' : 'connect', () => this.#connected());
    socket.on('drain', () => this.user?.drained());
    socket.on('end', () => (this.user === undefined ? this.destroy() : this.user.ended()));
    socket.on('error', (error) => {
      this.#error = error;
      if (!this.#isConnected) owner.remember(undefined); // it may be the session that was not liked
    });
    socket.once('close', () => this.#closed());
    if (endpoint.tls) socket.on('session', (session: Buffer) => owner.remember(session));
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#socket.readable && this.#socket.writable;
  }

  /** Everything that was written has gone to the system. */
  get isFlushed(): boolean {
    return this.#socket.writableLength === 0;
  }

  /** @returns false where it is better to wait until it has drained */
  write(bytes: Uint8Array | string): boolean {
    return typeof bytes === 'string' ? this.#socket.write(bytes, 'latin1') : this.#socket.write(bytes);
  }

  /** Both in as few packets as possible. */
  writeBoth(head: string, body: Uint8Array): void {
    this.#socket.cork();
    this.#socket.write(head, 'latin1');
    this.#socket.write(body);
    this.#socket.uncork();
  }

  holdBack(isHeldBack: boolean): void {
    if (this.#isHeldBack === isHeldBack) return;
    this.#isHeldBack = isHeldBack;
    if (isHeldBack) this.#socket.pause();
    else this.#socket.resume();
  }

  /** A connection that waits for its next exchange keeps no process alive. */
  rest(): void {
    this.user = undefined;
    this.reused = true;
    this.#socket.unref();
  }

  wake(user: ConnectionUser): void {
    this.user = user;
    this.#socket.ref();
  }

  destroy(): void {
    this.user = undefined;
    this.#socket.destroy();
  }

  #connected(): void {
    this.#isConnected = true;
    this.#socket.setNoDelay(true);
    this.#socket.setKeepAlive(true, probeMs);
    this.#socket.resume(); // without which the end would not be told
    this.user?.connected();
  }

  #receive(bytes: Buffer): void {
    if (this.user === undefined)
      this.destroy(); // an answer to nothing
    else this.user.received(bytes);
  }

  #closed(): void {
    const { user } = this;
    this.user = undefined;
    this.#owner.gone(this);
    user?.broke(this.#error ?? Object.assign(new Error('closed by the other end'), { code: 'ECONNRESET' }));
  }
}

function open({ tls, host, port }: Endpoint, owner: ConnectionOwner, receive: (bytes: Buffer) => void): Socket {
  const buffer = Buffer.allocUnsafeSlow(tls ? recordBytes : plainBytes);
  const onread = {
    buffer,
    callback: (length: number, bytes: Uint8Array) => {
      receive(length === buffer.length ? buffer : (bytes as Buffer).subarray(0, length));
      return true; // who wants no more says `holdBack`
    },
  };
  if (!tls) return connect({ host, port, onread });
  const { secureContext, session } = owner;
  const options: ConnectionOptions & { onread: typeof onread } = {
    host,
    port,
    onread,
    secureContext,
    rejectUnauthorized: true,
    ALPNProtocols: ['http/1.1'],
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(session === undefined ? {} : { session }),
  };
  return connectTls(options);
}
