import { expect, test } from 'vitest';
import { encodeBatch, maxBatchBytes } from './frames.js';
import { MessageReader, SessionMessage, sessionMessage } from './session-messages.js';

const read = (chunks: readonly Buffer[]): { kind: number; content: Buffer }[] => {
  const heard: { kind: number; content: Buffer }[] = [];
  const reader = new MessageReader((kind, content) => heard.push({ kind, content }));
  for (const chunk of chunks) reader.push(chunk);
  return heard;
};

const text = (heard: readonly { kind: number; content: Buffer }[]): string =>
  heard.map(({ kind, content }) => `${kind} ${content.toString('hex')}`).join('\n');

const messages = [
  sessionMessage(SessionMessage.READY, Buffer.from('ready')),
  sessionMessage(SessionMessage.TAKEN),
  sessionMessage(SessionMessage.BATCH, Buffer.alloc(30, 'b')),
  sessionMessage(SessionMessage.BATCH, encodeBatch({ frames: [], last: true })),
  sessionMessage(SessionMessage.STILL),
];
const expected = [
  { kind: 1, content: Buffer.from('ready') },
  { kind: 3, content: Buffer.alloc(0) },
  { kind: 5, content: Buffer.alloc(30, 'b') },
  { kind: 5, content: encodeBatch({ frames: [], last: true }) },
  { kind: 6, content: Buffer.alloc(0) },
];

test('messages are the same wherever the bytes are cut, in one piece of memory or in several', () => {
  const whole = Buffer.concat(messages);
  for (let first = 0; first <= whole.length; first += 1) {
    for (let second = first; second <= whole.length; second += 7) {
      const pieces = [whole.subarray(0, first), whole.subarray(first, second), whole.subarray(second)];
      expect(text(read(pieces))).toBe(text(expected));
      expect(text(read(pieces.map((piece) => Buffer.from(piece))))).toBe(text(expected));
    }
  }
  expect(text(read([...whole].map((byte) => Buffer.of(byte))))).toBe(text(expected));
});

test('what came in several reads into one piece of memory is not copied', () => {
  const memory = Buffer.concat(messages);

  const heard = read([memory.subarray(0, 12), memory.subarray(12, 40), memory.subarray(40)]);

  expect(heard.every(({ content }) => content.length === 0 || content.buffer === memory.buffer)).toBe(true);
});

test('a reader says whether a message has begun', () => {
  const reader = new MessageReader(() => undefined);
  const message = sessionMessage(SessionMessage.BATCH, Buffer.alloc(10));

  const states = [0, 3, 8, 15].map((end, n, ends) => {
    reader.push(Buffer.from(message.subarray(ends[n - 1] ?? 0, end)));
    return reader.isPartial;
  });

  expect(states).toEqual([false, true, true, false]);
});

const header = (length: number, kind: number): Buffer => {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt32BE(length, 0);
  bytes[4] = kind;
  return bytes;
};

test.each([
  ['of four gigabytes', header(0xff_ff_ff_ff, SessionMessage.BATCH)],
  ['longer than a batch may be', header(maxBatchBytes + 1, SessionMessage.BATCH)],
  ['longer than a claim may be', header(1025, SessionMessage.CLAIM)],
  ['with content that its kind has not', header(1, SessionMessage.TAKEN)],
  ['of kind 0', header(0, 0)],
  ['of a kind that nobody knows', header(0, 7)],
])('a message %s is a violation before anything of it is read', (_what, bytes) => {
  expect(() => read([bytes])).toThrow(expect.objectContaining({ code: 'PROTOCOL_VIOLATION' }));
});
