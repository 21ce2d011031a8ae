import type { ModelUsage, Outcome } from '@sallyport/core';
import { expect, test } from 'vitest';
import { Reserved } from './reserved.js';

const estimate = { model: 'claude', turn: {}, inputTokens: 1_000, outputTokens: 500 };
const used: ModelUsage = {
  model: 'claude-x',
  inputTokens: 10,
  cacheReadTokens: 5,
  cacheWriteTokens: 1,
  outputTokens: 20,
};
const done: Outcome = { status: 'done', maskedFields: 0 };

function reserved() {
  const calls: (ModelUsage | 'released')[] = [];
  const made = new Reserved(estimate, {
    settle: async (usage) => {
      calls.push(usage);
      return { ...usage, microUsd: 7 };
    },
    release: async () => void calls.push('released'),
  });
  return { made, calls };
}

test('what the answer says was used is settled, and goes on record with its price', async () => {
  const { made, calls } = reserved();
  expect(await made.settle({ ...done, usage: used }, 999)).toEqual({ ...done, usage: { ...used, microUsd: 7 } });
  expect(calls).toEqual([used]);
});

test.each(['failed', 'skipped'] as const)(
  'a call that the API refused, or that was not run, has cost nothing: %s',
  async (status) => {
    const { made, calls } = reserved();
    expect(await made.settle({ ...done, status, code: '529' }, 0)).not.toHaveProperty('usage');
    expect(calls).toEqual(['released']);
  },
);

test.each([
  ['unknown', 100, 25],
  ['unknown', 0, 0],
  ['unknown', 1_000_000, 500],
  ['done', 100, 25],
  ['failed', 100, 25],
] as const)(
  'of one that is %s and does not say, %d bytes count for %d tokens, and all that went in',
  async (status, bytes, tokens) => {
    const { made, calls } = reserved();
    await made.settle({ ...done, status }, bytes);
    expect(calls).toEqual([
      { model: 'claude', inputTokens: 1_000, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: tokens },
    ]);
  },
);

test('is settled or released once', async () => {
  const { made, calls } = reserved();
  await made.release();
  await made.release();
  await made.settle({ ...done, usage: used }, 1);
  expect(calls).toEqual(['released']);
});
