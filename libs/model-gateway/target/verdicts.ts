/** The tool calls of one answer that wait for a word of the control plane. */
import { GatewayError } from '@sallyport/core';
import type { Answer } from '@sallyport/http';
import type { ToolCall, ToolVerdict } from '@sallyport/models';
import type { RaiseHead, VerdictHead } from '../wire.js';

/** Larger than any call that a client would run; it must fit into a frame of the tunnel. */
const mostInput = 8 * 1024 * 1024;

export class Verdicts {
  readonly #waiting = new Map<number, (verdict: ToolVerdict) => void>();
  #last = 0;

  constructor(
    private readonly answer: Answer,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * Resolves with the control plane's word, however long people take; the call's own end ends the wait.
   * @throws GatewayError CANCELLED, RESPONSE_NOT_UNDERSTOOD
   */
  async ask({ input, ...call }: ToolCall): Promise<ToolVerdict> {
    const body = Buffer.from(input);
    if (body.length > mostInput)
      throw new GatewayError('RESPONSE_NOT_UNDERSTOOD', `the model calls a tool with more than ${mostInput} bytes`);
    this.#last += 1;
    const number = this.#last;
    const told = new Promise<ToolVerdict>((resolve) => this.#waiting.set(number, resolve));
    try {
      await this.answer.raise({ ...call, number } satisfies RaiseHead, body);
      return await Promise.race([told, this.#given()]);
    } finally {
      this.#waiting.delete(number);
    }
  }

  /** @throws PROTOCOL_VIOLATION where nobody asked */
  take({ number, ...verdict }: VerdictHead): void {
    const waiting = this.#waiting.get(number);
    if (waiting === undefined)
      throw new GatewayError('PROTOCOL_VIOLATION', 'a verdict is about nothing that was asked');
    waiting(verdict);
  }

  #given(): Promise<never> {
    return new Promise((_resolve, reject) => {
      const give = (): void => reject(new GatewayError('CANCELLED', 'the call has been given up'));
      if (this.signal.aborted) give();
      else this.signal.addEventListener('abort', give, { once: true });
    });
  }
}
