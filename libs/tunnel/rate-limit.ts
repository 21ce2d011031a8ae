/** Counts attempts by caller in fixed windows; remembers a bounded number of callers. */
export class RateLimit {
  private counts = new Map<string, number>();
  private total = 0;
  private windowStart = 0;

  constructor(
    private readonly limits: { readonly perCaller: number; readonly overall: number; readonly windowMs: number },
    private readonly now: () => number = Date.now,
  ) {}

  /** @returns false when this caller, or all together, have tried too often */
  take(caller: string): boolean {
    if (this.now() - this.windowStart >= this.limits.windowMs) {
      this.counts = new Map();
      this.total = 0;
      this.windowStart = this.now();
    }
    const count = (this.counts.get(caller) ?? 0) + 1;
    this.total += 1;
    if (this.total > this.limits.overall) return false; // and so the map never holds more than `overall` callers
    this.counts.set(caller, count);
    return count <= this.limits.perCaller;
  }
}
