/** What an answer of Converse has used. */
import type { ModelUsage } from '@sallyport/core';
import { type JsonNode, member, scalarOf } from '../json-spans.js';

const count = (usage: JsonNode, name: string): number => {
  const value = scalarOf(member(usage, name));
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
};

/** Bedrock counts what it read from a cache, and wrote to it, beside what it read; Nova within InvokeModel calls that otherwise. */
export const converseUsage = (holder: JsonNode, model: string): ModelUsage | undefined => {
  const usage = member(holder, 'usage');
  if (usage?.kind !== 'object') return undefined;
  return {
    model,
    inputTokens: count(usage, 'inputTokens'),
    cacheReadTokens: count(usage, 'cacheReadInputTokens') + count(usage, 'cacheReadInputTokenCount'),
    cacheWriteTokens: count(usage, 'cacheWriteInputTokens') + count(usage, 'cacheWriteInputTokenCount'),
    outputTokens: count(usage, 'outputTokens'),
  };
};
