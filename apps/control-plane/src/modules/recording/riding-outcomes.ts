import type { EarlierOutcome, OperationCompleted } from '@sallyport/evidence';

/** Outcomes that one decision takes along at most: the envelope names each of their operations. */
const mostRiders = 100;

/** What is told without the time when it was known: an entry of its own has one. */
export type Outcome = Omit<OperationCompleted, 'recording' | 'agent'>;

interface Waiting {
  readonly outcome: EarlierOutcome;
  readonly settle: (written: Promise<void>) => void;
}

/** Outcomes on their way into one entry. */
export interface Riders {
  readonly outcomes: readonly EarlierOutcome[];
  /** They are durable when `written` is. */
  settle(written: Promise<void>): void;
  /** They do not ride after all: each gets an entry of its own. */
  leave(): void;
}

export interface RidingOptions {
  /** Milliseconds for which the session's next decision is waited for. */
  readonly patienceMs: number;
  readonly now: () => Date;
  /** Writes an outcome as an entry of its own. */
  readonly alone: (outcome: Outcome) => Promise<void>;
}

/**
 * Outcomes of one session, which nobody waits for, ride in the entry of its next decision: half the entries of a client
 * that asks one thing after the other. Where no decision comes soon, they go on their own.
 */
export class RidingOutcomes {
  private waiting: Waiting[] = [];
  private timer: NodeJS.Timeout | undefined;
  private newest = 0;

  constructor(private readonly options: RidingOptions) {}

  /** @returns resolves once it is durable */
  add(outcome: Outcome): Promise<void> {
    this.newest = performance.now();
    this.timer ??= setTimeout(() => this.due(), this.options.patienceMs);
    return new Promise((resolve, reject) => {
      const settle = (written: Promise<void>): void => void written.then(resolve, reject);
      this.waiting.push({ outcome: { ...outcome, at: this.options.now().toISOString() }, settle });
    });
  }

  /** Those that the next decision takes along. */
  take(): Riders | undefined {
    if (this.waiting.length === 0) return undefined;
    const taken = this.waiting.splice(0, mostRiders);
    return {
      outcomes: taken.map(({ outcome }) => outcome),
      settle: (written) => {
        for (const { settle } of taken) settle(written);
      },
      leave: () => this.alone(taken),
    };
  }

  /** Writes what waits, now. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.alone(this.waiting.splice(0));
  }

  private alone(waiting: readonly Waiting[]): void {
    for (const { outcome, settle } of waiting) {
      const { at: _, ...told } = outcome;
      settle(this.options.alone(told));
    }
  }

  // The timer runs on while decisions come and take what waits: to set it anew for each would cost more than it is worth.
  private due(): void {
    this.timer = undefined;
    if (this.waiting.length === 0) return;
    const left = this.newest + this.options.patienceMs - performance.now();
    if (left > 0) this.timer = setTimeout(() => this.due(), left);
    else this.flush();
  }
}
