/**
 * List prices as published, US dollars for a million tokens: check them. Discounts (batch, flex) and surcharges (fast or
 * priority service, a data region, cache writes that are kept for longer) are not in them; set your own where they matter.
 *
 * Sources, as stored copies of them say, the latest of October 2026:
 *   Anthropic: platform.claude.com/docs/en/about-claude/pricing; cache writes are those of five minutes
 *   OpenAI:    developers.openai.com/api/docs/pricing; cache writes cost what input costs, where none are listed
 */
import type { ModelPrice } from './price.js';

export const listPricesOf = '2026-10';

type Row = readonly [names: readonly string[], input: number, output: number, cacheRead: number, cacheWrite: number];

const anthropic: readonly Row[] = [
  [['claude-fable-5-1', 'claude-mythos-5-1'], 10, 50, 0.25, 12.5],
  [['claude-fable-5', 'claude-mythos-5'], 10, 50, 1, 12.5],
  [['claude-opus-5-5'], 4, 20, 0.2, 5],
  [['claude-opus-5', 'claude-opus-4-8', 'claude-opus-4-7', 'claude-opus-4-6', 'claude-opus-4-5'], 5, 25, 0.5, 6.25],
  [['claude-opus-4-1', 'claude-opus-4', 'claude-opus-4-0'], 15, 75, 1.5, 18.75],
  [['claude-sonnet-5-5'], 2, 10, 0.1, 2.5],
  [['claude-sonnet-5'], 2, 10, 0.2, 2.5],
  [['claude-sonnet-4-6', 'claude-sonnet-4-5', 'claude-sonnet-4', 'claude-sonnet-4-0'], 3, 15, 0.3, 3.75],
  [['claude-haiku-5-5'], 0.1, 0.5, 0.01, 0.125],
  [['claude-haiku-4-5'], 1, 5, 0.1, 1.25],
  [['claude-3-5-haiku'], 0.8, 4, 0.08, 1],
];

const openai: readonly Row[] = [
  [['gpt-6-astra'], 10, 50, 1, 12.5],
  [['gpt-6.1-sol'], 2, 10, 0.1, 2.5],
  [['gpt-6.1-terra'], 1, 5, 0.05, 1.25],
  [['gpt-6-sol'], 2, 10, 0.2, 2.5],
  [['gpt-6-luna'], 0.1, 0.5, 0.01, 0.125],
  [['gpt-5.6', 'gpt-5.6-sol'], 4, 20, 0.4, 5],
  [['gpt-5.6-terra'], 2, 12, 0.2, 2.5],
  [['gpt-5.6-luna'], 0.2, 1.2, 0.02, 0.25],
  [['gpt-5.5'], 5, 30, 0.5, 5],
  [['gpt-5.4'], 2.5, 15, 0.25, 2.5],
  [['gpt-5.4-mini'], 0.75, 4.5, 0.075, 0.75],
  [['gpt-5.4-nano'], 0.2, 1.25, 0.02, 0.2],
  [['gpt-5.2'], 1.75, 14, 0.175, 1.75],
  [['gpt-5', 'gpt-5.1', 'gpt-5-codex'], 1.25, 10, 0.125, 1.25],
  [['gpt-5-mini'], 0.25, 2, 0.025, 0.25],
  [['gpt-5-nano'], 0.05, 0.4, 0.005, 0.05],
  [['gpt-4.1'], 2, 8, 0.5, 2],
  [['gpt-4.1-mini'], 0.4, 1.6, 0.1, 0.4],
  [['gpt-4.1-nano'], 0.1, 0.4, 0.025, 0.1],
  [['gpt-4o-mini'], 0.15, 0.6, 0.075, 0.15],
  [['gpt-4o'], 2.5, 10, 1.25, 2.5],
  [['o3'], 2, 8, 0.5, 2],
  [['o4-mini'], 1.1, 4.4, 0.275, 1.1],
];

/** From more than 272 000 tokens of prompt on: twice for what goes in, half as much again for what comes out. */
const dearerWhenLong = /^gpt-(?:6|5\.[456])(?:$|\.|-(?:astra|sol|terra|luna))/;

const priceOf = (pattern: string, over: number, [, input, output, cacheRead, cacheWrite]: Row): ModelPrice => ({
  pattern,
  over,
  input,
  output,
  cacheRead,
  cacheWrite,
});

/** The name, with a date behind it, or with a version as Bedrock has it; `claude-opus-4` is not `claude-opus-4-9`. */
const patternsOf = (name: string): readonly string[] => [name, `${name}-20*`, `${name}-v*`];

const both = (row: Row): ModelPrice[] => row[0].flatMap(patternsOf).map((pattern) => priceOf(pattern, 0, row));

const longPrompts = ([names, input, output, cacheRead, cacheWrite]: Row): ModelPrice[] => {
  const dearer: Row = [names, 2 * input, 1.5 * output, 2 * cacheRead, 2 * cacheWrite];
  return names
    .filter((name) => dearerWhenLong.test(name))
    .flatMap(patternsOf)
    .map((pattern) => priceOf(pattern, 272_000, dearer));
};

const longHaiku: Row = [['claude-haiku-5-5'], 0.5, 2.5, 0.05, 0.625];

export const listPrices: readonly ModelPrice[] = [
  ...[...anthropic, ...openai].flatMap(both),
  ...openai.flatMap(longPrompts),
  ...patternsOf('claude-haiku-5-5').map((pattern) => priceOf(pattern, 100_000, longHaiku)),
];
