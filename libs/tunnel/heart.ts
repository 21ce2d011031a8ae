/** Beats that may stay away before the other end is given up. */
const missesAllowed = 3;

/** Sends heartbeats, and notices when the other end has been silent for three intervals. */
export class Heart {
  private readonly timer: NodeJS.Timeout;
  private silent = 0;

  constructor(intervalMs: number, beat: () => void, silenced: () => void) {
    this.timer = setInterval(() => {
      this.silent += 1;
      if (this.silent > missesAllowed) silenced();
      else beat();
    }, intervalMs);
  }

  /** Any message counts as a sign of life. */
  heard(): void {
    this.silent = 0;
  }

  stop(): void {
    clearInterval(this.timer);
  }
}
