import { Injectable } from '@nestjs/common';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

interface Description<L extends string> {
  /** `sallyport_<noun>_<unit>`, as Prometheus names them. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly L[];
}

/** What Prometheus scrapes. Labels hold names from closed lists only: no person, no statement. */
@Injectable()
export class Metrics {
  readonly registry = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  counter<L extends string = never>({ name, help, labels = [] }: Description<L>): Counter<L> {
    return new Counter({ name, help, labelNames: [...labels], registers: [this.registry] });
  }

  /** @param read asked at every scrape */
  gauge({ name, help }: Description<never>, read: () => number): Gauge {
    return new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }

  /** @param buckets upper bounds, in the unit that the name says */
  histogram<L extends string = never>(
    { name, help, labels = [] }: Description<L>,
    buckets: readonly number[],
  ): Histogram<L> {
    return new Histogram({ name, help, labelNames: [...labels], buckets: [...buckets], registers: [this.registry] });
  }
}
