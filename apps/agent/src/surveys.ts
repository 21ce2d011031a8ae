import type { Log } from './log.js';

export interface SurveyOptions {
  readonly everyMs: number;
  readonly retryMs: number;
  readonly timeoutMs: number;
}

const usual: SurveyOptions = { everyMs: 10 * 60_000, retryMs: 30_000, timeoutMs: 60_000 };

/** What is asked of one target again and again. */
export interface Survey {
  readonly target: string;
  /** The event that is logged when it fails. */
  readonly failure: string;
  /** Absent where the protocol has nothing to ask. */
  readonly run: ((signal: AbortSignal) => Promise<void>) | undefined;
}

/** Keeps what is known of one target fresh: at start, at each new link, then by age; sooner after a failure. */
export class Surveys {
  private timer: NodeJS.Timeout | undefined;
  private running = false;
  private again = false;
  private readonly stopped = new AbortController();

  constructor(
    private readonly survey: Survey,
    private readonly log: Log,
    private readonly options: SurveyOptions = usual,
  ) {}

  /** Now; when one is under way, once more after it. */
  begin(): void {
    if (this.survey.run === undefined || this.stopped.signal.aborted) return;
    if (this.running) this.again = true;
    else void this.run();
  }

  stop(): void {
    this.stopped.abort();
    clearTimeout(this.timer);
  }

  private async run(): Promise<void> {
    clearTimeout(this.timer);
    this.running = true;
    const succeeded = await this.attempt();
    this.running = false;
    if (this.stopped.signal.aborted) return;
    const delayMs = this.again ? 0 : succeeded ? this.options.everyMs : this.options.retryMs;
    this.again = false;
    this.timer = setTimeout(() => void this.run(), delayMs);
    this.timer.unref();
  }

  private async attempt(): Promise<boolean> {
    const signal = AbortSignal.any([this.stopped.signal, AbortSignal.timeout(this.options.timeoutMs)]);
    const aborted = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
    try {
      await Promise.race([this.survey.run?.(signal), aborted]);
      return true;
    } catch (error) {
      if (!this.stopped.signal.aborted) this.log(this.survey.failure, { target: this.survey.target, error });
      return false;
    }
  }
}
