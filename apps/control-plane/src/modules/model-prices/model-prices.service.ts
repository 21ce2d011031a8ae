import { Injectable } from '@nestjs/common';
import { GatewayError, type Identity } from '@sallyport/core';
import { listPrices, listPricesOf, type ModelPrice, PriceList } from '@sallyport/models';
import { DataSource } from 'typeorm';
import { Notifications, rowOf, type Sql } from '../../platform/index.js';
import { EvidenceWriter } from '../evidence/evidence-writer.js';
import { actorOf } from '../people/actor.js';
import type { ReplacePricesBody } from './model-prices.dto.js';
import { type PriceView, priceOf, viewOf } from './price-row.js';
import { PricesInForce, priceRows, pricesChanged, pricesVersion } from './prices-in-force.js';

export interface PricesView {
  readonly version: number;
  /** The month in which the list prices were looked up. */
  readonly list_prices_of: string;
  readonly items: readonly (PriceView & { readonly source: 'list' | 'installation' })[];
  readonly next_cursor: null;
}

@Injectable()
export class ModelPricesService {
  constructor(
    private readonly database: DataSource,
    private readonly inForce: PricesInForce,
    private readonly evidence: EvidenceWriter,
    private readonly notifications: Notifications,
  ) {}

  /** @throws GatewayError POLICY_UNAVAILABLE */
  current(): PriceList {
    return this.inForce.current();
  }

  /** See FreshSnapshot. */
  confirmed(): Promise<void> | undefined {
    return this.inForce.confirmed();
  }

  list(): Promise<PricesView> {
    return this.database.transaction('REPEATABLE READ', (tx) => viewIn(tx));
  }

  async replace(by: Identity, { prices, expected_version }: ReplacePricesBody): Promise<PricesView> {
    const wanted = prices.map(priceOf);
    refuseHalf(wanted);
    const view = await this.database.transaction(async (tx) => {
      const { version } = (await rowOf<{ version: string }>(
        tx,
        'update model_prices_version set version = version + 1 returning version - 1 as version',
      ))!;
      if (expected_version !== undefined && expected_version !== Number(version)) throw changedMeanwhile(version);
      const before = (await priceRows(tx)).map(priceOf);
      await tx.query('delete from model_prices');
      for (const price of wanted) await insert(tx, price);
      await this.evidence.append(tx, {
        event: 'model-prices.updated',
        body: { id: 'model-prices', name: 'model-prices', by: actorOf(by), ...differences(before, wanted) },
      });
      await this.notifications.publish(tx, pricesChanged, null);
      return viewIn(tx);
    });
    await this.inForce.refresh();
    return view;
  }
}

const insert = (tx: Sql, { pattern, over, input, output, cacheRead, cacheWrite }: ModelPrice): Promise<unknown> =>
  tx.query(
    'insert into model_prices (pattern, over_tokens, input, output, cache_read, cache_write) values ($1, $2, $3, $4, $5, $6)',
    [pattern, over, input, output, cacheRead, cacheWrite],
  );

async function viewIn(tx: Sql): Promise<PricesView> {
  const own = (await priceRows(tx)).map(priceOf);
  const patterns = new Set(own.map(({ pattern }) => pattern));
  return {
    version: await pricesVersion(tx),
    list_prices_of: listPricesOf,
    items: new PriceList(listPrices, own).prices.map((price) => ({
      ...viewOf(price),
      source: patterns.has(price.pattern) ? 'installation' : 'list',
    })),
    next_cursor: null,
  };
}

/** @throws GatewayError INVALID_INPUT */
function refuseHalf(prices: readonly ModelPrice[]): void {
  const keys = new Set(prices.map(keyOf));
  if (keys.size < prices.length)
    throw new GatewayError('INVALID_INPUT', 'a pattern has two prices for the same length of prompt');
  const half = prices.find(({ pattern }) => !keys.has(keyOf({ pattern, over: 0 })));
  if (half !== undefined)
    throw new GatewayError('INVALID_INPUT', `"${half.pattern}" has a price for long prompts only`, {
      hint: 'give one with over_tokens 0 too',
    });
}

const keyOf = ({ pattern, over }: Pick<ModelPrice, 'pattern' | 'over'>): string => `${pattern} over ${over}`;

/** What is on record: the prices that are not as they were. */
function differences(before: readonly ModelPrice[], after: readonly ModelPrice[]) {
  const texts = (all: readonly ModelPrice[]) => new Set(all.map((price) => JSON.stringify(price)));
  const [old, now] = [texts(before), texts(after)];
  const told = (all: readonly ModelPrice[], others: ReadonlySet<string>) => ({
    prices: all.filter((price) => !others.has(JSON.stringify(price))).map(viewOf),
  });
  return { before: told(before, now), after: told(after, old) };
}

const changedMeanwhile = (version: string): GatewayError =>
  new GatewayError('CONFLICT', 'the prices were changed meanwhile', {
    hint: `look at version ${version}, and set yours again`,
  });
