import type { ModelPrice } from '@sallyport/models';

export interface PriceRow {
  readonly pattern: string;
  /** A bigint, as text. */
  readonly over_tokens: string;
  readonly input: number;
  readonly output: number;
  readonly cache_read: number;
  readonly cache_write: number;
}

export interface PriceView {
  readonly pattern: string;
  readonly over_tokens: number;
  readonly input: number;
  readonly output: number;
  readonly cache_read: number;
  readonly cache_write: number;
}

export const priceOf = (row: PriceRow | PriceView): ModelPrice => ({
  pattern: row.pattern,
  over: Number(row.over_tokens),
  input: row.input,
  output: row.output,
  cacheRead: row.cache_read,
  cacheWrite: row.cache_write,
});

export const viewOf = ({ pattern, over, input, output, cacheRead, cacheWrite }: ModelPrice): PriceView => ({
  pattern,
  over_tokens: over,
  input,
  output,
  cache_read: cacheRead,
  cache_write: cacheWrite,
});
