import { randomBytes } from 'node:crypto';
import type { Target } from '@sallyport/engine';
import { expect, test, vi } from 'vitest';
import { ModelTarget } from './model-target.js';

const keyed = (read: (options?: { fresh?: boolean }) => Promise<string>): ModelTarget => {
  const target = {
    settings: {},
    credential: async (options?: { fresh?: boolean }) => ({ user: '', password: await read(options) }),
  } as unknown as Target;
  return new ModelTarget(
    { target, maskingKey: randomBytes(32) },
    { endpoint: 'https://model.example', auth: 'x-api-key' },
  );
};

test('a key is read once for calls that come one after the other, and afresh where it was refused', async () => {
  const read = vi.fn(async ({ fresh = false } = {}) => (fresh ? 'second' : 'first'));
  const target = keyed(read);
  expect(await Promise.all([target.key(false), target.key(false)])).toEqual(['first', 'first']);
  expect(await target.key(false)).toBe('first');
  expect(read).toHaveBeenCalledTimes(1);
  expect(await target.key(true)).toBe('second');
  expect(await target.key(false)).toBe('second');
  expect(read).toHaveBeenCalledTimes(2);
});

test('a key that could not be read is read again by the next call', async () => {
  const read = vi.fn(async () => 'key');
  read.mockRejectedValueOnce(new Error('no such file'));
  const target = keyed(read);
  await expect(target.key(false)).rejects.toThrow('no such file');
  expect(await target.key(false)).toBe('key');
});
