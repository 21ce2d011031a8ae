/** One batch of messages at the target: what it still owes an answer to, and what came of it. */
import type { OutcomeStatus } from '@sallyport/core';
import type { OutcomeHead } from './heads.js';
import { Hidden } from './hidden.js';
import type { Aftermath } from './memory.js';

import type { Change } from './statements.js';

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
  readonly #changes: Change[] = [];
  readonly #aftermaths: Aftermath[] = [];

  constructor(readonly number: number) {}

  get over(): boolean {
    return this.sent && this.owed === 0;
  }

  /** For one Parse, Bind or Close, in their order: taken back when the batch ends before the target has confirmed it. */
  unlessConfirmed(change: Change): void {
    this.#changes.push(change);
  }

  leaves(aftermath: Aftermath): void {
    this.#aftermaths.push(aftermath);
  }

  /** The target has answered the next Parse, Bind or Close. */
  confirm(): void {
    this.#changes[this.confirmed]?.confirm();
    this.confirmed += 1;
  }

  /** The batch is over, and everything in it has happened. */
  done(): void {
    if (this.status === 'done') for (const aftermath of this.#aftermaths) aftermath.done();
  }

  fail(status: 'failed' | 'skipped', code?: string): void {
    if (this.status !== 'done') return;
    this.status = status;
    this.code = code;
    for (const change of this.#changes.slice(this.confirmed)) change.undo();
    for (const aftermath of this.#aftermaths) aftermath.failed();
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
