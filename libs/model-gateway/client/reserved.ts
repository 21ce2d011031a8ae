/** What a call to a model takes out of the budgets, and what it gives back. */
import type { ModelUsage, Outcome } from '@sallyport/core';
import type { ModelEstimate, ModelReservation } from '@sallyport/engine';

/** Of an answer that does not say what it used: more than any API's tokens are short. */
const bytesPerToken = 4;

export class Reserved {
  #isOver = false;

  constructor(
    private readonly estimate: ModelEstimate,
    private readonly reservation: ModelReservation,
  ) {}

  /** The call has not reached the model. */
  async release(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await this.reservation.release();
  }

  /**
   * A call that was not run, or that the API refused, has used nothing. Of an answer that was cut off, or does not say, the most is taken that
   * it can have used: a budget that can be saved by hanging up is none.
   * @param answeredBytes of an answer that was no error
   */
  async settle(outcome: Outcome, answeredBytes: number): Promise<Outcome> {
    if (this.#isOver) return outcome;
    if (outcome.usage === undefined && usedNothing(outcome, answeredBytes)) {
      await this.release();
      return outcome;
    }
    this.#isOver = true;
    return { ...outcome, usage: await this.reservation.settle(outcome.usage ?? this.#atMost(answeredBytes)) };
  }

  #atMost(answeredBytes: number): ModelUsage {
    const { model, inputTokens, outputTokens } = this.estimate;
    const said = Math.ceil(answeredBytes / bytesPerToken);
    return { model, inputTokens, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: Math.min(outputTokens, said) };
  }
}

const usedNothing = ({ status }: Outcome, answeredBytes: number): boolean =>
  status === 'skipped' || (status === 'failed' && answeredBytes === 0);
