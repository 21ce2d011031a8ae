import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { listPrices, PriceList } from '@sallyport/models';
import { DataSource } from 'typeorm';
import { FreshSnapshot, Log, Notifications, rowOf, rowsOf, type Sql } from '../../platform/index.js';
import { type PriceRow, priceOf } from './price-row.js';

/** Channel of changed prices. */
export const pricesChanged = 'model_prices_changed';

export const priceRows = (sql: Sql): Promise<PriceRow[]> =>
  rowsOf<PriceRow>(sql, 'select * from model_prices order by pattern, over_tokens');

export const pricesVersion = async (sql: Sql): Promise<number> =>
  Number((await rowOf<{ version: string }>(sql, 'select version from model_prices_version'))!.version);

/** What models cost: list prices, and over them the installation's own. */
@Injectable()
export class PricesInForce implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly list: FreshSnapshot<PriceList>;

  constructor(
    database: DataSource,
    private readonly notifications: Notifications,
    log: Log,
  ) {
    this.list = new FreshSnapshot<PriceList>(
      {
        name: 'model prices',
        channel: pricesChanged,
        version: () => pricesVersion(database),
        load: async () => new PriceList(listPrices, (await priceRows(database)).map(priceOf)),
        unavailable: 'POLICY_UNAVAILABLE',
      },
      log,
    );
  }

  onApplicationBootstrap(): Promise<void> {
    return this.list.start(this.notifications);
  }

  onApplicationShutdown(): void {
    this.list.stop();
  }

  refresh(): Promise<void> {
    return this.list.refresh();
  }

  /** See FreshSnapshot. */
  confirmed(): Promise<void> | undefined {
    return this.list.confirmed();
  }

  /** @throws GatewayError POLICY_UNAVAILABLE when the database has not confirmed them lately */
  current(): PriceList {
    return this.list.current();
  }
}
