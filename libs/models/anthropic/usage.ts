/** What an answer has used: told at its beginning, and again, as totals so far, at its end. */
import type { ModelUsage } from '@sallyport/core';
import { itemsOf, type JsonNode, member } from '../json-spans.js';
import { countIn, type Read } from './body.js';

const names = {
  inputTokens: 'input_tokens',
  cacheReadTokens: 'cache_read_input_tokens',
  cacheWriteTokens: 'cache_creation_input_tokens',
  outputTokens: 'output_tokens',
} as const;
type Tokens = Omit<ModelUsage, 'model' | 'microUsd'>;

const nothing: Tokens = { inputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 0 };

/** @param before what was told before: what is not told again stays */
export const usageAfter = (before: ModelUsage | undefined, model: string, usage: Read): ModelUsage => {
  const tokens = tokensIn(usage, before ?? nothing);
  const rounds = itemsOf(member(usage.node, 'iterations'));
  // Rounds that make a summary of the conversation are paid for too, and are in no total.
  const all = rounds.map((node) => tokensIn({ document: usage.document, node }, nothing)).reduce(sum, nothing);
  return { model: before?.model ?? model, ...greater(tokens, all) };
};

const entries = Object.entries(names) as [keyof Tokens, string][];
const each = (of: (name: keyof Tokens, told: string) => number): Tokens =>
  Object.fromEntries(entries.map(([name, told]) => [name, of(name, told)])) as unknown as Tokens;

const tokensIn = (usage: Read, before: Tokens): Tokens => each((name, told) => countIn(usage, told) ?? before[name]);
const sum = (left: Tokens, right: Tokens): Tokens => each((name) => left[name] + right[name]);
const greater = (left: Tokens, right: Tokens): Tokens => each((name) => Math.max(left[name], right[name]));

export const usageIn = (document: Uint8Array, holder: JsonNode | undefined): Read | undefined => {
  const node = member(holder, 'usage');
  return node?.kind === 'object' ? { document, node } : undefined;
};
