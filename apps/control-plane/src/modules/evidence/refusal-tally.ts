/** One kind of refusal: what is told of it is decided when it is written. */
export interface Refused<Told> {
  /** What makes two refusals alike. */
  readonly key: string;
  told(count: number): Told;
}

interface Window<Told> {
  readonly refused: Refused<Told>;
  readonly until: number;
  /** Not told yet. */
  count: number;
}

/**
 * Tells the first refusal of a kind at once and counts the rest of its minute, so that whoever is refused again and
 * again cannot fill the log. What does not fit is counted under `crowd`, which names nobody.
 */
export class RefusalTally<Told> {
  private readonly windows = new Map<string, Window<Told>>();

  constructor(
    private readonly minuteMs: number,
    private readonly mostKinds: number,
  ) {}

  /** @returns what to tell now, if anything */
  take(refused: Refused<Told>, crowd: Refused<Told>, now: number): Told | undefined {
    const known = this.windows.get(refused.key);
    if (known !== undefined) {
      known.count += 1;
      return undefined;
    }
    if (this.windows.size >= this.mostKinds && refused !== crowd) return this.take(crowd, crowd, now);
    this.windows.set(refused.key, { refused, until: now + this.minuteMs, count: 0 });
    return refused.told(1);
  }

  /** @returns what to tell of minutes that are over; each begins another one */
  due(now: number): Told[] {
    const told: Told[] = [];
    for (const [key, window] of this.windows) {
      if (window.until > now) continue;
      this.windows.delete(key);
      if (window.count === 0) continue;
      told.push(window.refused.told(window.count));
      this.windows.set(key, { ...window, until: now + this.minuteMs, count: 0 });
    }
    return told;
  }
}
