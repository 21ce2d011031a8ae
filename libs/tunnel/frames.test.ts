import { GatewayError } from '@sallyport/core';
import { type Frame, FrameKind } from '@sallyport/engine';
import { rounds } from '@sallyport/testkit/seeded';
import protobuf from 'protobufjs';
import { expect, test } from 'vitest';
import { decodeBatch, encodeBatch, encodedLength, type FrameBatch, maxFrameBytes, withinLimit } from './frames.js';
import { tunnelProto } from './tunnel-proto.js';

const FrameBatchType = protobuf.Root.fromJSON(JSON.parse(tunnelProto) as protobuf.INamespace).lookupType(
  'sallyport.v1.FrameBatch',
);
const plain = ({ kind, exchange, head, body }: Frame) => ({
  kind,
  exchange,
  head: Buffer.from(head).toString(),
  body: Buffer.from(body).toString(),
});

const samples: Frame[] = [
  { kind: FrameKind.OPEN, exchange: 0, head: Buffer.from('{"database":"orders"}'), body: Buffer.alloc(0) },
  { kind: FrameKind.FORWARD, exchange: 1, head: Buffer.alloc(0), body: Buffer.from('select 1') },
  { kind: FrameKind.OUTCOME, exchange: Number.MAX_SAFE_INTEGER, head: Buffer.from('{}'), body: Buffer.alloc(0) },
  { kind: FrameKind.DATA, exchange: 2 ** 35, head: Buffer.from('h'), body: Buffer.alloc(300, 'x') },
];

test.each([true, false])('what is written is what protobuf reads, and the other way round (last: %s)', (last) => {
  const encoded = encodeBatch({ frames: samples, last });

  const byProtobuf = FrameBatchType.toObject(FrameBatchType.decode(encoded), {
    longs: Number,
    defaults: true,
  }) as FrameBatch;
  expect({ frames: byProtobuf.frames.map(plain), last: byProtobuf.last }).toEqual({
    frames: samples.map(plain),
    last,
  });

  const back = decodeBatch(
    Buffer.from(FrameBatchType.encode(FrameBatchType.fromObject({ frames: samples, last })).finish()),
  );
  expect({ frames: back.frames.map(plain), last: back.last }).toEqual({ frames: samples.map(plain), last });
});

test('the length of a frame in a batch is known beforehand', () => {
  for (const sample of samples)
    expect(encodedLength(sample)).toBe(encodeBatch({ frames: [sample], last: false }).length);
});

test('a field that a newer peer added is passed over', () => {
  const unknown = Buffer.from([
    0x28, 0x96, 0x01, 0x32, 0x02, 0x68, 0x69, 0x3d, 1, 2, 3, 4, 0x41, 1, 2, 3, 4, 5, 6, 7, 8,
  ]);
  const batch = Buffer.concat([encodeBatch({ frames: [samples[1]!], last: false }), unknown]);

  expect(decodeBatch(batch).frames.map(plain)).toEqual([plain(samples[1]!)]);
});

test('heads and bodies are views of what was received, not copies', () => {
  const encoded = encodeBatch({ frames: [samples[3]!], last: false });

  expect(decodeBatch(encoded).frames[0]?.body.buffer).toBe(encoded.buffer);
});

test.each([
  ['a frame that is cut off', encodeBatch({ frames: samples, last: false }).subarray(0, 30)],
  ['a number that never ends', Buffer.alloc(20, 0xff)],
  ['an unknown kind of frame', Buffer.from([0x0a, 0x02, 0x08, 0x63])],
  ['no kind at all', Buffer.from([0x0a, 0x00])],
  ['a group', Buffer.from([0x0b])],
  ['a length beyond the end', Buffer.from([0x0a, 0x7f, 0x08, 0x01])],
  ['an exchange beyond 2^53', Buffer.from([0x0a, 0x0a, 0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x08])],
])('%s is a violation of the protocol', (_name, bytes) => {
  expect(() => decodeBatch(bytes)).toThrow(expect.objectContaining({ code: 'PROTOCOL_VIOLATION' }));
});

test('a frame beyond the limit is refused', () => {
  const frame = { kind: FrameKind.FORWARD, exchange: 1, head: Buffer.alloc(0), body: Buffer.alloc(maxFrameBytes) };

  expect(withinLimit(frame)).toBe(frame);
  expect(() => withinLimit({ ...frame, head: Buffer.alloc(1) })).toThrow(
    expect.objectContaining({ code: 'TOO_LARGE' }),
  );
});

/** Mulberry32: the same inputs in each run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

test('malformed batches end in a frame or a violation, never in anything else', () => {
  const random = seeded(20_240_607);
  const valid = encodeBatch({ frames: samples, last: true });
  const count = { read: 0, refused: 0 };
  for (let n = 0; n < rounds(100_000); n += 1) {
    const input = n % 2 === 0 ? noise(random) : mutated(valid, random);
    try {
      const { frames } = decodeBatch(input);
      for (const { head, body, exchange } of frames) {
        if (head.length + body.length > input.length || !Number.isSafeInteger(exchange))
          throw new Error('more came out than went in');
      }
      count.read += 1;
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code !== 'PROTOCOL_VIOLATION') throw error;
      count.refused += 1;
    }
  }
  expect(count.read).toBeGreaterThan(rounds(1_000));
  expect(count.refused).toBeGreaterThan(rounds(10_000));
});

const noise = (random: () => number): Buffer =>
  Buffer.from(Array.from({ length: Math.floor(random() * 64) }, () => Math.floor(random() * 256)));

function mutated(valid: Buffer, random: () => number): Buffer {
  const copy = Buffer.from(valid);
  for (let changes = 1 + Math.floor(random() * 4); changes > 0; changes -= 1)
    copy[Math.floor(random() * copy.length)] = Math.floor(random() * 256);
  return random() < 0.3 ? copy.subarray(0, Math.floor(random() * copy.length)) : copy;
}
