/** Lets so many in at once; the others wait, in their order, for somebody to leave. */
export class Turnstile {
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  constructor(private readonly most: number) {}

  /** Whoever has entered leaves once. */
  enter(): Promise<void> | undefined {
    if (this.#inside < this.most) {
      this.#inside += 1;
      return undefined;
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Its place is the next one's. */
  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#inside -= 1;
    else next();
  }
}
