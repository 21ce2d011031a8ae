import { expect, test } from 'vitest';
import { tpsOf, transactionsIn } from './pgbench.js';

test('the rate is the one without connecting', () => {
  expect(
    tpsOf(
      'latency average = 0.5 ms\ninitial connection time = 12.3 ms\ntps = 1962.25 (without initial connection time)\n',
    ),
  ).toBe(1962.25);
  expect(() => tpsOf('number of transactions actually processed: 0')).toThrow('pgbench gave no tps');
});

test('latencies of all threads are sorted together, and ends are milliseconds of the wall clock', () => {
  const logs = ['0 1 300 0 1790000000 500000\n0 2 90 0 1790000000 600500\n', '1 1 1000 0 1789999999 999000\n', ''];
  const { times, ends } = transactionsIn(logs);
  expect([...times]).toEqual([90, 300, 1000]);
  expect([...ends]).toEqual([1789999999999, 1790000000500, 1790000000600.5]);
});
