import type { OperationId } from '@sallyport/core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Outcome, RidingOutcomes } from './riding-outcomes.js';

const at = new Date('2026-11-29T09:00:00.000Z');
const outcomeOf = (name: string): Outcome => ({ operation: name as OperationId, status: 'done', maskedFields: 0 });

function ridingTo(alone: (outcome: Outcome) => Promise<void> = () => Promise.resolve()) {
  const written: Outcome[] = [];
  const riding = new RidingOutcomes({
    patienceMs: 10,
    now: () => at,
    alone: (outcome) => {
      written.push(outcome);
      return alone(outcome);
    },
  });
  return { riding, written };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('the next decision takes along what waits, with the time when it was known', async () => {
  const { riding, written } = ridingTo();
  const durable = riding.add(outcomeOf('one'));
  const riders = riding.take()!;
  expect(riders.outcomes).toEqual([{ ...outcomeOf('one'), at: at.toISOString() }]);
  expect(riding.take()).toBeUndefined();
  riders.settle(Promise.resolve());
  await durable;
  vi.advanceTimersByTime(100);
  expect(written).toEqual([]);
});

test('what no decision takes goes on its own after a moment', async () => {
  const { riding, written } = ridingTo();
  const durable = riding.add(outcomeOf('one'));
  vi.advanceTimersByTime(9);
  expect(written).toEqual([]);
  vi.advanceTimersByTime(2);
  expect(written).toEqual([outcomeOf('one')]);
  await durable;
});

test('an outcome that came later waits its own moment', () => {
  const { riding, written } = ridingTo();
  void riding.add(outcomeOf('one'));
  riding.take()!.settle(Promise.resolve());
  vi.advanceTimersByTime(8);
  void riding.add(outcomeOf('two'));
  vi.advanceTimersByTime(8);
  expect(written).toEqual([]);
  vi.advanceTimersByTime(4);
  expect(written).toEqual([outcomeOf('two')]);
});

test('a hundred ride at most, the others wait for the decision after', () => {
  const { riding } = ridingTo();
  for (let index = 0; index < 120; index += 1) void riding.add(outcomeOf(String(index)));
  expect(riding.take()!.outcomes).toHaveLength(100);
  expect(riding.take()!.outcomes).toHaveLength(20);
});

test('whoever added an outcome hears when the decision that took it was not written', async () => {
  const { riding } = ridingTo();
  const durable = riding.add(outcomeOf('one'));
  const failed = expect(durable).rejects.toThrow('the disk is full');
  riding.take()!.settle(Promise.reject(new Error('the disk is full')));
  await failed;
});

test('what leaves its decision, and what is flushed, is written alone', async () => {
  const { riding, written } = ridingTo();
  const first = riding.add(outcomeOf('one'));
  riding.take()!.leave();
  const second = riding.add(outcomeOf('two'));
  riding.flush();
  await Promise.all([first, second]);
  expect(written).toEqual([outcomeOf('one'), outcomeOf('two')]);
});
