/** Numbers a session's operations from 1. What surely was not recorded gives its number back, so the record has no gaps. */
export class Numbering {
  private last = 0;
  private readonly returned = new Set<number>();

  get count(): number {
    return this.last;
  }

  take(): number {
    this.last += 1;
    return this.last;
  }

  /** Numbers behind it are still taken until they are given back too. */
  giveBack(number: number): void {
    this.returned.add(number);
    while (this.returned.delete(this.last)) this.last -= 1;
  }
}
