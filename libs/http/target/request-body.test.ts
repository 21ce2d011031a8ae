import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { HeldBytes } from './held-bytes.js';
import { type Expected, RequestBody } from './request-body.js';

const bytes = (text: string): Buffer => Buffer.from(text);
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

async function streamed(expected: Expected, pieces: readonly string[]): Promise<{ came: string[]; error?: unknown }> {
  const body = new RequestBody(expected);
  const came: string[] = [];
  pieces.forEach((piece, index) => body.push(bytes(piece), index < pieces.length - 1));
  try {
    for await (const piece of body.stream()) came.push(Buffer.from(piece).toString());
    return { came };
  } catch (error) {
    return { came, error };
  }
}

test('a body that is what was announced comes piece by piece', async () => {
  expect(await streamed({ length: 6, sha256: sha256('abcdef') }, ['ab', 'cd', 'ef'])).toEqual({
    came: ['ab', 'cd', 'ef'],
  });
});

test.each([
  ['another body than was signed', { sha256: sha256('abcdeX') }, 'is not the one that the client signed'],
  ['a shorter body', { length: 7 }, 'shorter than was said'],
  ['a longer body', { length: 5 }, 'longer than was said'],
])('of %s the last piece never comes', async (_what, expected, message) => {
  const { came, error } = await streamed(expected, ['ab', 'cd', 'ef']);

  expect(error).toMatchObject({ code: 'PROTOCOL_VIOLATION', message: expect.stringContaining(message) });
  expect(came.join('')).not.toContain('ef');
});

test('a body of one piece is checked before any of it comes', async () => {
  const { came, error } = await streamed({ sha256: sha256('x') }, ['y']);

  expect([came, error]).toEqual([[], expect.objectContaining({ code: 'PROTOCOL_VIOLATION' })]);
});

test('who pushes is held back while nobody takes, and let on when somebody does', async () => {
  const body = new RequestBody({});
  body.push(Buffer.alloc(1024 * 1024), true);
  let isRoomy = false;
  const roomy = body.roomy().then(() => {
    isRoomy = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(isRoomy).toBe(false);

  const stream = body.stream();
  const first = stream.next();
  await roomy;
  body.push(bytes('end'), false);
  expect((await first).value).toHaveLength(1024 * 1024);
});

test('whole is only what fits, and what all hold together is bounded until they give it back', async () => {
  const held = new HeldBytes(10, 15);
  const whole = (size: number, part = held.begin()) => {
    const body = new RequestBody({});
    body.push(Buffer.alloc(size, 'a'), false);
    return body.whole(part);
  };
  const first = held.begin();

  await expect(whole(10, first)).resolves.toHaveLength(10);
  await expect(whole(11)).rejects.toMatchObject({ code: 'TOO_LARGE' });
  await expect(whole(6)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  first.giveBack();
  await expect(whole(6)).resolves.toHaveLength(6);
});

test('a body that is given up ends for who waits for it and for who pushes', async () => {
  const body = new RequestBody({});
  body.push(Buffer.alloc(2 * 1024 * 1024), true);
  const roomy = body.roomy();
  const taken = body.whole(new HeldBytes(10 * 1024 * 1024).begin());
  body.drop();
  body.push(Buffer.alloc(2 * 1024 * 1024), true);

  await expect(taken).rejects.toMatchObject({ code: 'CANCELLED' });
  await expect(roomy).resolves.toBeUndefined();
  await expect(body.roomy()).resolves.toBeUndefined();
});
