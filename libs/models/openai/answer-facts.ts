/** What an answer says of itself: usage, how it ended, which error. */
import type { ModelUsage } from '@sallyport/core';
import { itemsOf, type JsonNode, member, scalarOf, stringOf } from '../json-spans.js';

export interface AnswerFacts {
  usage?: ModelUsage;
  stopReason?: string;
  errorType?: string;
}

const count = (node: JsonNode | undefined, name: string): number => {
  const value = scalarOf(member(node, name));
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
};

/** Both APIs count what was read from the cache, and written to it, among what was read. */
const usageOf = (
  usage: JsonNode,
  model: string,
  names: { readonly input: string; readonly output: string },
): ModelUsage => {
  const details = member(usage, `${names.input}_details`);
  const [all, read] = [count(usage, names.input), count(details, 'cached_tokens')];
  const written = count(details, 'cache_write_tokens');
  return {
    model,
    inputTokens: Math.max(0, all - read - written),
    cacheReadTokens: read,
    cacheWriteTokens: written,
    outputTokens: count(usage, names.output),
  };
};

const readUsage = (
  facts: AnswerFacts,
  document: Uint8Array,
  holder: JsonNode,
  names: { readonly input: string; readonly output: string },
): void => {
  const usage = member(holder, 'usage');
  const model = stringOf(document, member(holder, 'model'));
  if (usage?.kind === 'object') facts.usage = usageOf(usage, model ?? '', names);
};

/** @param holder may have a member `error` */
export const readError = (facts: AnswerFacts, document: Uint8Array, holder: JsonNode): void => {
  const error = member(holder, 'error');
  if (error?.kind !== 'object') return;
  const type = stringOf(document, member(error, 'type')) ?? stringOf(document, member(error, 'code'));
  facts.errorType = type ?? 'error';
};

/** The event `error` is the error itself, or has it. */
export const readErrorEvent = (facts: AnswerFacts, document: Uint8Array, event: JsonNode): void => {
  facts.errorType = stringOf(document, member(event, 'code')) ?? 'error';
  readError(facts, document, event);
};

/** @param response the whole, or as far as it has come */
export const readResponse = (facts: AnswerFacts, document: Uint8Array, response: JsonNode): void => {
  readUsage(facts, document, response, { input: 'input_tokens', output: 'output_tokens' });
  readError(facts, document, response);
  const status = stringOf(document, member(response, 'status'));
  if (status === undefined || status === 'in_progress' || status === 'queued') return;
  facts.stopReason = stringOf(document, member(member(response, 'incomplete_details'), 'reason')) ?? status;
};

/** @param answer a completion, or a piece of one */
export const readCompletion = (facts: AnswerFacts, document: Uint8Array, answer: JsonNode): void => {
  readUsage(facts, document, answer, { input: 'prompt_tokens', output: 'completion_tokens' });
  readError(facts, document, answer);
  // Where several answers are asked for, the first one's reason.
  for (const choice of itemsOf(member(answer, 'choices')).slice(0, 1)) {
    const reason = stringOf(document, member(choice, 'finish_reason'));
    if (reason !== undefined) facts.stopReason ??= reason;
  }
};
