import { crc32 } from 'node:zlib';
import { rounds, seededNumbers, seededRandom } from '@sallyport/testkit/seeded';
import { EventStreamCodec } from '@smithy/core/event-streams';
import { describe, expect, test } from 'vitest';
import {
  type EventHeaderValue,
  type EventMessage,
  EventStreamDecoder,
  encodeEvent,
  eventMessageLimit,
} from './event-stream.js';

const random = seededNumbers(8);
const randomBytes = seededRandom(9);
const upTo = (limit: number): number => Math.floor(random() * limit);

const headerValues: (() => EventHeaderValue)[] = [
  () => ({ type: 'boolean', value: random() < 0.5 }),
  () => ({ type: 'byte', value: -128 + upTo(256) }),
  () => ({ type: 'short', value: -32768 + upTo(65536) }),
  () => ({ type: 'integer', value: -(2 ** 31) + upTo(2 ** 32) }),
  () => ({ type: 'long', value: BigInt(Math.round((random() - 0.5) * 2 ** 53)) }),
  () => ({ type: 'bytes', value: Buffer.from(randomBytes(upTo(20))) }),
  () => ({ type: 'string', value: ['', 'chunk', 'é😀'][upTo(3)]! }),
  () => ({ type: 'timestamp', value: BigInt(1_800_000_000_000 + upTo(1000)) }),
  () => ({ type: 'uuid', value: Buffer.from(randomBytes(16)) }),
];
const message = (): EventMessage => ({
  headers: new Map(Array.from({ length: upTo(6) }, (_, index) => [`:h${index}`, headerValues[upTo(9)]!()])),
  payload: Buffer.from(randomBytes(upTo(200))),
});

const event: EventMessage = {
  headers: new Map([[':event-type', { type: 'string', value: 'chunk' }]]),
  payload: Buffer.from('{"bytes":"aGVsbG8="}'),
};

const decode = (bytes: Uint8Array, step = bytes.length): EventMessage[] => {
  const decoder = new EventStreamDecoder();
  const messages: EventMessage[] = [];
  for (let at = 0; at < bytes.length; at += step) messages.push(...decoder.push(bytes.subarray(at, at + step)));
  decoder.finish();
  return messages;
};

test('what is written is read again, whatever the chunks', () => {
  for (let round = 0; round < rounds(25); round += 1) {
    const messages = Array.from({ length: 1 + upTo(4) }, message);
    const bytes = Buffer.concat(messages.map(encodeEvent));
    for (const step of [1, 2, 7, 64, bytes.length]) expect(decode(bytes, step)).toEqual(messages);
  }
});

test('a stream cut at any byte gives the same messages', () => {
  const bytes = Buffer.concat([encodeEvent(event), encodeEvent({ headers: new Map(), payload: Buffer.alloc(0) })]);
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const decoder = new EventStreamDecoder();
    const messages = [...decoder.push(bytes.subarray(0, cut)), ...decoder.push(bytes.subarray(cut))];
    decoder.finish();
    expect(messages).toHaveLength(2);
    expect(messages[0]).toEqual(event);
  }
});

test('the SDK’s own codec reads what is written, and its bytes are read', () => {
  const codec = new EventStreamCodec(
    (bytes) => (typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8')),
    (text) => Buffer.from(text, 'utf8'),
  );
  expect(codec.decode(encodeEvent(event))).toMatchObject({
    headers: { ':event-type': { type: 'string', value: 'chunk' } },
  });
  const theirs = codec.encode({ headers: { ':event-type': { type: 'string', value: 'chunk' } }, body: event.payload });
  expect(Buffer.from(theirs).equals(encodeEvent(event))).toBe(true);
});

describe('is refused:', () => {
  const violation = expect.objectContaining({ code: 'PROTOCOL_VIOLATION' });

  test('a byte changed anywhere', () => {
    const bytes = encodeEvent(event);
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 0x10;
      expect(() => decode(changed)).toThrow(violation);
    }
  });

  test('an end within a message, at any byte', () => {
    const bytes = encodeEvent(event);
    for (let size = 1; size < bytes.length; size += 1) expect(() => decode(bytes.subarray(0, size))).toThrow(violation);
  });

  /** A message whose checksums are right and whose headers are these bytes. */
  const withHeaders = (headers: string): Buffer => {
    const bytes = Buffer.concat([Buffer.alloc(12), Buffer.from(headers, 'hex'), Buffer.alloc(4)]);
    bytes.writeUInt32BE(bytes.length, 0);
    bytes.writeUInt32BE(bytes.length - 16, 4);
    bytes.writeUInt32BE(crc32(bytes.subarray(0, 8)), 8);
    bytes.writeUInt32BE(crc32(bytes.subarray(0, -4)), bytes.length - 4);
    return bytes;
  };

  test.each([
    ['a header twice', '016100016100'],
    ['a header without a name', '0000'],
    ['a header of an unknown type', '01610a'],
    ['a value cut short', '0161070005aa'],
    ['a name cut short', '0561'],
    ['a name that is not UTF-8', '01ff00'],
  ])('%s', (_, headers) => {
    expect(() => decode(withHeaders(headers))).toThrow(violation);
    expect(decode(withHeaders('016100'))).toHaveLength(1);
  });

  test('more than the limit, before anything of it is held', () => {
    const large = encodeEvent({ headers: new Map(), payload: Buffer.alloc(2000) });
    expect(() => new EventStreamDecoder(1000).push(large.subarray(0, 12))).toThrow(
      expect.objectContaining({ code: 'TOO_LARGE' }),
    );
    expect(() => encodeEvent({ headers: new Map(), payload: Buffer.alloc(eventMessageLimit) })).toThrow('bytes');
  });
});
