/**
 * application/vnd.amazon.eventstream: messages of typed headers and a payload, each with a checksum over its prelude and
 * one over itself. https://smithy.io/2.0/aws/amazon-eventstream.html
 */
import { crc32 } from 'node:zlib';
import { GatewayError } from '@sallyport/core';
import { decodeHeaders, encodeHeaders } from './event-headers.js';

export type EventHeaderValue =
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'byte' | 'short' | 'integer'; readonly value: number }
  | { readonly type: 'long' | 'timestamp'; readonly value: bigint }
  | { readonly type: 'bytes' | 'uuid'; readonly value: Uint8Array }
  | { readonly type: 'string'; readonly value: string };

export interface EventMessage {
  /** In the order of the wire. */
  readonly headers: ReadonlyMap<string, EventHeaderValue>;
  readonly payload: Uint8Array;
}

const preludeSize = 12;
const overhead = preludeSize + 4;
/** What AWS itself allows: 128 KB of headers and 24 MB of payload. */
const headersLimit = 128 * 1024;
export const eventMessageLimit = 24 * 1024 * 1024 + headersLimit + overhead;

const violation = (what: string): GatewayError =>
  new GatewayError('PROTOCOL_VIOLATION', `the event stream is wrong: ${what}`);

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);

/**
 * Cuts a stream into messages, whatever the chunks. Holds at most one unfinished message; payloads of whole ones are
 * views of the chunk.
 */
export class EventStreamDecoder {
  readonly #limit: number;
  #held = Buffer.alloc(0);
  #size = 0;
  /** Of the message that is coming, once its prelude is there. */
  #expected = preludeSize;

  constructor(limit = eventMessageLimit) {
    this.#limit = limit;
  }

  /**
   * @returns the messages that are whole now
   * @throws GatewayError PROTOCOL_VIOLATION, or TOO_LARGE for a message over the limit
   */
  push(chunk: Uint8Array): EventMessage[] {
    const messages: EventMessage[] = [];
    let rest = asBuffer(chunk);
    while (this.#size + rest.length >= this.#expected) {
      const bytes = this.#size > 0 ? this.#hold(rest) : rest;
      this.#expected = messageLength(bytes, this.#limit);
      if (bytes.length < this.#expected) {
        if (this.#size > 0) return messages;
        break;
      }
      messages.push(decodeWhole(bytes.subarray(0, this.#expected)));
      rest = bytes.subarray(this.#expected);
      [this.#held, this.#size, this.#expected] = [Buffer.alloc(0), 0, preludeSize];
    }
    if (rest.length > 0) this.#hold(rest);
    return messages;
  }

  /** @throws GatewayError PROTOCOL_VIOLATION where the stream ends within a message */
  finish(): void {
    if (this.#size > 0) throw violation('it ends within a message');
  }

  /** Doubles as it grows: a message in chunks of a byte costs no more than one in a few. */
  #hold(rest: Buffer): Buffer {
    const size = this.#size + rest.length;
    if (size > this.#held.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(1024, size * 2));
      this.#held.copy(larger, 0, 0, this.#size);
      this.#held = larger;
    }
    rest.copy(this.#held, this.#size);
    this.#size = size;
    return this.#held.subarray(0, size);
  }
}

const messageLength = (bytes: Buffer, limit: number): number => {
  const [length, headers] = [bytes.readUInt32BE(0), bytes.readUInt32BE(4)];
  if (crc32(bytes.subarray(0, 8)) !== bytes.readUInt32BE(8)) throw violation('the checksum of a prelude');
  if (length > limit) throw new GatewayError('TOO_LARGE', `an event of ${length} bytes`);
  if (headers > headersLimit) throw new GatewayError('TOO_LARGE', `${headers} bytes of an event’s headers`);
  if (length < overhead + headers) throw violation('a message shorter than its headers');
  return length;
};

const decodeWhole = (bytes: Buffer): EventMessage => {
  const end = bytes.length - 4;
  if (crc32(bytes.subarray(0, end)) !== bytes.readUInt32BE(end)) throw violation('the checksum of a message');
  const body = preludeSize + bytes.readUInt32BE(4);
  return { headers: decodeHeaders(bytes.subarray(preludeSize, body)), payload: bytes.subarray(body, end) };
};

/** @throws GatewayError TOO_LARGE for what no decoder would take */
export const encodeEvent = ({ headers, payload }: EventMessage): Buffer => {
  const head = encodeHeaders(headers);
  const length = overhead + head.length + payload.length;
  if (head.length > headersLimit || length > eventMessageLimit)
    throw new GatewayError('TOO_LARGE', `an event of ${length} bytes`);
  const bytes = Buffer.alloc(length);
  bytes.writeUInt32BE(length, 0);
  bytes.writeUInt32BE(head.length, 4);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 8)), 8);
  bytes.set(head, preludeSize);
  bytes.set(payload, preludeSize + head.length);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, length - 4)), length - 4);
  return bytes;
};
