/** What is known of an answer, while it passes. */
import { GatewayError, type ModelUsage } from '@sallyport/core';
import { hasRemoteImage } from '../remote-image.js';
import { Hidden, TextMasker } from '../text-masker.js';
import type { AnswerFlag, ModelAnswer, ResponseMasking } from '../types.js';
import { Spoken } from './spoken.js';

/** More than any answer has, were it one tool call. */
const mostHeld = 16 * 1024 * 1024;

export const notUnderstood = (message: string): GatewayError => new GatewayError('RESPONSE_NOT_UNDERSTOOD', message);

export class AnswerState implements ModelAnswer {
  readonly masker: TextMasker;
  /** For a second look at what is counted anyway. */
  readonly uncounted: TextMasker;
  readonly spoken: Spoken;
  readonly #hidden = new Hidden();
  readonly #flags = new Set<AnswerFlag>();
  usage?: ModelUsage;
  stopReason?: string;
  errorType?: string;
  /** Of the calls that the client would run. */
  allowed = 0;
  denied = 0;
  #held = 0;

  constructor(readonly masking: ResponseMasking) {
    this.masker = new TextMasker(masking, this.#hidden);
    this.uncounted = new TextMasker(masking, new Hidden());
    this.spoken = new Spoken(masking.ledger);
  }

  get maskedFields(): number {
    return this.#hidden.fields;
  }

  get maskedBy(): readonly string[] {
    return this.#hidden.rules;
  }

  get flags(): readonly AnswerFlag[] {
    return [...this.#flags];
  }

  /** The client is shown it. */
  shown(text: string): void {
    if (hasRemoteImage(text)) this.#flags.add('remote-image');
  }

  /** @throws GatewayError RESPONSE_NOT_UNDERSTOOD where too much would have to be held back at a time */
  hold(bytes: number): void {
    this.#held += bytes;
    if (this.#held > mostHeld) throw notUnderstood(`more than ${mostHeld} bytes of the answer would be held back`);
  }

  release(bytes: number): void {
    this.#held -= bytes;
  }

  /** With no call left that the client would run, it is its turn to speak. */
  stopReasonFor(reason: string | undefined): string | undefined {
    return reason === 'tool_use' && this.denied > 0 && this.allowed === 0 ? 'end_turn' : reason;
  }
}
