import { GatewayError } from '@sallyport/core';
import { rounds, seededNumbers } from '@sallyport/testkit/seeded';
import { describe, expect, test } from 'vitest';
import { parseReport, parseRowDescription } from './backend.js';
import { parseBind, parseExecute, parseNamed, parseParse, parseQuery } from './frontend.js';
import { notificationOperation } from './notification.js';
import { readStartup } from './startup.js';
import { cstring, Fields, int16, int32, MessageReader, message } from './wire.js';

const query = message('Q', cstring('select 1'));

test('messages come out whole however the bytes are cut', () => {
  const random = seededNumbers(7);
  const stream = Buffer.concat([query, message('S'), message('d', Buffer.alloc(3_000, 0x41)), query]);
  for (let round = 0; round < rounds(200); round += 1) {
    const reader = new MessageReader();
    const seen: string[] = [];
    for (let at = 0; at < stream.length; ) {
      const size = 1 + Math.floor(random() * 700);
      reader.push(stream.subarray(at, at + size));
      at += size;
      for (let next = reader.next(); next !== undefined; next = reader.next())
        seen.push(`${String.fromCharCode(next.type)}${next.raw.length}`);
    }
    expect(seen).toEqual(['Q14', 'S5', 'd3005', 'Q14']);
    expect(reader.buffered).toBe(0);
  }
});

test('a length that cannot be is a violation, and one over the limit is refused before it is held', () => {
  const reader = new MessageReader(1_000);
  reader.push(Buffer.from([0x51, 0, 0, 0, 3]));
  expect(() => reader.next()).toThrow(expect.objectContaining({ code: 'PROTOCOL_VIOLATION' }));
  const greedy = new MessageReader(1_000);
  greedy.push(Buffer.from([0x51, 0x7f, 0xff, 0xff, 0xff]));
  expect(() => greedy.next()).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }));
});

test.each([
  ['a string without an end', () => parseQuery({ type: 0, raw: query, body: Buffer.from('select') })],
  ['bytes left over', () => parseQuery({ type: 0, raw: query, body: Buffer.from('a\0b') })],
  [
    'more parameters than bytes',
    () => parseBind({ type: 0, raw: query, body: Buffer.concat([cstring(''), cstring(''), int16(0), int16(-1)]) }),
  ],
  [
    'a negative length',
    () =>
      parseBind({
        type: 0,
        raw: query,
        body: Buffer.concat([cstring(''), cstring(''), int16(0), int16(1), int32(-2)]),
      }),
  ],
  [
    'neither statement nor portal',
    () => parseNamed({ type: 0, raw: query, body: Buffer.concat([Buffer.from('Z'), cstring('')]) }),
  ],
])('%s is a protocol violation', (_name, parse) => {
  expect(parse).toThrow(expect.objectContaining({ code: 'PROTOCOL_VIOLATION' }));
});

test('a start-up packet that names a parameter twice, or lies about its size, is refused', () => {
  const body = Buffer.concat([int32(196608), ...['user', 'a', 'user', 'b'].map(cstring), Buffer.from([0])]);
  expect(() => readStartup(Buffer.concat([int32(body.length + 4), body]))).toThrow(/twice/);
  expect(() => readStartup(int32(7).subarray(0, 4))).toThrow(/start-up packet of 7 bytes/);
  expect(() => readStartup(int32(1_000_000))).toThrow(/1000000 bytes/);
  expect(readStartup(Buffer.alloc(3))).toBeUndefined();
});

/** Whatever the bytes, the answer is a value or a GatewayError: nothing hangs, nothing else is thrown. */
describe('a hundred thousand seeded inputs', () => {
  const random = seededNumbers(20_261_121);
  const integer = (most: number) => Math.floor(random() * most);
  const seeds = [
    query,
    message('P', cstring('s'), cstring('select $1'), int16(1), int32(23)),
    message(
      'B',
      cstring('p'),
      cstring('s'),
      int16(1),
      int16(0),
      int16(2),
      int32(1),
      Buffer.from('x'),
      int32(-1),
      int16(1),
      int16(1),
    ),
    message('D', Buffer.from('S'), cstring('s')),
    message('E', cstring('p'), int32(0)),
    message('T', int16(1), cstring('n'), int32(1), int16(1), int32(25), int16(-1), int32(-1), int16(0)),
    message('A', int32(1), cstring('c'), cstring('p')),
    message('E', cstring('SERROR'), cstring('C42501'), Buffer.from([0])),
  ];
  const parsers = [
    parseQuery,
    parseParse,
    parseBind,
    parseNamed,
    parseExecute,
    parseRowDescription,
    parseReport,
    (m: { raw: Buffer }) => notificationOperation(m.raw),
  ];

  function mutated(): Buffer {
    const bytes = Buffer.from(seeds[integer(seeds.length)]!);
    for (let times = integer(4); times > 0; times -= 1) bytes[integer(bytes.length)] = integer(256);
    return integer(5) === 0 ? bytes.subarray(0, integer(bytes.length + 1)) : bytes;
  }

  const tolerate = (work: () => unknown): boolean => {
    try {
      work();
      return true;
    } catch (error) {
      if (error instanceof GatewayError) return false;
      throw error;
    }
  };

  test('never break the message reader or the parsers of messages', () => {
    let understood = 0;
    for (let round = 0; round < rounds(100_000); round += 1) {
      const bytes = mutated();
      const reader = new MessageReader(10_000);
      understood += Number(
        tolerate(() => {
          reader.push(bytes.subarray(0, 3));
          reader.push(bytes.subarray(3));
          for (let next = reader.next(); next !== undefined; next = reader.next())
            parsers[integer(parsers.length)]!(next);
        }),
      );
    }
    expect(understood).toBeGreaterThan(rounds(1_000)); // the inputs are near enough to real ones to reach the parsers
  });

  test('never break the reader of start-up packets', () => {
    const start = Buffer.concat([
      int32(196608),
      ...['user', 'orders', 'database', 'app', 'options', '-c a=b'].map(cstring),
      Buffer.from([0]),
    ]);
    const packet = Buffer.concat([int32(start.length + 4), start]);
    for (let round = 0; round < rounds(100_000); round += 1) {
      const bytes = Buffer.from(packet);
      for (let times = integer(5); times > 0; times -= 1) bytes[integer(bytes.length)] = integer(256);
      tolerate(() => readStartup(bytes.subarray(0, integer(bytes.length + 1))));
    }
  });
});

test('fields read past the end say so', () => {
  const fields = new Fields(Buffer.alloc(3));
  expect(() => fields.int32()).toThrow(/shorter than its fields/);
});
