/** How it is said that a budget has no room. */
import { GatewayError } from '@sallyport/core';
import type { Budget } from './budget.js';
import { windowEnd } from './window.js';

export interface Wanted {
  readonly tokens: number;
  /** Absent where no price of the model is known. */
  readonly microUsd?: number;
}

/** What is left: less than nothing, where more was used than had been taken. */
export interface Left {
  readonly tokens?: number;
  readonly microUsd?: number;
}

/** @returns GatewayError BUDGET_EXHAUSTED */
export const exhausted = (budget: Budget, left: Left, wanted: Wanted, at: Date): GatewayError => {
  const resetsAt = windowEnd(budget.window, at);
  const inTokens = left.tokens !== undefined && wanted.tokens > left.tokens;
  const [has, takes] = inTokens
    ? [tokens(left.tokens ?? 0), tokens(wanted.tokens)]
    : [usd(left.microUsd ?? 0), usd(wanted.microUsd ?? 0)];
  return new GatewayError(
    'BUDGET_EXHAUSTED',
    `budget "${budget.name}" has ${has} left, and this request may take ${takes}`,
    {
      hint: `${reset(resetsAt)}; ask for a shorter answer or send less, or ask an administrator to raise the budget`,
      details: {
        budget: budget.name,
        ...(left.tokens === undefined ? {} : { left_tokens: Math.max(0, left.tokens) }),
        ...(left.microUsd === undefined ? {} : { left_usd: Math.max(0, left.microUsd) / 1_000_000 }),
        resets_at: resetsAt?.toISOString() ?? null,
      },
    },
  );
};

/** @returns GatewayError BUDGET_EXHAUSTED: what cannot be counted is not allowed */
export const unpriced = (budget: Budget, model: string): GatewayError =>
  new GatewayError(
    'BUDGET_EXHAUSTED',
    `budget "${budget.name}" counts money, and what "${model.slice(0, 100)}" costs is not known`,
    {
      hint: 'use another model, or ask an administrator to set its price: "sallyport model-prices set <pattern> --input <usd> --output <usd>"',
      details: { budget: budget.name },
    },
  );

const reset = (at: Date | undefined): string =>
  at === undefined
    ? 'it does not begin anew'
    : `it begins anew at ${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;

const tokens = (count: number): string =>
  count === 1 ? '1 token' : `${Math.max(0, count).toLocaleString('en-US')} tokens`;

const usd = (micros: number): string => {
  const text = (Math.max(0, micros) / 1_000_000).toLocaleString('en-US', {
    minimumFractionDigits: 2,
    maximumFractionDigits: 6,
  });
  return `$${text}`;
};
