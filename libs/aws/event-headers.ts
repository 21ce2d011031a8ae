import { GatewayError } from '@sallyport/core';
import type { EventHeaderValue } from './event-stream.js';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const violation = (what: string): GatewayError =>
  new GatewayError('PROTOCOL_VIOLATION', `the headers of an event are wrong: ${what}`);

/** @throws GatewayError PROTOCOL_VIOLATION: a length that lies, a name twice, an unknown type, text that is not UTF-8 */
export const decodeHeaders = (bytes: Buffer): Map<string, EventHeaderValue> => {
  const headers = new Map<string, EventHeaderValue>();
  const reader = new Reader(bytes);
  while (!reader.done) {
    const name = reader.text(reader.uint8());
    if (name === '') throw violation('a name without letters');
    if (headers.has(name)) throw violation('a name given twice');
    headers.set(name, readValue(reader));
  }
  return headers;
};

const readValue = (reader: Reader): EventHeaderValue => {
  const type = reader.uint8();
  switch (type) {
    case 0:
    case 1:
      return { type: 'boolean', value: type === 0 };
    case 2:
      return { type: 'byte', value: reader.take(1).readInt8() };
    case 3:
      return { type: 'short', value: reader.take(2).readInt16BE() };
    case 4:
      return { type: 'integer', value: reader.take(4).readInt32BE() };
    case 5:
      return { type: 'long', value: reader.take(8).readBigInt64BE() };
    case 6:
      return { type: 'bytes', value: reader.take(reader.uint16()) };
    case 7:
      return { type: 'string', value: reader.text(reader.uint16()) };
    case 8:
      return { type: 'timestamp', value: reader.take(8).readBigInt64BE() };
    case 9:
      return { type: 'uuid', value: reader.take(16) };
    default:
      throw violation(`a value of the type ${type}`);
  }
};

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  take(size: number): Buffer {
    if (size > this.#bytes.length - this.#at) throw violation('an end too early');
    return this.#bytes.subarray(this.#at, (this.#at += size));
  }

  uint8(): number {
    return this.take(1).readUInt8();
  }

  uint16(): number {
    return this.take(2).readUInt16BE();
  }

  text(size: number): string {
    try {
      return utf8.decode(this.take(size));
    } catch (error) {
      throw error instanceof GatewayError ? error : violation('text that is not UTF-8');
    }
  }
}

export const encodeHeaders = (headers: ReadonlyMap<string, EventHeaderValue>): Buffer =>
  Buffer.concat([...headers].flatMap(([name, value]) => [...encodeName(name), ...encodeValue(value)]));

const encodeName = (name: string): [Buffer, Buffer] => {
  const bytes = Buffer.from(name, 'utf8');
  if (bytes.length === 0 || bytes.length > 255) throw violation('the length of a name');
  return [Buffer.of(bytes.length), bytes];
};

const codes = { byte: 2, short: 3, integer: 4, long: 5, bytes: 6, string: 7, timestamp: 8, uuid: 9 } as const;

const encodeValue = (header: EventHeaderValue): Uint8Array[] => {
  if (header.type === 'boolean') return [Buffer.of(header.value ? 0 : 1)];
  const code = Buffer.of(codes[header.type]);
  switch (header.type) {
    case 'string':
      return [code, ...sized(Buffer.from(header.value, 'utf8'))];
    case 'bytes':
      return [code, ...sized(header.value)];
    case 'uuid':
      if (header.value.length !== 16) throw violation('the length of a UUID');
      return [code, header.value];
    case 'long':
    case 'timestamp':
      return [code, long(header.value)];
    default:
      return [code, small(header.value, widths[header.type])];
  }
};

const widths = { byte: 1, short: 2, integer: 4 } as const;

const small = (value: number, width: number): Buffer => {
  const bytes = Buffer.alloc(width);
  bytes.writeIntBE(value, 0, width);
  return bytes;
};

const long = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
};

const sized = (bytes: Uint8Array): [Buffer, Uint8Array] => {
  if (bytes.length > 0xffff) throw violation('the length of a value');
  return [Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes];
};
