import { expect, test } from 'vitest';
import { RefusalTally, type Refused } from './refusal-tally.js';

const minute = 60_000;
const of = (key: string): Refused<string> => ({ key, told: (count) => `${key} ${count}` });
const crowd = of('crowd');

test('the first refusal of a kind is told at once, the rest of its minute as one', () => {
  const tally = new RefusalTally<string>(minute, 100);
  expect(tally.take(of('a'), crowd, 0)).toBe('a 1');
  for (let at = 1; at <= 500; at += 1) expect(tally.take(of('a'), crowd, at)).toBeUndefined();
  expect(tally.due(minute - 1)).toEqual([]);
  expect(tally.due(minute)).toEqual(['a 500']);
  // The minute after an entry is one too: still at most one entry in it.
  expect(tally.take(of('a'), crowd, minute + 1)).toBeUndefined();
  expect(tally.due(2 * minute)).toEqual(['a 1']);
  expect(tally.due(3 * minute)).toEqual([]);
  expect(tally.take(of('a'), crowd, 3 * minute)).toBe('a 1');
});

test('kinds are told apart, and more of them than may be kept are counted together', () => {
  const tally = new RefusalTally<string>(minute, 2);
  expect(tally.take(of('a'), crowd, 0)).toBe('a 1');
  expect(tally.take(of('b'), crowd, 0)).toBe('b 1');
  expect(tally.take(of('c'), crowd, 0)).toBe('crowd 1');
  for (let each = 0; each < 1000; each += 1) expect(tally.take(of(`d${each}`), crowd, 0)).toBeUndefined();
  expect(tally.due(minute)).toEqual(['crowd 1000']);
});
