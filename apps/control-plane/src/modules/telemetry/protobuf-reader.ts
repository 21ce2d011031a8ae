import { GatewayError } from '@sallyport/core';
import protobuf from 'protobufjs/minimal.js';
import { malformed, tooManyParts } from './otlp-errors.js';

interface Field {
  readonly name: string;
  readonly kind: 'string' | 'hex' | 'fixed64' | Message;
  readonly isList?: true;
}

/** The fields of a message that are read, by their numbers; the others are skipped. */
export type Message = { readonly [number: number]: Field };

export type Members = Readonly<Record<string, unknown>>;

/** A part takes two bytes to send and many more to hold: so many may one request have. */
export const mostParts = 2_000_000;

const fixed64 = 1;
const delimited = 2;
const groups = [3, 4];

interface Reading {
  readonly reader: protobuf.Reader;
  parts: number;
}

/**
 * Reads a message into what its JSON form would be: bytes as hexadecimal digits, 64-bit numbers as decimal ones. The
 * bound on its parts is why protobufjs's own decoding is not used.
 * @throws GatewayError INVALID_INPUT, TOO_LARGE
 */
export function readProtobuf(bytes: Uint8Array, message: Message): Members {
  const reader = protobuf.Reader.create(bytes);
  try {
    return readMessage({ reader, parts: 0 }, reader.len, message);
  } catch (error) {
    throw error instanceof GatewayError ? error : malformed('the body is not protobuf');
  }
}

function readMessage(reading: Reading, end: number, message: Message): Members {
  const { reader } = reading;
  const members: Record<string, unknown> = {};
  while (reader.pos < end) {
    const tag = reader.uint32();
    const [number, wireType] = [tag >>> 3, tag & 7];
    if (number === 0 || groups.includes(wireType)) throw malformed('the body is not protobuf');
    const field = message[number];
    if (field === undefined || wireType !== wireTypeOf(field)) reader.skipType(wireType);
    else put(members, field, readValue(reading, end, field));
  }
  if (reader.pos !== end) throw malformed('the body is not protobuf');
  return members;
}

const wireTypeOf = ({ kind }: Field): number => (kind === 'fixed64' ? fixed64 : delimited);

function readValue(reading: Reading, end: number, { kind }: Field): unknown {
  const { reader } = reading;
  reading.parts += 1;
  if (reading.parts > mostParts) throw tooManyParts();
  if (kind === 'fixed64') return decimal(reader);
  if (kind === 'string') return Buffer.from(reader.bytes()).toString('utf8');
  if (kind === 'hex') return Buffer.from(reader.bytes()).toString('hex');
  const length = reader.uint32();
  if (length > end - reader.pos) throw malformed('the body is not protobuf');
  return readMessage(reading, reader.pos + length, kind);
}

const decimal = (reader: protobuf.Reader): string => {
  const low = BigInt(reader.fixed32());
  return ((BigInt(reader.fixed32()) << 32n) | low).toString();
};

function put(members: Record<string, unknown>, { name, isList }: Field, value: unknown): void {
  if (isList !== true) members[name] = value;
  else if (Array.isArray(members[name])) members[name].push(value);
  else members[name] = [value];
}
