import type { Budget, BudgetScope, BudgetSubject, BudgetWindow } from '@sallyport/models';

export interface BudgetRow {
  readonly name: string;
  readonly applies_kind: BudgetScope['kind'];
  readonly applies_value: string | null;
  readonly per: BudgetSubject;
  readonly time_window: BudgetWindow;
  readonly models: readonly string[];
  /** Bigints, as text. */
  readonly limit_tokens: string | null;
  readonly limit_micro_usd: string | null;
}

export interface BudgetView {
  readonly name: string;
  readonly applies_to: { readonly kind: string; readonly value?: string };
  readonly per: string;
  readonly window: string;
  readonly models: readonly string[];
  readonly limit_tokens: number | null;
  readonly limit_usd: number | null;
}

export const budgetOf = (row: BudgetRow): Budget => ({
  name: row.name,
  appliesTo: scopeOf(row),
  per: row.per,
  window: row.time_window,
  models: row.models,
  ...(row.limit_tokens === null ? {} : { limitTokens: Number(row.limit_tokens) }),
  ...(row.limit_micro_usd === null ? {} : { limitMicroUsd: Number(row.limit_micro_usd) }),
});

const scopeOf = ({ applies_kind: kind, applies_value: value }: BudgetRow): BudgetScope =>
  kind === 'everybody' ? { kind } : { kind, value: value ?? '' };

export const viewOf = ({ name, appliesTo, per, window, models, limitTokens, limitMicroUsd }: Budget): BudgetView => ({
  name,
  applies_to: { ...appliesTo },
  per,
  window,
  models,
  limit_tokens: limitTokens ?? null,
  limit_usd: limitMicroUsd === undefined ? null : usdOf(limitMicroUsd),
});

export const usdOf = (microUsd: number): number => microUsd / 1_000_000;
export const microUsdOf = (usd: number): number => Math.round(usd * 1_000_000);
