import { describe, expect, test } from 'vitest';
import { listPrices } from './list-prices.js';
import { matchesModel, modelPattern, namesOf } from './model-names.js';
import { costOf, type ModelPrice, tokensOf, worstCostOf, worstTokensOf } from './price.js';
import { PriceList } from './price-list.js';

const price = (pattern: string, input: number, over = 0): ModelPrice => ({
  pattern,
  over,
  input,
  output: 5 * input,
  cacheRead: input / 10,
  cacheWrite: 1.25 * input,
});
const used = (inputTokens: number, outputTokens = 0, cacheReadTokens = 0, cacheWriteTokens = 0) => ({
  inputTokens,
  outputTokens,
  cacheReadTokens,
  cacheWriteTokens,
});

describe('which price is a model’s', () => {
  const list = new PriceList([
    price('*', 99),
    price('claude-opus-5', 1),
    price('claude-opus-5*', 2),
    price('claude-*', 3),
    price('anthropic.claude-opus-5-v*', 4),
    price('eu.anthropic.claude-opus-5-v1:0', 5),
  ]);

  test.each([
    ['claude-opus-5', 1],
    ['claude-opus-5-20261101', 2],
    ['claude-sonnet-9', 3],
    ['anthropic.claude-opus-5-v1:0', 4],
    ['us.anthropic.claude-opus-5-v1:0', 4],
    ['eu.anthropic.claude-opus-5-v1:0', 5],
    ['arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-opus-5-v1:0', 5],
    ['arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-opus-5-v1:0', 4],
    ['global.anthropic.claude-haiku-9', 3],
    ['gpt-99', 99],
  ])('%s has that of the longest pattern that fits', (model, input) => {
    expect(list.tariffOf(model)?.[0]?.input).toBe(input);
  });

  test('none, where nothing fits: a profile of one’s own says nothing of its model', () => {
    const own = 'arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc123';
    expect(new PriceList(listPrices).tariffOf(own)).toBeUndefined();
    expect(new PriceList(listPrices).tariffOf('x'.repeat(100_000))).toBeUndefined();
  });

  test('a later list replaces an earlier one’s prices of a pattern, all of them', () => {
    const both = new PriceList([price('m', 1), price('m', 2, 100), price('n', 7)], [price('m', 3)]);
    expect(both.tariffOf('m')?.map(({ input, over }) => [input, over])).toEqual([[3, 0]]);
    expect(both.tariffOf('n')?.[0]?.input).toBe(7);
  });
});

describe('what it costs', () => {
  const tariff = new PriceList([price('m', 2), price('m', 4, 1000)]).tariffOf('m')!;

  test('each kind of token by its own rate', () => {
    expect(costOf(tariff, used(100, 10, 200, 40))).toBe(100 * 2 + 10 * 10 + 200 * 0.2 + 40 * 2.5);
  });

  test('a long prompt by the rates of long prompts, with what was read from the cache', () => {
    expect(costOf(tariff, used(500, 1, 500))).toBe(500 * 2 + 10 + 500 * 0.2);
    expect(costOf(tariff, used(500, 1, 501))).toBe(Math.ceil(500 * 4 + 20 + 501 * 0.4));
  });

  test('is rounded up to a millionth of a dollar, and not by what binary fractions add', () => {
    const cheap = [{ ...price('c', 0.1), cacheRead: 0.01 }];
    expect(costOf(cheap, used(1))).toBe(1);
    expect(costOf([price('c', 1.1)], used(50))).toBe(55); // 50 × 1.1 is more than 55 in binary
  });

  test('the worst case is never less than the cost of what it allows', () => {
    const worst = worstCostOf(tariff, { inputTokens: 1200, outputTokens: 50 })!;
    for (const read of [0, 300, 1200])
      for (const write of [0, 1200 - read])
        expect(worst).toBeGreaterThanOrEqual(costOf(tariff, used(1200 - read - write, 50, read, write))!);
    expect(worstCostOf(tariff, { inputTokens: 1000, outputTokens: 0 })).toBe(2500);
  });

  test('a tariff that knows long prompts only says nothing of short ones', () => {
    const long = [price('m', 4, 1000)];
    expect(costOf(long, used(10))).toBeUndefined();
    expect(worstCostOf(long, { inputTokens: 2000, outputTokens: 0 })).toBeUndefined();
  });

  test.each([1e300, Number.POSITIVE_INFINITY, Number.NaN])(
    'a count of %d tokens is the most, and fits the database',
    (count) => {
      expect(worstTokensOf({ inputTokens: 1, outputTokens: count })).toBe(1_000_000_000_001);
      const cost = worstCostOf([{ ...price('m', 1_000_000), output: 1_000_000 }], {
        inputTokens: 0,
        outputTokens: count,
      });
      expect(cost).toBeLessThan(2 ** 63 / 9);
    },
  );

  test('nothing is given back for a count that is negative, and a part of a token is one', () => {
    expect(tokensOf(used(-5, 0.5, -1, 2))).toBe(3);
    expect(costOf(tariff, used(-5, 0.5))).toBe(10);
  });

  test('tokens are all that were counted', () => {
    expect(tokensOf(used(1, 2, 4, 8))).toBe(15);
  });
});

