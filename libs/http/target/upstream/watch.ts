/** Deadlines of many waits, by one coarse timer: most of them are never reached, and a timer for each costs more than the wait. */

/** How much later than its deadline something is noticed, at most. */
const coarseMs = 100;

export interface Watched {
  /** @param now as `performance.now` says it */
  look(now: number): void;
}

export class Watch {
  readonly #watched = new Set<Watched>();
  #timer: NodeJS.Timeout | undefined;

  add(watched: Watched): void {
    this.#watched.add(watched);
    this.#timer ??= setInterval(() => this.#look(), coarseMs).unref(); // who is waited for keeps the process, not the wait
  }

  delete(watched: Watched): void {
    this.#watched.delete(watched);
  }

  #look(): void {
    const now = performance.now();
    for (const each of this.#watched) each.look(now);
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
