import { encodeChunk } from '@sallyport/evidence';
import { describe, expect, test } from 'vitest';
import { postgresText, recordedAnswer, shownBytes } from './recorded-answer.js';

const message = (type: string, ...parts: (Buffer | string)[]): Buffer => {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};
const short = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
const column = (name: string): Buffer => Buffer.concat([Buffer.from(`${name}\0`), Buffer.alloc(18)]);
const value = (bytes: Buffer | null): Buffer => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes?.length ?? -1);
  return Buffer.concat([length, bytes ?? Buffer.alloc(0)]);
};

const answer = Buffer.concat([
  message('T', short(2), column('name'), column('photo')),
  message('D', short(2), value(Buffer.from('Ada')), value(Buffer.from([0, 255]))),
  message('D', short(2), value(null), value(Buffer.from('[redacted]'))),
  message('N', 'SNOTICE\0', 'Mlook here\0', '\0'),
  message('E', 'SERROR\0', 'C42501\0', 'Mnot allowed\0', '\0'),
  message('C', 'SELECT 2\0'),
  message('Z', 'I'),
]);

describe('a recorded PostgreSQL answer', () => {
  test('reads as columns, rows, notices, errors and the command’s tag', () => {
    expect(postgresText(answer).split('\n')).toEqual([
      'name | photo',
      'Ada | \\x00ff',
      'NULL | [redacted]',
      'NOTICE: look here',
      'ERROR 42501: not allowed',
      '(SELECT 2)',
    ]);
  });

  test('cut anywhere, it is never more than a beginning, and never a failure', () => {
    const whole = postgresText(answer);
    for (let end = 0; end < answer.length; end += 1)
      expect(whole.startsWith(postgresText(answer.subarray(0, end)))).toBe(true);
  });

  test('garbage is not a failure either', () => {
    for (let seed = 0; seed < 200; seed += 1) {
      const bytes = Buffer.from(Array.from({ length: 40 }, (_, index) => (seed * 31 + index * index * 17) % 256));
      expect(typeof postgresText(Buffer.concat([message('D', bytes), message('T', bytes), message('E', bytes)]))).toBe(
        'string',
      );
    }
  });
});

test('a long answer is shown up to a bound, with its true length', async () => {
  const payload = Buffer.alloc(60_000, 'a');
  async function* chunks() {
    for (let seq = 0; seq < 3; seq += 1) yield encodeChunk({ seq, at: new Date(0), direction: 'toClient', payload });
  }
  const { text, bytes } = await recordedAnswer(chunks(), 'http');
  expect(bytes).toBe(180_000);
  expect(text.length).toBe(shownBytes);
});
