import { describe, expect, test } from 'vitest';
import { GroupCommit, groupCommitLimits, isInDoubt, NotWritten } from './group-commit.js';

const limits = {
  ...groupCommitLimits,
  queueItems: 5,
  queueBytes: 1000,
  batchItems: 3,
  batchBytes: 500,
  deadlineMs: 40,
};

/** A store that answers only when told to. */
const store = () => {
  const batches: {
    items: readonly number[];
    done: () => void;
    fail: (error: Error) => void;
    cancelled: AbortSignal;
  }[] = [];
  const write = (items: readonly number[], cancelled: AbortSignal) =>
    new Promise<void>((resolve, reject) => batches.push({ items, done: resolve, fail: reject, cancelled }));
  return { batches, write };
};
const turn = () =>
  new Promise((resolve) => setImmediate(resolve)).then(() => new Promise((resolve) => setImmediate(resolve)));

describe('group commit', () => {
  test('what is submitted in one turn is one commit, and what comes meanwhile is the next, in order', async () => {
    const { batches, write } = store();
    const commit = new GroupCommit(write, limits);
    const first = [commit.submit(1, 1), commit.submit(2, 1)];
    await turn();
    const second = [commit.submit(3, 1), commit.submit(4, 1)];
    await turn();
    expect(batches.map(({ items }) => items)).toEqual([[1, 2]]);
    batches[0]!.done();
    await Promise.all(first);
    await turn();
    expect(batches.map(({ items }) => items)).toEqual([
      [1, 2],
      [3, 4],
    ]);
    batches[1]!.done();
    await Promise.all(second);
  });

  test('a batch is bounded by items and by bytes', async () => {
    const written: (readonly number[])[] = [];
    const commit = new GroupCommit<number>(async (items) => void written.push(items), limits);
    await Promise.all([1, 2, 3, 4].map((item) => commit.submit(item, 1)));
    await Promise.all([5, 6].map((item) => commit.submit(item, 400)));
    expect(written).toEqual([[1, 2, 3], [4], [5], [6]]);
  });

  test('a full queue refuses at once instead of growing', async () => {
    const { write } = store();
    const commit = new GroupCommit(write, limits);
    const waiting = [1, 2, 3, 4, 5].map((item) => commit.submit(item, 1));
    await expect(commit.submit(6, 1)).rejects.toMatchObject({ code: 'RECORDING_UNAVAILABLE' });
    const refused = await Promise.allSettled(waiting);
    expect(refused.map(({ status }) => status)).toEqual(Array(5).fill('rejected'));
  });

  test('too many bytes waiting are refused at once', async () => {
    const commit = new GroupCommit<number>(async () => undefined, limits);
    await expect(commit.submit(1, 1001)).rejects.toMatchObject({ code: 'RECORDING_UNAVAILABLE' });
    await commit.submit(2, 999);
  });

  test('a failed commit refuses exactly its own items, and the next one works', async () => {
    const { batches, write } = store();
    const commit = new GroupCommit(write, { ...limits, deadlineMs: 5000 });
    const lost = [commit.submit(1, 1), commit.submit(2, 1)];
    await turn();
    const kept = commit.submit(3, 1);
    batches[0]!.fail(new Error('the disk is full'));
    for (const one of lost)
      await expect(one).rejects.toMatchObject({
        code: 'RECORDING_UNAVAILABLE',
        cause: { message: 'the disk is full' },
      });
    await turn();
    batches[1]!.done();
    await kept;
  });

  test('a store that never answers is let go at the deadline, and everything behind it settles too', async () => {
    const { batches, write } = store();
    const commit = new GroupCommit(write, limits);
    const stuck = commit.submit(1, 1);
    await turn();
    const behind = commit.submit(2, 1);
    await expect(stuck).rejects.toMatchObject({ code: 'RECORDING_UNAVAILABLE' });
    expect(batches[0]!.cancelled.aborted).toBe(true);
    await expect(behind).rejects.toMatchObject({ code: 'RECORDING_UNAVAILABLE' });
  });

  test('a refusal says whether the item may have been committed after all', async () => {
    const { batches, write } = store();
    const commit = new GroupCommit(write, { ...limits, deadlineMs: 5000, queueItems: 1 });
    const failures = [new Error('the connection broke'), new NotWritten(new Error('the disk is full'))];
    const doubts: boolean[] = [];
    for (const failure of failures) {
      const refused = commit.submit(1, 1).catch((error: unknown) => doubts.push(isInDoubt(error)));
      await turn();
      batches.pop()!.fail(failure);
      await refused;
      await commit.settled();
    }
    await commit.submit(1, 2000).catch((error: unknown) => doubts.push(isInDoubt(error)));
    expect(doubts).toEqual([true, false, false]);
  });

  test('commits and failures are counted', async () => {
    const seen: string[] = [];
    const observer = {
      committed: (items: number) => void seen.push(`+${items}`),
      failed: (items: number) => void seen.push(`-${items}`),
    };
    let broken = false;
    const commit = new GroupCommit<number>(
      async () => (broken ? Promise.reject(new Error('gone')) : undefined),
      limits,
      observer,
    );
    await Promise.all([commit.submit(1, 1), commit.submit(2, 1)]);
    broken = true;
    await expect(commit.submit(3, 1)).rejects.toThrow();
    await commit.settled();
    expect(seen).toEqual(['+2', '-1']);
  });
});
