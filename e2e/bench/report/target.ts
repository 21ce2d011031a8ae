import { digits } from '../figures.js';

export interface Measured {
  readonly value: string;
  readonly met: boolean;
}

export interface Target {
  readonly what: string;
  readonly wanted: string;
  readonly measured: Measured;
  /** The same where nobody waits for the disk of the store. */
  readonly withFastDisk?: Measured;
}

type Limit = (measured: number) => Measured;

export interface Wanted {
  readonly wanted: string;
  readonly limit: Limit;
}

export const atLeast = (least: number, unit = ''): Wanted => ({
  wanted: `at least ${least}${unit}`,
  limit: (measured) => ({ value: digits(measured) + unit, met: measured >= least }),
});

export const atMost = (most: number, unit = ''): Wanted => ({
  wanted: `at most ${most}${unit}`,
  limit: (measured) => ({ value: digits(measured) + unit, met: measured <= most }),
});

export const target = (what: string, { wanted, limit }: Wanted, measured: number, withFastDisk?: number): Target => ({
  what,
  wanted,
  measured: limit(measured),
  ...(withFastDisk === undefined ? {} : { withFastDisk: limit(withFastDisk) }),
});

/** Flat: the last quarter of the result's time peaks no more than this above the second one; the first one warms up. */
export const flatWithin = 1.1;
