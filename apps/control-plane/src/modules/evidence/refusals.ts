import { type BeforeApplicationShutdown, Injectable, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock, Log } from '../../platform/index.js';
import { type EvidenceEvent, EvidenceWriter } from './evidence-writer.js';
import { RefusalTally, type Refused } from './refusal-tally.js';

const minuteMs = 60_000;
const lookEveryMs = 5_000;
const mostKinds = 2_000;

export type RefusedEvent = Refused<EvidenceEvent>;

/** Refusals on record, on each replica at most one entry a minute for each kind of them. */
@Injectable()
export class Refusals implements OnModuleInit, BeforeApplicationShutdown {
  private readonly tally = new RefusalTally<EvidenceEvent>(minuteMs, mostKinds);
  private readonly writing = new Set<Promise<void>>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: DataSource,
    private readonly evidence: EvidenceWriter,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.timer = setInterval(() => this.writeDue(this.clock.now().getTime()), lookEveryMs);
    this.timer.unref();
  }

  /** What was counted and not told goes on record too. */
  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    this.writeDue(Number.POSITIVE_INFINITY);
    await this.settled();
  }

  /**
   * Whoever was refused does not wait for this.
   * @param crowd counts what would be too many kinds: it must name nobody
   */
  tell(refused: RefusedEvent, crowd: RefusedEvent): void {
    const event = this.tally.take(refused, crowd, this.clock.now().getTime());
    if (event !== undefined) this.write(event);
  }

  /** Resolves when everything told so far is durable, or has been logged as not. */
  async settled(): Promise<void> {
    await Promise.all(this.writing);
  }

  private writeDue(now: number): void {
    for (const event of this.tally.due(now)) this.write(event);
  }

  private write(event: EvidenceEvent): void {
    const written = this.evidence
      .append(this.database, event)
      .catch((error: unknown) => this.log.warn('refusal.unrecorded', { event: event.event, error }))
      .finally(() => this.writing.delete(written));
    this.writing.add(written);
  }
}
