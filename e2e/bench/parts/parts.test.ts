import { expect, test } from 'vitest';
import { between, commitsIn } from './commits.js';
import { quartersOf } from './memory.js';
import { interleaved } from './rounds.js';

test('the recorder is read from the metrics', () => {
  const metrics = `# HELP sallyport_recorder_commit_items Entries and chunks of one commit
sallyport_recorder_commit_items_bucket{le="1"} 3
sallyport_recorder_commit_items_sum 420
sallyport_recorder_commit_items_count 12
sallyport_recorder_commit_seconds_sum{replica="a"} 0.25
`;
  expect(commitsIn(metrics)).toEqual({ entries: 420, commits: 12, seconds: 0.25 });
  expect(between({ entries: 20, commits: 2, seconds: 0.05 }, commitsIn(metrics))).toEqual({
    entries: 400,
    commits: 10,
    seconds: 0.2,
  });
});

test('quarters show growth, and are fewer where there are fewer samples', () => {
  expect(quartersOf([1, 2, 5, 4, 3, 3, 9, 8])).toEqual([2, 5, 3, 9]);
  expect(quartersOf([1, 2])).toEqual([1, 2]);
  expect(quartersOf([])).toEqual([]);
});

test('peers take turns in every round', async () => {
  const order: string[] = [];
  const results = await interleaved(['a', 'b'], 2, async (name, round) => {
    order.push(name);
    return `${name}${round}`;
  });
  expect(order).toEqual(['a', 'b', 'a', 'b']);
  expect([...results]).toEqual([
    ['a', ['a0', 'a1']],
    ['b', ['b0', 'b1']],
  ]);
});
