import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { AnswerBody } from './answer-body.js';

function bodyOf(length?: number) {
  const told: string[] = [];
  const body = new AnswerBody(
    {
      waits: (isWaiting) => void told.push(isWaiting ? 'waits' : 'has'),
      holdBack: (isHeldBack) => void told.push(isHeldBack ? 'held back' : 'goes on'),
      left: () => void told.push('left'),
    },
    length,
  );
  return { body, told };
}

const textOf = async (body: AnswerBody): Promise<string[]> => {
  const pieces: string[] = [];
  for await (const piece of body) pieces.push(Buffer.from(piece).toString());
  return pieces;
};

test.each([6, undefined])('what comes in one turn is one piece, of a body of length %s', async (length) => {
  const { body, told } = bodyOf(length);
  const first = body.next();
  const place = Buffer.from('abc');
  body.add(place);
  place.write('def'); // the same place is used for what comes next
  body.add(place);

  expect(Buffer.from((await first).value!).toString()).toBe('abcdef');
  body.end();
  expect(await textOf(body)).toEqual([]);
  expect(told).toEqual(['waits', 'has', 'left']);
});

test('pieces of a large body are large, in order, and fit into a batch of the tunnel', async () => {
  const { body } = bodyOf(1_000_000);
  const all = Buffer.alloc(1_000_000, 'abcdefghijk');
  for (let at = 0; at < all.length; at += 16_000) body.add(all.subarray(at, at + 16_000));
  body.end();

  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  expect(Buffer.concat(pieces).equals(all)).toBe(true);
  expect(pieces.map(({ length }) => length)).toEqual([...Array<number>(15).fill(64_512), 32_320]);
});

test('what nobody reads holds the other end back, until it has been read', async () => {
  const { body, told } = bodyOf();
  const piece = Buffer.alloc(65_536);
  for (let count = 0; count < 6; count += 1) body.add(piece);
  expect(told).toEqual(['held back']);

  await body.next();
  await body.next();
  expect(told).toEqual(['held back']);
  await body.next();
  expect(told).toEqual(['held back', 'goes on']);
});

test('a failure is told at once, and nothing that came before it', async () => {
  const { body } = bodyOf(100);
  body.add(Buffer.from('abc'));
  body.fail(new Error('broken'));

  await expect(body.next()).rejects.toThrow('broken');
});

test('whoever waits is told of a failure', async () => {
  const { body, told } = bodyOf(100);
  const next = body.next();
  body.fail(new Error('broken'));

  await expect(next).rejects.toThrow('broken');
  expect(told).toEqual(['waits', 'has', 'left']);
});

test('a reader that leaves is nobody’s concern any more', async () => {
  const { body, told } = bodyOf(6);
  body.add(Buffer.from('abc'));
  for await (const piece of body) {
    expect(piece).toHaveLength(3);
    break;
  }
  await nextTurn();

  expect(told).toEqual(['left']);
  expect((await body.next()).done).toBe(true);
});
