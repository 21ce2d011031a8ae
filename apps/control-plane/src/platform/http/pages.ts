import { GatewayError } from '@sallyport/core';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';

/** One page of a list; `next_cursor` is null on the last one. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next_cursor: string | null;
}

export class PageQuery {
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(200)
  limit: number = 50;

  @IsOptional()
  @IsString()
  @MaxLength(300)
  cursor?: string;
}

/** The key after which the page starts, or undefined for the first page. */
export function afterOf({ cursor }: PageQuery): string | undefined {
  if (cursor === undefined) return undefined;
  const key = Buffer.from(cursor, 'base64url').toString('utf8');
  if (!/^[\x20-\x7e]{1,200}$/.test(key))
    throw new GatewayError('INVALID_INPUT', 'the cursor is not one that this list gave');
  return key;
}

/** @param rows read with `limit + 1`: the one too many says that there is a next page */
export function pageOf<Row, View>(
  rows: readonly Row[],
  { limit }: PageQuery,
  keyOf: (row: Row) => string,
  viewOf: (row: Row) => View,
): Page<View> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(viewOf),
    next_cursor: rows.length > limit && last !== undefined ? Buffer.from(keyOf(last)).toString('base64url') : null,
  };
}
