/** One batch of messages at the target: what it still owes an answer to, and what came of it. */
import type { OutcomeStatus } from '@sallyport/core';
import type { OutcomeHead } from './heads.js';
import { Hidden } from './rows.js';
import type { Undo } from './statements.js';

export class Work {
  /** Answers still to come; the batch is over when none is and it has been sent whole. */
  owed = 0;
  sent = false;
  status: OutcomeStatus = 'done';
  code: string | undefined;
  rows: number | undefined;
  bytes = 0;
  confirmed = 0;
  readonly hidden = new Hidden();
  readonly #started = performance.now();
  readonly #undos: Undo[] = [];
  readonly #failureHandlers: Undo[] = [];

  constructor(readonly number: number) {}

  get over(): boolean {
    return this.sent && this.owed === 0;
  }

  /** For one Parse, Bind or Close, in their order: taken back when the batch ends before the target has confirmed it. */
  unlessConfirmed(undo: Undo): void {
    this.#undos.push(undo);
  }

  whenFailed(handler: Undo): void {
    this.#failureHandlers.push(handler);
  }

  fail(status: 'failed' | 'skipped', code?: string): void {
    if (this.status !== 'done') return;
    this.status = status;
    this.code = code;
    for (const undo of this.#undos.slice(this.confirmed).reverse()) undo();
    for (const handler of this.#failureHandlers) handler();
  }

  addRows(rows: number | undefined): void {
    if (rows !== undefined) this.rows = (this.rows ?? 0) + rows;
  }

  outcome(): OutcomeHead {
    const { status, code, rows, bytes, hidden, confirmed } = this;
    return {
      status,
      bytes,
      confirmed,
      maskedFields: hidden.fields,
      maskedBy: [...hidden.rules],
      durationMs: performance.now() - this.#started,
      ...(code === undefined ? {} : { code }),
      ...(rows === undefined ? {} : { rows }),
    };
  }
}
