import { GatewayError } from '@sallyport/core';
import { maxBatchBytes } from './frames.js';

/** Kinds of what passes on a session connection; what they mean and when they may come is told in tunnel.proto. */
export const SessionMessage = { READY: 1, CLAIM: 2, TAKEN: 3, REFUSED: 4, BATCH: 5, STILL: 6 } as const;
export type SessionMessage = (typeof SessionMessage)[keyof typeof SessionMessage];

/** ALPN. */
export const sessionProtocol = 'sallyport-session/1';

/** In front of each message: 4 bytes of length, 1 of kind. */
export const headerBytes = 5;

const longest: ReadonlyMap<number, number> = new Map([
  [SessionMessage.READY, 1024],
  [SessionMessage.CLAIM, 1024],
  [SessionMessage.TAKEN, 0],
  [SessionMessage.REFUSED, 64 * 1024],
  [SessionMessage.BATCH, maxBatchBytes],
  [SessionMessage.STILL, 0],
]);

const none = Buffer.alloc(0);

/** @param message with `headerBytes` free at its front, which are filled in */
export function stamp(message: Buffer, kind: SessionMessage): Buffer {
  message.writeUInt32BE(message.length - headerBytes, 0);
  message[4] = kind;
  return message;
}

export const sessionMessage = (kind: SessionMessage, content: Uint8Array = none): Buffer =>
  stamp(Buffer.concat([Buffer.alloc(headerBytes), content]), kind);

/**
 * Cuts messages out of what arrives. What lies in one piece of memory is handed on as a view of it, also when it came in
 * several reads; anything else is put together once, in memory of its announced length.
 */
export class MessageReader {
  private held: Buffer = none;
  private assembly: Buffer | undefined;
  private filled = 0;
  private kind: SessionMessage = SessionMessage.STILL;

  constructor(private readonly deliver: (kind: SessionMessage, content: Buffer) => void) {}

  /** Has a message begun that has not ended? */
  get isPartial(): boolean {
    return this.held.length > 0 || this.assembly !== undefined;
  }

  /** @throws PROTOCOL_VIOLATION when a message is of an unknown kind or longer than its kind may be */
  push(chunk: Buffer): void {
    let rest = this.assembly === undefined ? this.joined(chunk) : this.filling(this.assembly, chunk);
    while (rest.length >= headerBytes) {
      const end = headerBytes + this.readHeader(rest);
      if (rest.length < end) break;
      this.deliver(this.kind, rest.subarray(headerBytes, end));
      rest = rest.subarray(end);
    }
    this.held = rest;
  }

  /** @returns the length of the content */
  private readHeader(header: Buffer): number {
    const length = header.readUInt32BE(0);
    const kind = header[4]!;
    const limit = longest.get(kind);
    if (limit === undefined) throw violation(`a message of the unknown kind ${kind}`);
    if (length > limit) throw violation(`a message of ${length} bytes is too large for its kind`);
    this.kind = kind as SessionMessage;
    return length;
  }

  private joined(chunk: Buffer): Buffer {
    const { held } = this;
    if (held.length === 0) return chunk;
    if (held.buffer === chunk.buffer && held.byteOffset + held.length === chunk.byteOffset)
      return Buffer.from(held.buffer, held.byteOffset, held.length + chunk.length);
    if (held.length < headerBytes) return Buffer.concat([held, chunk]);
    const assembly = Buffer.allocUnsafe(this.readHeader(held));
    this.filled = held.copy(assembly, 0, headerBytes);
    this.assembly = assembly;
    return this.filling(assembly, chunk);
  }

  private filling(assembly: Buffer, chunk: Buffer): Buffer {
    const copied = chunk.copy(assembly, this.filled);
    this.filled += copied;
    if (this.filled < assembly.length) return none;
    this.assembly = undefined;
    this.deliver(this.kind, assembly);
    return chunk.subarray(copied);
  }
}

export const violation = (what: string): GatewayError =>
  new GatewayError('PROTOCOL_VIOLATION', `session connection: ${what}`);
