import { afterEach, expect, test, vi } from 'vitest';
import { fixedClock, peer, seededNumbers, seededRandom } from './index.js';
import { rounds, sample } from './seeded.js';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

test('a fixed clock moves only when it is told to', () => {
  const clock = fixedClock('2026-01-01T00:00:00Z');
  expect([clock.now().getTime(), clock.now().getTime()]).toEqual([1767225600000, 1767225600000]);
  expect(clock.advance(1500).toISOString()).toBe('2026-01-01T00:00:01.500Z');
});

test('the same seed gives the same bytes, another seed others', () => {
  expect(seededRandom(1)(32)).toEqual(seededRandom(1)(32));
  expect(seededRandom(1)(32)).not.toEqual(seededRandom(2)(32));
});

test('seeded numbers stay within [0, 1) and spread', () => {
  const next = seededNumbers(42);
  const numbers = Array.from({ length: 2000 }, next);
  expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
  expect(numbers.reduce((sum, number) => sum + number, 0) / 2000).toBeCloseTo(0.5, 1);
});

test('a peer that is missing skips the test with what to install, and fails where peers are required', () => {
  vi.stubEnv('PATH', '/nonexistent');
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const notes: unknown[] = [];
  const context = {
    skip: (note?: string): never => {
      notes.push(note);
      throw new Error('skipped');
    },
  };
  vi.stubEnv('SALLYPORT_PEERS', '');
  expect(() => peer('docker-compose', context)).toThrow('skipped');
  expect(notes).toEqual(['skipped: docker-compose is not installed (apt-get install docker-compose)']);
  vi.stubEnv('SALLYPORT_PEERS', 'required');
  expect(() => peer('docker-compose', context)).toThrow(
    'docker-compose is not installed (apt-get install docker-compose)',
  );
});

test('where everything is to be tried nothing is left out', () => {
  vi.stubEnv('SALLYPORT_FUZZ', 'full');
  expect(rounds(1000)).toBe(1000);
  expect(sample(Array.from({ length: 50 }).keys())).toHaveLength(50);
});

test('else some of it is tried, and never nothing', () => {
  vi.stubEnv('SALLYPORT_FUZZ', '');
  expect([rounds(1000), rounds(1)]).toEqual([125, 1]);
  const some = sample(Array.from({ length: 50 }).keys());
  expect([some[0], some.at(-1), some.length]).toEqual([0, 49, 8]);
  expect([sample(['one']), sample([])]).toEqual([['one'], []]);
});

test('what is combined in twos, eights and thirteens comes up with each of its parts', () => {
  vi.stubEnv('SALLYPORT_FUZZ', '');
  const all = Array.from({ length: 13 * 8 * 2 * 2 * 2 }, (_, at) => [at % 2, (at >> 3) % 8, Math.floor(at / 64)]);
  const seen = [0, 1, 2].map((part) => new Set(sample(all).map((one) => one[part])).size);
  expect(seen).toEqual([2, 8, 13]);
});
