import { Injectable } from '@nestjs/common';
import type { Counter, Histogram } from 'prom-client';
import { Metrics } from '../../platform/index.js';
import type { CommitObserver } from './group-commit.js';

@Injectable()
export class RecordingMetrics implements CommitObserver {
  private readonly items: Histogram;
  private readonly seconds: Histogram;
  private readonly refused: Counter;

  constructor(metrics: Metrics) {
    this.items = metrics.histogram(
      { name: 'sallyport_recorder_commit_items', help: 'Entries and chunks of one commit' },
      [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000],
    );
    this.seconds = metrics.histogram(
      { name: 'sallyport_recorder_commit_seconds', help: 'Time of one commit' },
      [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
    );
    this.refused = metrics.counter({
      name: 'sallyport_recorder_refused_total',
      help: 'Entries and chunks that could not be made durable',
    });
  }

  committed(items: number, milliseconds: number): void {
    this.items.observe(items);
    this.seconds.observe(milliseconds / 1000);
  }

  failed(items: number): void {
    this.refused.inc(items);
  }
}
