import type { TurnSoFar } from '@sallyport/policy';

/** What the database holds of a turn: of all replicas together. */
export interface StoredTurn {
  readonly writes: number;
  readonly untrusted: boolean;
}

/**
 * One turn as this replica knows it: what the database told last, and what happened here and is not there yet. The stored
 * count only grows, so whichever way and in whatever order it is told, the greatest is the newest.
 */
export class TurnState {
  /** Has the database been asked since this was made? */
  known = false;
  #stored: StoredTurn = { writes: 0, untrusted: false };
  #here = { writes: 0, untrusted: false };
  #onItsWay: StoredTurn | undefined;
  #soFar: TurnSoFar = { writes: 0, untrusted: false };

  /** The same value until something changes. */
  get soFar(): TurnSoFar {
    return this.#soFar;
  }

  /** Is everything that happened here in the database? */
  get isWritten(): boolean {
    return this.#onItsWay === undefined && this.#here.writes === 0 && !this.#here.untrusted;
  }

  counted(): void {
    this.#here.writes += 1;
    this.#changed();
  }

  /** @returns false where that was known */
  marked(): boolean {
    if (this.#soFar.untrusted) return false;
    this.#here.untrusted = true;
    this.#changed();
    return true;
  }

  told({ writes, untrusted }: StoredTurn): void {
    this.#stored = {
      writes: Math.max(this.#stored.writes, writes),
      untrusted: this.#stored.untrusted || untrusted,
    };
    this.#changed();
  }

  /** What is to be written now; `written` or `unwritten` follows. */
  take(): StoredTurn {
    this.#onItsWay = this.#here;
    this.#here = { writes: 0, untrusted: false };
    return this.#onItsWay;
  }

  written(stored: StoredTurn): void {
    this.#onItsWay = undefined;
    this.told(stored);
  }

  /** Perhaps it was all the same: then it counts twice, which is the stricter mistake. */
  unwritten(): void {
    const lost = this.#onItsWay ?? { writes: 0, untrusted: false };
    this.#onItsWay = undefined;
    this.#here = { writes: this.#here.writes + lost.writes, untrusted: this.#here.untrusted || lost.untrusted };
    this.#changed();
  }

  #changed(): void {
    const writes = this.#stored.writes + this.#here.writes + (this.#onItsWay?.writes ?? 0);
    const untrusted = this.#stored.untrusted || this.#here.untrusted || this.#onItsWay?.untrusted === true;
    if (writes !== this.#soFar.writes || untrusted !== this.#soFar.untrusted) this.#soFar = { writes, untrusted };
  }
}
