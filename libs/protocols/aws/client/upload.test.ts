import { Readable } from 'node:stream';
import { GatewayError } from '@sallyport/core';
import type { Incoming } from '@sallyport/http';
import { describe, expect, test } from 'vitest';
import { readWhole } from './upload.js';

const asItIs = { push: (bytes: Uint8Array) => [bytes], finish: () => ({ length: 0, trailers: [] }) };
const roomy = { take: () => undefined };

const read = (body: Readable, check = asItIs, budget: { take(bytes: number): void } = roomy) =>
  readWhole({ body, proceed: () => undefined } as unknown as Incoming, check, budget as never);

const never = (): Readable => new Readable({ read: () => undefined });

describe('a body', () => {
  test('is read whole', async () => {
    expect((await read(Readable.from([Buffer.from('ab'), Buffer.from('c')]))).toString()).toBe('abc');
  });

  test('that has ended before anybody looked, as an empty one of HTTP/2 has, is empty', async () => {
    const body = Readable.from([]);
    body.resume();
    await new Promise((resolve) => body.once('end', resolve));
    expect(await read(body)).toHaveLength(0);
  });

  test.each<[string, (body: Readable) => void]>([
    ['left before anybody looked', (body) => body.destroy()],
    ['leaves while it sends', (body) => setImmediate(() => body.destroy())],
    ['breaks', (body) => setImmediate(() => body.destroy(new Error('ECONNRESET')))],
  ])('whose client %s is given up', async (_how, leave) => {
    const body = never();
    body.on('error', () => undefined);
    leave(body);
    await expect(read(body)).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  test('that is more than may be held, or is not what was signed, is given up with its reason', async () => {
    const full = () => {
      throw new GatewayError('TOO_LARGE', 'too large');
    };
    await expect(read(Readable.from([Buffer.from('a')]), asItIs, { take: full })).rejects.toMatchObject({
      code: 'TOO_LARGE',
    });
    await expect(read(Readable.from([Buffer.from('a')]), { ...asItIs, finish: full })).rejects.toMatchObject({
      code: 'TOO_LARGE',
    });
  });
});