describe('list prices', () => {
  const list = new PriceList(listPrices);

  test.each([
    ['claude-opus-5', 5],
    ['claude-opus-5-5', 4],
    ['claude-opus-4-5-20251101', 5],
    ['claude-opus-4-20250514', 15],
    ['eu.anthropic.claude-opus-4-5-20251101-v1:0', 5],
    ['claude-haiku-4-5', 1],
    ['gpt-5', 1.25],
    ['gpt-5-2025-08-07', 1.25],
    ['gpt-5-mini', 0.25],
    ['gpt-4o-mini-2024-07-18', 0.15],
  ])('%s costs %d dollars for a million tokens of input', (model, input) => {
    expect(costOf(list.tariffOf(model)!, used(1000))).toBe(1000 * input);
  });

  test.each(['claude-opus-9', 'claude-opus-4-9', 'gpt-5-pro', 'gpt-5.9', 'gpt-99', ''])('%s has none', (model) => {
    expect(list.tariffOf(model)).toBeUndefined();
  });

  test('prompts beyond their length are dearer where the list says so', () => {
    expect(costOf(list.tariffOf('claude-haiku-5-5')!, used(100_000))).toBe(10_000);
    expect(costOf(list.tariffOf('claude-haiku-5-5')!, used(100_001))).toBe(50_001);
    expect(costOf(list.tariffOf('gpt-6.1-sol')!, used(272_001, 2))).toBe(272_001 * 4 + 2 * 15);
    expect(list.tariffOf('gpt-5.4-mini')).toHaveLength(1);
  });

  test('every price is a price, and every pattern is one', () => {
    for (const { pattern, input, output, cacheRead, cacheWrite } of listPrices) {
      expect(pattern).toMatch(modelPattern);
      expect(Math.min(input, output, cacheRead, cacheWrite)).toBeGreaterThan(0);
      expect(output).toBeGreaterThan(input);
      expect(cacheRead).toBeLessThan(input);
    }
    const keys = listPrices.map(({ pattern, over }) => `${pattern} ${over}`);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

test('a model is found by its name alone, whatever stands before it', () => {
  expect(namesOf('us-gov.anthropic.claude-x-v1:0')).toEqual([
    'us-gov.anthropic.claude-x-v1:0',
    'anthropic.claude-x-v1:0',
    'claude-x-v1:0',
  ]);
  expect(namesOf('gpt-5.6-sol')).toEqual(['gpt-5.6-sol']);
  expect(matchesModel('claude-x*', 'apac.anthropic.claude-x-v1:0')).toBe(true);
  expect(matchesModel('claude-x', 'claude-xy')).toBe(false);
});
