import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Log } from '../logging/log.js';
import { FreshSnapshot } from './fresh-snapshot.js';
import type { Notifications } from './notifications.js';

const silent = { warn: () => undefined } as unknown as Log;
const deaf = { subscribe: () => () => undefined } as unknown as Notifications;

/** A database that answers at once, until it is told to keep its askers waiting. */
class SlowDatabase {
  #asked: ((version: number) => void)[] = [];
  slow = false;

  readonly version = (): Promise<number> =>
    this.slow ? new Promise((resolve) => this.#asked.push(resolve)) : Promise.resolve(1);

  answer(): void {
    this.slow = false;
    for (const resolve of this.#asked.splice(0)) resolve(1);
  }
}

async function snapshotOf(database: SlowDatabase): Promise<FreshSnapshot<string>> {
  const { version } = database;
  const load = () => Promise.resolve('rules');
  const options = { name: 'rules', channel: 'rules', version, load, unavailable: 'MASKING_UNAVAILABLE' } as const;
  const snapshot = new FreshSnapshot<string>(options, silent);
  await snapshot.start(deaf);
  return snapshot;
}

let snapshot: FreshSnapshot<string>;
let database: SlowDatabase;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  database = new SlowDatabase();
  snapshot = await snapshotOf(database);
});
afterEach(() => {
  snapshot.stop();
  vi.useRealTimers();
});

test('what was confirmed lately is not waited for', async () => {
  await vi.advanceTimersByTimeAsync(10_000);
  expect(snapshot.confirmed()).toBeUndefined();
  expect(snapshot.current()).toBe('rules');
});

test('a database that answers late is waited for, and then it is current', async () => {
  database.slow = true;
  await vi.advanceTimersByTimeAsync(3_000);
  expect(() => snapshot.current()).toThrow('cannot be confirmed');
  const confirmed = snapshot.confirmed();
  expect(confirmed).toBeInstanceOf(Promise);
  database.answer();
  await confirmed;
  expect(snapshot.current()).toBe('rules');
});

test('a database that does not answer is waited for no longer than two seconds', async () => {
  database.slow = true;
  await vi.advanceTimersByTimeAsync(3_000);
  let over = false;
  void snapshot.confirmed()!.then(() => {
    over = true;
  });
  await vi.advanceTimersByTimeAsync(1_900);
  expect(over).toBe(false);
  await vi.advanceTimersByTimeAsync(200);
  expect(over).toBe(true);
  expect(() => snapshot.current()).toThrow('cannot be confirmed');
});
