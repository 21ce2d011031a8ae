import type { HostedTarget } from './hosted-target.js';
import type { Log } from './log.js';

export interface SurveyOptions {
  readonly everyMs: number;
  readonly retryMs: number;
  readonly timeoutMs: number;
}

const usual: SurveyOptions = { everyMs: 10 * 60_000, retryMs: 30_000, timeoutMs: 60_000 };

/** Keeps the catalogue of one target fresh: at start, at each new link, then by age; sooner after a failure. */
export class Surveys {
  private timer: NodeJS.Timeout | undefined;
  private running = false;
  private again = false;
  private readonly stopped = new AbortController();

  constructor(
    private readonly hosted: HostedTarget,
    private readonly log: Log,
    private readonly options: SurveyOptions = usual,
  ) {}

  /** Now; when one is under way, once more after it. */
  begin(): void {
    if (this.hosted.side.survey === undefined || this.stopped.signal.aborted) return;
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
    const succeeded = await this.survey();
    this.running = false;
    if (this.stopped.signal.aborted) return;
    const delayMs = this.again ? 0 : succeeded ? this.options.everyMs : this.options.retryMs;
    this.again = false;
    this.timer = setTimeout(() => void this.run(), delayMs);
    this.timer.unref();
  }

  private async survey(): Promise<boolean> {
    const signal = AbortSignal.any([this.stopped.signal, AbortSignal.timeout(this.options.timeoutMs)]);
    const aborted = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
    try {
      await Promise.race([this.hosted.survey(signal), aborted]);
      return true;
    } catch (error) {
      if (!this.stopped.signal.aborted) this.log('survey.failed', { target: this.hosted.target.alias, error });
      return false;
    }
  }
}
