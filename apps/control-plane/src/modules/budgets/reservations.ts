import { Injectable } from '@nestjs/common';
import { GatewayError, type Identity, type ModelUsage } from '@sallyport/core';
import type { ModelEstimate, ModelReservation } from '@sallyport/engine';
import {
  type BudgetCount,
  costOf,
  countsFor,
  exhausted,
  type PriceList,
  tokensOf,
  unpriced,
  type Wanted,
  wholeUsage,
  worstCostOf,
  worstTokensOf,
} from '@sallyport/models';
import { DataSource } from 'typeorm';
import { Clock, Ids, Log, rowOf } from '../../platform/index.js';
import { ModelPricesService } from '../model-prices/model-prices.service.js';
import { BudgetsInForce } from './budgets-in-force.js';
import { TrafficMetrics } from './traffic-metrics.js';

export interface Spender {
  readonly identity: Pick<Identity, 'id' | 'groups'>;
  readonly connection: string;
}

type ReservationId = string & { readonly __brand: 'ReservationId' };

interface Full {
  readonly budget: string;
  readonly left_tokens: string | null;
  readonly left_micro_usd: string | null;
}

/**
 * Takes what a call to a model may use out of every budget that is about it, before it is made, and afterwards puts what it
 * has used in its place. What nobody settles, for its replica died, stays counted as it was taken until the window ends.
 */
@Injectable()
export class Reservations {
  constructor(
    private readonly database: DataSource,
    private readonly budgets: BudgetsInForce,
    private readonly prices: ModelPricesService,
    private readonly metrics: TrafficMetrics,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly log: Log,
  ) {}

  /** @throws GatewayError BUDGET_EXHAUSTED, POLICY_UNAVAILABLE: what cannot be counted is not allowed */
  async reserve(spender: Spender, estimate: ModelEstimate): Promise<ModelReservation> {
    await this.budgets.confirmed();
    await this.prices.confirmed();
    try {
      return await this.taken(spender, estimate);
    } catch (error) {
      this.metrics.reserved('refused');
      throw error;
    }
  }

  private async taken({ identity, connection }: Spender, estimate: ModelEstimate): Promise<ModelReservation> {
    const { model, turn } = estimate;
    const now = this.clock.now();
    const counts = countsFor(this.budgets.current(), { identity, connection, turn, model }, now);
    const prices = this.prices.current();
    if (counts.length === 0) {
      this.metrics.reserved('free');
      return this.reservation(undefined, model, prices);
    }
    const wanted = wantedBy(estimate, prices);
    const uncounted = counts.find(({ budget }) => budget.limitMicroUsd !== undefined);
    if (uncounted !== undefined && wanted.microUsd === undefined) throw unpriced(uncounted.budget, model);
    const id = await this.take(counts, wanted, now);
    this.metrics.reserved('reserved');
    return this.reservation(id, model, prices);
  }

  private async take(counts: readonly BudgetCount[], wanted: Wanted, now: Date): Promise<ReservationId> {
    const id = this.ids.next<ReservationId>();
    const full = await this.asked<Full>('select * from budgets_reserve($1, $2, $3, $4, $5, $6)', [
      id,
      counts.map(({ budget }) => budget.name),
      counts.map(({ subject }) => subject),
      counts.map(({ windowStart }) => windowStart),
      wanted.tokens,
      wanted.microUsd ?? null,
    ]);
    if (full === undefined) return id;
    const { budget } = counts.find((count) => count.budget.name === full.budget)!;
    const left = {
      ...(full.left_tokens === null ? {} : { tokens: Number(full.left_tokens) }),
      ...(full.left_micro_usd === null ? {} : { microUsd: Number(full.left_micro_usd) }),
    };
    throw exhausted(budget, left, wanted, now);
  }

  private async asked<Row>(text: string, parameters: readonly unknown[]): Promise<Row | undefined> {
    try {
      return await rowOf<Row>(this.database, text, parameters);
    } catch (cause) {
      throw new GatewayError('POLICY_UNAVAILABLE', 'the budgets cannot be counted right now', {
        cause,
        hint: 'try again in a minute',
      });
    }
  }

  private reservation(id: ReservationId | undefined, model: string, prices: PriceList): ModelReservation {
    return {
      settle: async (told) => {
        const priced = pricedBy(prices, model, wholeUsage(told));
        this.metrics.reserved('settled');
        this.metrics.used(priced);
        await this.put(id, {
          tokens: tokensOf(priced),
          ...(priced.microUsd !== undefined && { microUsd: priced.microUsd }),
        });
        return priced;
      },
      release: async () => {
        this.metrics.reserved('released');
        await this.put(id, { tokens: 0, microUsd: 0 });
      },
    };
  }

  /** Never throws: the answer has passed. What cannot be put stays counted as it was taken, which is the most. */
  private async put(id: ReservationId | undefined, { tokens, microUsd }: Wanted): Promise<void> {
    if (id === undefined) return;
    await this.database
      .query('select budgets_settle($1, $2, $3)', [id, tokens, microUsd ?? null])
      .catch((error: unknown) => this.log.warn('budget.unsettled', { reservation: id, tokens, microUsd, error }));
  }
}

const wantedBy = (estimate: ModelEstimate, prices: PriceList): Wanted => {
  const tariff = prices.tariffOf(estimate.model);
  const microUsd = tariff === undefined ? undefined : worstCostOf(tariff, estimate);
  return {
    tokens: worstTokensOf(estimate),
    ...(microUsd === undefined ? {} : { microUsd }),
  };
};

/** By the model that answered; where that has no price, by the one that was asked. */
const pricedBy = (prices: PriceList, asked: string, usage: ModelUsage): ModelUsage => {
  const tariff = prices.tariffOf(usage.model) ?? prices.tariffOf(asked);
  const microUsd = tariff === undefined ? undefined : costOf(tariff, usage);
  return microUsd === undefined ? usage : { ...usage, microUsd };
};
