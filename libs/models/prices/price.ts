/** What a model costs. Pure: prices in, millionths of a US dollar out. */
import type { ModelUsage } from '@sallyport/core';

/** US dollars for a million tokens, which is millionths of a dollar for one. */
export interface Rates {
  /** Read afresh. */
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
}

export interface ModelPrice extends Rates {
  /** A model's name, or how it begins: `claude-opus-5`, `claude-opus-5-2026*`. */
  readonly pattern: string;
  /** Of prompts with more tokens than this: some models cost more for long ones. 0 for every prompt. */
  readonly over: number;
}

/** The prices of one model, that of the longest prompts first. Never empty. */
export type Tariff = readonly ModelPrice[];

export interface WorstCase {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

type Counted = Pick<ModelUsage, 'inputTokens' | 'cacheReadTokens' | 'cacheWriteTokens' | 'outputTokens'>;

/** All that the API has counted, whatever it costs: what a budget in tokens counts. */
export const tokensOf = ({ inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens }: Counted): number =>
  counted(inputTokens) + counted(cacheReadTokens) + counted(cacheWriteTokens) + counted(outputTokens);

/** The same with counts that are counts. */
export const wholeUsage = (usage: ModelUsage): ModelUsage => ({
  ...usage,
  inputTokens: counted(usage.inputTokens),
  cacheReadTokens: counted(usage.cacheReadTokens),
  cacheWriteTokens: counted(usage.cacheWriteTokens),
  outputTokens: counted(usage.outputTokens),
});

/** The most tokens that it can take. */
export const worstTokensOf = ({ inputTokens, outputTokens }: WorstCase): number =>
  counted(inputTokens) + counted(outputTokens);

/** @returns millionths of a US dollar, rounded up; undefined where the tariff says nothing of prompts so short */
export const costOf = (tariff: Tariff, used: Counted): number | undefined => {
  const [input, read, write] = [used.inputTokens, used.cacheReadTokens, used.cacheWriteTokens].map(counted);
  const prompt = input! + read! + write!;
  const rates = tariff.find(({ over }) => prompt > over || over === 0);
  if (rates === undefined) return undefined;
  return wholeMicros(
    input! * rates.input +
      read! * rates.cacheRead +
      write! * rates.cacheWrite +
      counted(used.outputTokens) * rates.output,
  );
};

/** The most that it can cost: all of the prompt at the dearest of its rates. A shorter prompt is never dearer. */
export const worstCostOf = (tariff: Tariff, worst: WorstCase): number | undefined => {
  const [inputTokens, outputTokens] = [counted(worst.inputTokens), counted(worst.outputTokens)];
  const reachable = tariff.filter(({ over }) => inputTokens > over || over === 0);
  if (!reachable.some(({ over }) => over === 0)) return undefined;
  const costs = reachable.map(({ input, cacheRead, cacheWrite, output }) =>
    wholeMicros(inputTokens * Math.max(input, cacheRead, cacheWrite) + outputTokens * output),
  );
  return Math.max(...costs);
};

/** More than any call can use. */
const mostTokens = 1_000_000_000_000;

/** A client may ask for any number of tokens, and an answer may tell any: what is none counts as the most. */
const counted = (tokens: number): number =>
  Number.isNaN(tokens) ? mostTokens : Math.min(mostTokens, Math.max(0, Math.ceil(tokens)));

/** Rounded up, but not for what binary fractions add: 0.1 × 3 is more than 0.3. */
const wholeMicros = (micros: number): number => Math.ceil(Number(micros.toFixed(6)));
