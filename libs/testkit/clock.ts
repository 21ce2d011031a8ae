import type { Clock, RandomBytes } from '@sallyport/core';

export interface FixedClock extends Clock {
  /** @param milliseconds how far to move on; @returns the new time */
  advance(milliseconds: number): Date;
  set(time: Date | string): Date;
}

/** A clock that stands still until a test moves it. */
export const fixedClock = (start: Date | string = '2026-01-02T03:04:05.000Z'): FixedClock => {
  let time = new Date(start).getTime();
  const now = () => new Date(time);
  return {
    now,
    advance: (milliseconds) => {
      time += milliseconds;
      return now();
    },
    set: (to) => {
      time = new Date(to).getTime();
      return now();
    },
  };
};

/** Uniform numbers in [0, 1), the same for the same seed (mulberry32). */
export const seededNumbers = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** Bytes for what takes a source of randomness, the same for the same seed. Never for a real secret. */
export const seededRandom = (seed: number): RandomBytes => {
  const next = seededNumbers(seed);
  return (size) => Uint8Array.from({ length: size }, () => Math.floor(next() * 256));
};
