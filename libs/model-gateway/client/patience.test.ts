import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Patience } from './patience.js';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function arriving() {
  const body = new PassThrough();
  const errors: unknown[] = [];
  body.on('error', (error) => errors.push(error));
  return { body, errors, patience: new Patience({ body }) };
}

test('a body that stands still for a minute is given up', async () => {
  const { body, patience } = arriving();
  await vi.advanceTimersByTimeAsync(50_000);
  patience.heard();
  await vi.advanceTimersByTimeAsync(50_000);
  expect(body.destroyed).toBe(false);
  await vi.advanceTimersByTimeAsync(11_000);
  expect(body.destroyed).toBe(true);
  expect(patience.isOver).toBe(true);
});

test('one that comes a byte every ten seconds is given up all the same', async () => {
  const { body, errors, patience } = arriving();
  for (let at = 0; at < 40 && !body.destroyed; at += 1) {
    await vi.advanceTimersByTimeAsync(10_000);
    patience.heard();
  }
  expect(body.destroyed).toBe(true);
  expect(errors).toMatchObject([{ code: 'TIMED_OUT' }]);
});

test('one that is over is left alone', async () => {
  const { body, patience } = arriving();
  patience.end();
  await vi.advanceTimersByTimeAsync(1_000_000);
  expect(body.destroyed).toBe(false);
});
