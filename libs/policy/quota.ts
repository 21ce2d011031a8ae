/** How often one identity may have what a permit gives. */
export interface Quota {
  readonly count: number;
  readonly windowMs: number;
}

export interface QuotaOf {
  readonly policy: string;
  readonly quota: Quota;
}

export type Taken =
  | { readonly taken: true }
  | { readonly taken: false; readonly policy: string; readonly freeInMs: number };

/** Identities times policies that are counted at once. */
const mostCounted = 10_000;

/**
 * Counts in sliding windows, in the memory of one process. Pure but for that: time is given, in milliseconds, and never
 * goes back. When there is no room to count one more, there is none to give either.
 */
export class Quotas {
  readonly #times = new Map<string, number[]>();

  /** Takes one of each, or none. */
  take(identity: string, quotas: readonly QuotaOf[], now: number): Taken {
    const lists = quotas.map((one) => ({ ...one, times: this.#timesOf(`${one.policy} ${identity}`, one.quota, now) }));
    for (const { policy, quota, times } of lists) {
      if (times === undefined) return { taken: false, policy, freeInMs: quota.windowMs };
      if (times.length >= quota.count) return { taken: false, policy, freeInMs: times[0]! + quota.windowMs - now };
    }
    for (const { times } of lists) times?.push(now);
    return { taken: true };
  }

  /** @returns when it was taken within the window, oldest first; undefined where no more can be counted */
  #timesOf(key: string, { windowMs }: Quota, now: number): number[] | undefined {
    const known = this.#times.get(key);
    if (known === undefined && this.#times.size >= mostCounted) this.#forget(now);
    if (known === undefined && this.#times.size >= mostCounted) return undefined;
    const times = (known ?? []).filter((time) => time > now - windowMs);
    this.#times.set(key, times);
    return times;
  }

  #forget(now: number): void {
    for (const [key, times] of this.#times) if ((times.at(-1) ?? 0) < now - longestWindowMs) this.#times.delete(key);
  }
}

const longestWindowMs = 24 * 3_600_000;
const mostCount = 1000;
const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

/** @returns the quota that a text like `20/1h` asks for; undefined where it asks for none */
export const parseQuota = (text: string): Quota | undefined => {
  const [, count, length, unit] = /^(\d{1,4})\/(\d{1,6})([smh])$/.exec(text.trim()) ?? [];
  const quota = { count: Number(count), windowMs: Number(length) * (units[unit ?? ''] ?? 0) };
  const isSane =
    quota.count >= 1 && quota.count <= mostCount && quota.windowMs >= 1 && quota.windowMs <= longestWindowMs;
  return isSane ? quota : undefined;
};
