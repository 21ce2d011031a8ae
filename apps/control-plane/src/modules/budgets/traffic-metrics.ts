import { Injectable } from '@nestjs/common';
import type { ModelUsage } from '@sallyport/core';
import type { Counter } from 'prom-client';
import { Metrics } from '../../platform/index.js';

export type Reserved = 'free' | 'reserved' | 'refused' | 'settled' | 'released';

/** Without the model: its name is what a client says, and there is no end of such. */
@Injectable()
export class TrafficMetrics {
  private readonly calls: Counter<'outcome'>;
  private readonly tokens: Counter<'direction'>;
  private readonly usd: Counter;

  constructor(metrics: Metrics) {
    this.calls = metrics.counter({
      name: 'sallyport_model_reservations_total',
      help: 'Calls to models, by what budgets made of them',
      labels: ['outcome'],
    });
    this.tokens = metrics.counter({
      name: 'sallyport_model_tokens_total',
      help: 'Tokens of models, by direction',
      labels: ['direction'],
    });
    this.usd = metrics.counter({
      name: 'sallyport_model_usd_total',
      help: 'What calls to models have cost, where their price is known',
    });
  }

  reserved(outcome: Reserved): void {
    this.calls.inc({ outcome });
  }

  used({ inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, microUsd }: ModelUsage): void {
    this.tokens.inc({ direction: 'input' }, inputTokens);
    this.tokens.inc({ direction: 'output' }, outputTokens);
    this.tokens.inc({ direction: 'cache-read' }, cacheReadTokens);
    this.tokens.inc({ direction: 'cache-write' }, cacheWriteTokens);
    if (microUsd !== undefined) this.usd.inc(microUsd / 1_000_000);
  }
}
