import { expect, test, vi } from 'vitest';
import { type Survey, Surveys } from './surveys.js';

const options = { everyMs: 600_000, retryMs: 30_000, timeoutMs: 60_000 };
const surveyBy = (run: Survey['run']): Survey => ({ target: 'orders', failure: 'survey.failed', run });

test('a survey is repeated by age, sooner after a failure, and once more when asked for while it runs', async () => {
  vi.useFakeTimers();
  const outcomes: (() => Promise<void>)[] = [
    () => Promise.reject(new Error('no')),
    () => Promise.resolve(),
    () => new Promise((resolve) => setTimeout(resolve, 1_000)),
  ];
  const log = vi.fn();
  let asked = 0;
  const surveys = new Surveys(
    surveyBy(() => (outcomes[asked++] ?? (() => Promise.resolve()))()),
    log,
    options,
  );

  surveys.begin();
  await vi.advanceTimersByTimeAsync(29_999);
  expect(asked).toBe(1);
  expect(log).toHaveBeenCalledWith('survey.failed', expect.objectContaining({ target: 'orders' }));
  await vi.advanceTimersByTimeAsync(1);
  expect(asked).toBe(2);
  await vi.advanceTimersByTimeAsync(600_000);
  expect(asked).toBe(3);
  surveys.begin();
  await vi.advanceTimersByTimeAsync(1_001);
  expect(asked).toBe(4);
  surveys.stop();
  await vi.advanceTimersByTimeAsync(6_000_000);
  expect(asked).toBe(4);
  vi.useRealTimers();
});

test('a survey that hangs is given up and tried again', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const log = vi.fn();
  const surveys = new Surveys(
    surveyBy(() => new Promise(() => undefined)),
    log,
    { ...options, timeoutMs: 20 },
  );

  surveys.begin();
  vi.useRealTimers();
  await vi.waitFor(() => expect(log).toHaveBeenCalledWith('survey.failed', expect.anything()));
  surveys.stop();
});
