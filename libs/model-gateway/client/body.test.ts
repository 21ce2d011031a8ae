import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { HeldBodies } from '@sallyport/http';
import { expect, test } from 'vitest';
import { fakeIncoming } from '../testing/fake-incoming.js';
import { readBody, wholeBodyBytes } from './body.js';

const bodies = () => new HeldBodies({ one: wholeBodyBytes, all: 64 * wholeBodyBytes, hint: 'send less' });
const read = (body: Uint8Array | Iterable<Uint8Array>, headers: [string, string][] = []) =>
  readBody(fakeIncoming({ headers, body: body instanceof Uint8Array ? [body] : body }).incoming, bodies().begin());
const text = Buffer.from(
  JSON.stringify({ model: 'claude', messages: [{ role: 'user', content: 'hello '.repeat(2_000) }] }),
);

test.each([
  ['gzip', gzipSync(text)],
  ['deflate', deflateSync(text)],
  ['br', brotliCompressSync(text)],
  ['identity', text],
  ['GZIP', gzipSync(text)],
])('a body in %s is read as what it is', async (coding, bytes) => {
  expect((await read(bytes, [['content-encoding', coding]])).equals(text)).toBe(true);
});

test('cut anywhere, a coded body is the same', async () => {
  const bytes = gzipSync(text);
  const pieces = Array.from(bytes, (_byte, at) => bytes.subarray(at, at + 1));
  expect((await read(pieces, [['content-encoding', 'gzip']])).equals(text)).toBe(true);
});

test.each(['x-unknown', 'gzip, br', 'gzip, gzip', 'aws-chunked', 'compress'])(
  'a body in %s cannot be judged, so it is refused',
  async (coding) => {
    await expect(read(text, [['content-encoding', coding]])).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  },
);

test.each([
  ['another coding', brotliCompressSync(text)],
  ['none', text],
  ['half of it', gzipSync(text).subarray(0, 40)],
])('what is said to be gzip and is %s is refused', async (_what, bytes) => {
  await expect(read(bytes, [['content-encoding', 'gzip']])).rejects.toMatchObject({ code: 'INVALID_INPUT' });
});

test('a body that expands without measure is given up long before it is whole', async () => {
  const bomb = gzipSync(Buffer.alloc(256 * 1024 * 1024));
  let taken = 0;
  const { incoming } = fakeIncoming({ headers: [['content-encoding', 'gzip']], body: [bomb] });
  const budget = {
    belongTo: () => undefined,
    take: (bytes: number) => {
      taken += bytes;
    },
    giveBack: () => undefined,
  };
  await expect(readBody(incoming, budget)).rejects.toMatchObject({ code: 'TOO_LARGE' });
  expect(taken).toBeLessThanOrEqual(100 * bomb.length);
  expect(taken).toBeLessThan(28 * 1024 * 1024);
});

test('a body that is announced too large is not read, and one that becomes too large is given up', async () => {
  let taken = 0;
  const { incoming } = fakeIncoming({
    headers: [['content-length', String(wholeBodyBytes + 1)]],
    body: (function* () {
      taken += 1;
      yield text;
    })(),
  });
  await expect(readBody(incoming, bodies().begin())).rejects.toMatchObject({ code: 'TOO_LARGE' });
  expect(taken).toBe(0);
  const mib = Buffer.alloc(1024 * 1024, 0x20);
  const many = (function* () {
    for (let at = 0; at < 33; at += 1) yield mib;
  })();
  await expect(read(many)).rejects.toMatchObject({ code: 'TOO_LARGE' });
});

test('a client that leaves in the middle is told nothing of coding or size', async () => {
  const { incoming } = fakeIncoming({
    headers: [['content-encoding', 'gzip']],
    body: (async function* () {
      yield gzipSync(text).subarray(0, 20);
      throw new Error('aborted');
    })(),
  });
  await expect(readBody(incoming, bodies().begin())).rejects.toMatchObject({ code: 'CANCELLED' });
});
