import type { TLSSocket } from 'node:tls';
import { BatchBuffers } from './batch-buffers.js';
import type { BatchRoom } from './frames.js';
import {
  headerBytes,
  MessageReader,
  type SessionMessage,
  sessionMessage,
  stamp,
  violation,
} from './session-messages.js';

/** Who hears what arrives on a session connection: it changes with what the connection is used for. */
export interface Hearer {
  /** Throws what the connection ends with. */
  message(kind: SessionMessage, content: Buffer): void;
  /** A message has begun and its end has not come yet. */
  cutOff?(): void;
  /** The connection has ended; `cause` is undefined where the other end simply closed it. */
  gone(cause: Error | undefined): void;
}

/** Nothing is expected. */
export const deaf: Hearer = {
  message: () => {
    throw violation('a message when none was due');
  },
  gone: () => undefined,
};

const keepAliveMs = 30_000;

/** One TLS connection for sessions, either end. */
export class SessionConnection {
  private readonly reader = new MessageReader((kind, content) => this.deliver(kind, content));
  private hearer: Hearer = deaf;
  private cause: Error | undefined;
  private readonly buffers = new BatchBuffers();
  readonly room: BatchRoom = { headroom: headerBytes, take: (length) => this.buffers.take(length) };

  /** @param socket secure already; its bytes come in through `read` */
  constructor(private readonly socket: TLSSocket) {
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveMs);
    socket.on('error', (error) => {
      this.cause ??= error;
    });
    socket.on('end', () => socket.destroy()); // nobody half-closes: who is done says so in a message
    socket.on('close', () => this.hearer.gone(this.cause));
  }

  get isGone(): boolean {
    return this.socket.destroyed;
  }

  hear(hearer: Hearer): void {
    this.hearer = hearer;
  }

  read(chunk: Buffer): void {
    try {
      this.reader.push(chunk);
      if (this.reader.isPartial) this.hearer.cutOff?.();
    } catch (error) {
      this.destroy(error instanceof Error ? error : undefined);
    }
  }

  /**
   * @param message in `room`, which is free again afterwards
   * @param written called once the network has taken it, or has failed
   */
  write(message: Buffer, kind: SessionMessage, written: (error?: Error | null) => void): boolean {
    return this.socket.write(stamp(message, kind), (error) => {
      if (!error) this.buffers.giveBack(message);
      written(error);
    });
  }

  say(kind: SessionMessage, content?: Uint8Array): void {
    this.socket.write(sessionMessage(kind, content));
  }

  /** Bytes that the network has not taken yet. */
  get waiting(): number {
    return this.socket.writableLength;
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** After what was written. */
  end(): void {
    this.socket.end();
  }

  destroy(cause?: Error): void {
    this.cause ??= cause;
    this.socket.destroy();
  }

  private deliver(kind: SessionMessage, content: Buffer): void {
    if (!this.socket.destroyed) this.hearer.message(kind, content);
  }
}
