import { GatewayError } from '@sallyport/core';
import { type Frame, FrameKind } from '@sallyport/engine';
import { FieldReader, varintLength, writeVarint } from './varint.js';

/** Head and body of one frame together. */
export const maxFrameBytes = 16 * 1024 * 1024;
/** A batch is closed when it has reached this; only a single larger frame makes it longer. */
export const batchBytes = 64 * 1024;
/** What a batch may hold at most, as its reader checks; gRPC's own limit on a message is set a little above. */
export const maxBatchBytes = maxFrameBytes + 1024;

export interface FrameBatch {
  readonly frames: readonly Frame[];
  /** The sender writes nothing after this batch. */
  readonly last: boolean;
}

// The codec of FrameBatch and Frame in proto/sallyport/v1/tunnel.proto, written by hand: it copies a body once when it is
// sent and not at all when it is received, and checks the limits before it allocates. A test compares it with protobufjs.
const tag = (field: number, wireType: number): number => field * 8 + wireType;
const batchTag = { frames: tag(1, 2), last: tag(2, 0) };
const frameTag = { kind: tag(1, 0), exchange: tag(2, 0), head: tag(3, 2), body: tag(4, 2) };

const numberLength = (value: number): number => (value === 0 ? 0 : 1 + varintLength(value));
const bytesLength = ({ length }: Uint8Array): number => (length === 0 ? 0 : 1 + varintLength(length) + length);

const frameLength = ({ kind, exchange, head, body }: Frame): number =>
  numberLength(kind) + numberLength(exchange) + bytesLength(head) + bytesLength(body);

/** Bytes that a frame takes in a batch. */
export const encodedLength = (frame: Frame): number => {
  const length = frameLength(frame);
  return 1 + varintLength(length) + length;
};

function writeNumber(into: Buffer, at: number, field: number, value: number): number {
  if (value === 0) return at;
  into[at] = field;
  return writeVarint(into, at + 1, value);
}

function writeBytes(into: Buffer, at: number, field: number, value: Uint8Array): number {
  if (value.length === 0) return at;
  into[at] = field;
  const start = writeVarint(into, at + 1, value.length);
  into.set(value, start);
  return start + value.length;
}

/** Where a batch is written. */
export interface BatchRoom {
  readonly headroom: number;
  /** @returns memory of this length */
  readonly take: (length: number) => Buffer;
}

const bare: BatchRoom = { headroom: 0, take: (length) => Buffer.allocUnsafe(length) };

/**
 * @param room where it goes, behind `headroom` bytes for whoever sends it
 * @returns the batch as `sallyport.v1.FrameBatch` in protocol buffers' wire format
 */
export function encodeBatch({ frames, last }: FrameBatch, { headroom, take }: BatchRoom = bare): Buffer {
  const size = frames.reduce((sum, frame) => sum + encodedLength(frame), last ? 2 : 0);
  const into = take(headroom + size);
  let at = headroom;
  for (const frame of frames) {
    into[at] = batchTag.frames;
    at = writeVarint(into, at + 1, frameLength(frame));
    at = writeNumber(into, at, frameTag.kind, frame.kind);
    at = writeNumber(into, at, frameTag.exchange, frame.exchange);
    at = writeBytes(into, at, frameTag.head, frame.head);
    at = writeBytes(into, at, frameTag.body, frame.body);
  }
  if (last) {
    into[at] = batchTag.last;
    into[at + 1] = 1;
  }
  return into;
}

/**
 * @param bytes one `sallyport.v1.FrameBatch`; heads and bodies are views of it
 * @throws PROTOCOL_VIOLATION when it is malformed, holds an unknown kind of frame, or exceeds a limit
 */
export function decodeBatch(bytes: Buffer): FrameBatch {
  if (bytes.length > maxBatchBytes) throw violation(`a batch of ${bytes.length} bytes is too large`);
  try {
    return readBatch(new FieldReader(bytes));
  } catch (error) {
    if (error instanceof RangeError) throw violation(error.message);
    throw error;
  }
}

function readBatch(reader: FieldReader): FrameBatch {
  const frames: Frame[] = [];
  let last = false;
  while (!reader.done) {
    const field = reader.varint();
    if (field === batchTag.frames) frames.push(readFrame(reader.nested()));
    else if (field === batchTag.last) last = reader.varint() !== 0;
    else reader.skip(field % 8);
  }
  return { frames, last };
}

const none = Buffer.alloc(0);
const kinds: ReadonlySet<number> = new Set(Object.values(FrameKind));
const isKind = (kind: number): kind is FrameKind => kinds.has(kind);

function readFrame(reader: FieldReader): Frame {
  let kind = 0;
  let exchange = 0;
  let head: Buffer = none;
  let body: Buffer = none;
  while (!reader.done) {
    const field = reader.varint();
    if (field === frameTag.kind) kind = reader.varint();
    else if (field === frameTag.exchange) exchange = reader.varint();
    else if (field === frameTag.head) head = reader.view();
    else if (field === frameTag.body) body = reader.view();
    else reader.skip(field % 8);
  }
  if (!isKind(kind)) throw violation(`frame kind ${kind} is unknown`);
  return { kind, exchange, head, body };
}

const violation = (message: string): GatewayError => new GatewayError('PROTOCOL_VIOLATION', `tunnel: ${message}`);

/** @throws TOO_LARGE when head and body together exceed `maxFrameBytes` */
export function withinLimit(frame: Frame): Frame {
  const size = frame.head.length + frame.body.length;
  if (size <= maxFrameBytes) return frame;
  throw new GatewayError(
    'TOO_LARGE',
    `a message of ${size} bytes is larger than the tunnel carries (${maxFrameBytes})`,
    { hint: 'send it in smaller parts' },
  );
}
