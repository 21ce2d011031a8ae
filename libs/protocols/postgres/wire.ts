/**
 * Framing of the PostgreSQL frontend/backend protocol, version 3: bytes in, messages out.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
import { GatewayError } from '@sallyport/core';

/** One typed message. `raw` is the whole message as it was on the wire, `body` what follows its length. */
export interface Message {
  readonly type: number;
  readonly raw: Buffer;
  readonly body: Buffer;
}

/** Bytes of a message before its body: type and length. */
export const header = 5;
const nothing = Buffer.alloc(0);
const smallChunk = 1024;
const tailSize = 16 * 1024;
/** One message may hold this much; PostgreSQL itself allows 1 GB, which would have to be held whole to be masked. */
export const defaultMessageLimit = 64 * 1024 * 1024;

/**
 * Cuts a stream of bytes into typed messages, whatever the chunks. Holds at most one unfinished message.
 *
 * @throws GatewayError PROTOCOL_VIOLATION for a length below 4, TOO_LARGE for a message over the limit
 */
export class MessageReader {
  #chunks: Buffer[] = [];
  #size = 0;
  #offset = 0;
  readonly #limit: number;

  constructor(limit = defaultMessageLimit) {
    this.#limit = limit;
  }

  get buffered(): number {
    return this.#size - this.#offset;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#dropRead();
    this.#size += chunk.length;
    if (this.#chunks.length > 0 && chunk.length < smallChunk) this.#gather(chunk);
    else this.#chunks.push(chunk);
  }

  /** Small pieces of an unfinished message are put together: a million chunks of a byte would take a gigabyte. */
  #gather(chunk: Buffer): void {
    const last = this.#chunks.at(-1)!;
    const used = this.#tail.used;
    const follows =
      last.buffer === this.#tail.bytes.buffer && last.byteOffset + last.length === this.#tail.bytes.byteOffset + used;
    if (follows && used + chunk.length <= this.#tail.bytes.length) {
      chunk.copy(this.#tail.bytes, used);
      this.#chunks[this.#chunks.length - 1] = Buffer.from(last.buffer, last.byteOffset, last.length + chunk.length);
      this.#tail.used += chunk.length;
      return;
    }
    const bytes = Buffer.allocUnsafeSlow(tailSize);
    chunk.copy(bytes);
    this.#tail = { bytes, used: chunk.length };
    this.#chunks.push(bytes.subarray(0, chunk.length));
  }
  #tail = { bytes: Buffer.alloc(0), used: 0 };

  /** The type of the message that `next` will return; undefined while nothing of it is there. */
  get nextType(): number | undefined {
    return this.buffered === 0 ? undefined : this.#contiguous(1)[this.#offset];
  }

  /** @returns the next whole message, undefined when more bytes are needed */
  next(): Message | undefined {
    if (this.buffered < header) return undefined;
    const first = this.#contiguous(header);
    const length = first.readInt32BE(this.#offset + 1);
    if (length < 4)
      throw new GatewayError(
        'PROTOCOL_VIOLATION',
        `a message of type "${typeName(first[this.#offset]!)}" has length ${length}`,
      );
    if (length > this.#limit) {
      throw new GatewayError('TOO_LARGE', `a message of ${length} bytes is over the limit of ${this.#limit}`, {
        hint: 'send the data in smaller pieces, for example with COPY',
      });
    }
    if (this.buffered < length + 1) return undefined;

    const bytes = this.#contiguous(length + 1);
    const raw = bytes.subarray(this.#offset, this.#offset + length + 1);
    this.#offset += length + 1;
    return { type: raw[0]!, raw, body: raw.subarray(header) };
  }

  /** The bytes at hand in one piece; the next message begins at `offset`. */
  get piece(): Buffer {
    this.#dropRead();
    return this.#chunks[0] ?? nothing;
  }

  get offset(): number {
    return this.#offset;
  }

  /** Everything in `piece` before `offset` has been read. */
  skipTo(offset: number): void {
    this.#offset = offset;
  }

  /** Where the message of this type ends that begins at `start` in `piece`; -1 where it is another, or not whole there. */
  endOf(piece: Buffer, start: number, type: number): number {
    if (start + header > piece.length || piece[start] !== type) return -1;
    const length = (piece[start + 1]! << 24) | (piece[start + 2]! << 16) | (piece[start + 3]! << 8) | piece[start + 4]!;
    const end = start + 1 + length;
    return length < 4 || length > this.#limit || end > piece.length ? -1 : end;
  }

  /** What has not been read yet, for whoever takes over the stream. */
  rest(): Buffer {
    const rest = Buffer.concat(this.#chunks).subarray(this.#offset);
    this.#chunks = [];
    this.#size = 0;
    this.#offset = 0;
    return rest;
  }

  /** @returns a buffer that holds at least `size` bytes from the offset on, in one piece */
  #contiguous(size: number): Buffer {
    this.#dropRead();
    const first = this.#chunks[0]!;
    return first.length - this.#offset >= size ? first : this.#join(size);
  }

  /** Puts together what lies in several chunks, and no more than that: the rest of a long one stays where it is. */
  #join(size: number): Buffer {
    const joined = Buffer.allocUnsafe(size);
    this.#size -= this.#offset;
    let filled = 0;
    let used = 0;
    for (; filled < size; used += 1) {
      const chunk = this.#chunks[used]!;
      const copied = chunk.copy(joined, filled, this.#offset);
      filled += copied;
      if (this.#offset + copied < chunk.length) {
        this.#chunks[used] = chunk.subarray(this.#offset + copied);
        break;
      }
      this.#offset = 0;
    }
    this.#chunks.splice(0, used, joined);
    this.#offset = 0;
    return joined;
  }

  #dropRead(): void {
    const first = this.#chunks[0];
    if (first === undefined || this.#offset < first.length) return;
    this.#chunks.shift();
    this.#size -= first.length;
    this.#offset = 0;
  }
}

export const typeName = (type: number): string =>
  type > 32 && type < 127 ? String.fromCharCode(type) : `\\x${type.toString(16)}`;

/** The type byte of a message, by its letter. */
export const typeOf = (letter: string): number => letter.charCodeAt(0);

export const message = (letter: string, ...parts: readonly Buffer[]): Buffer => {
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = Buffer.allocUnsafe(header + size);
  bytes[0] = typeOf(letter);
  bytes.writeInt32BE(size + 4, 1);
  let offset = header;
  for (const part of parts) offset += part.copy(bytes, offset);
  return bytes;
};

export const int16 = (value: number): Buffer => {
  const bytes = Buffer.allocUnsafe(2);
  bytes.writeInt16BE(value);
  return bytes;
};

export const int32 = (value: number): Buffer => {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value);
  return bytes;
};

export const cstring = (text: string): Buffer => Buffer.from(`${text}\0`, 'utf8');

/** Reads the fields of one message; any read beyond the end is a protocol violation, never an undefined. */
export class Fields {
  offset = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.offset;
  }

  byte(): number {
    this.#need(1);
    return this.#bytes[this.offset++]!;
  }

  int16(): number {
    this.#need(2);
    const value = this.#bytes.readInt16BE(this.offset);
    this.offset += 2;
    return value;
  }

  /** A count, which the protocol documents as Int16 and servers read as unsigned (up to 65,535 parameters). */
  count(): number {
    return this.int16() & 0xffff;
  }

  int32(): number {
    this.#need(4);
    const value = this.#bytes.readInt32BE(this.offset);
    this.offset += 4;
    return value;
  }

  uint32(): number {
    return this.int32() >>> 0;
  }

  bytes(size: number): Buffer {
    if (size < 0) throw violation(`a field has length ${size}`);
    this.#need(size);
    this.offset += size;
    return this.#bytes.subarray(this.offset - size, this.offset);
  }

  skip(size: number): void {
    if (size < 0) throw violation(`a field has length ${size}`);
    this.#need(size);
    this.offset += size;
  }

  /** @returns null for length -1, which is SQL NULL */
  value(): Buffer | null {
    const size = this.int32();
    return size === -1 ? null : this.bytes(size);
  }

  cstring(): string {
    const end = this.#bytes.indexOf(0, this.offset);
    if (end < 0) throw violation('a string has no end');
    const text = this.#bytes.toString('utf8', this.offset, end);
    this.offset = end + 1;
    return text;
  }

  end(): void {
    if (this.left !== 0) throw violation(`${this.left} bytes are left over in a message`);
  }

  #need(size: number): void {
    if (this.left < size) throw violation('a message is shorter than its fields');
  }
}

export const violation = (message: string): GatewayError =>
  new GatewayError('PROTOCOL_VIOLATION', message, {
    hint: 'check the client: it does not speak PostgreSQL protocol 3 correctly',
  });

export const isPasswordMessage = ({ type }: Message): boolean => type === typeOf('p');
