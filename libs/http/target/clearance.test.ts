import { GatewayError } from '@sallyport/core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Clearance } from './clearance.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = new AbortController().signal;

test('what is not held may go, and what is held waits until it may', async () => {
  await new Clearance(false, never).given();
  const clearance = new Clearance(true, never);
  let gone = false;
  const going = clearance.given().then(() => (gone = true));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(gone).toBe(false);
  clearance.give();
  await going;
  await clearance.given();
  expect(vi.getTimerCount()).toBe(0);
});

test('nothing goes that is given up before, at the same time, or too late', async () => {
  const cancelled = new GatewayError('CANCELLED', 'given up');
  const abort = new AbortController();
  const clearance = new Clearance(true, abort.signal);
  const waiting = clearance.given();
  abort.abort(cancelled);
  clearance.give();
  await expect(waiting).rejects.toBe(cancelled);
  await expect(clearance.given()).rejects.toBe(cancelled);

  const late = new Clearance(true, never).given();
  const refused = expect(late).rejects.toMatchObject({ code: 'TIMED_OUT' });
  await vi.advanceTimersByTimeAsync(30_000);
  await refused;
  expect(vi.getTimerCount()).toBe(0);
});
