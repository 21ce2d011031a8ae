/** A client that leaves before it was answered. Costs nothing until somebody wants to hear of it: hardly any request needs that. */
export class Departure {
  #over = false;
  #acts: Set<() => void> | undefined;

  /** Has the client gone? */
  get isOver(): boolean {
    return this.#over;
  }

  /** The client has gone. */
  happen(): void {
    if (this.#over) return;
    this.#over = true;
    const acts = this.#acts;
    this.#acts = undefined;
    for (const act of acts ?? []) act();
  }

  /**
   * Calls once the client has gone; never where it had gone before.
   * @returns calls it off
   */
  tell(act: () => void): () => void {
    this.#acts ??= new Set();
    this.#acts.add(act);
    return () => void this.#acts?.delete(act);
  }
}
