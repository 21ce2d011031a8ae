import type { ModelRequest } from '../types.js';

/** Of an answer whose request sets no limit of its own. One that is longer is counted all the same, when it is known. */
export const outputTokensByDefault = 32_768;

/** The most that the call can use, as far as its request tells. */
export const worstCaseOf = ({
  inputTokensAtMost,
  maxOutputTokens,
}: Pick<ModelRequest, 'inputTokensAtMost' | 'maxOutputTokens'>): {
  readonly inputTokens: number;
  readonly outputTokens: number;
} => ({ inputTokens: inputTokensAtMost, outputTokens: maxOutputTokens ?? outputTokensByDefault });
