/**
 * Exponential back-off with full jitter: the delay before attempt n is uniform in [0, min(cap, base · 2^n)), so that
 * agents that lost one control plane together do not come back together.
 * @param attempt failures so far, from 0
 * @param random uniform in [0, 1)
 * @returns milliseconds
 */
export const jitteredDelay = (attempt: number, random: () => number, { baseMs = 500, capMs = 30_000 } = {}): number =>
  Math.floor(random() * Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30)));
