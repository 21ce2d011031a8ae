import { BodyError } from './body-error.js';

const [carriageReturn, lineFeed] = [13, 10];

/** Puts a line together from pieces; never holds more than the limit. */
export class LineBuffer {
  #held = '';

  get empty(): boolean {
    return this.#held === '';
  }

  /**
   * @returns where the bytes go on, and the line once it is whole, without its CRLF, or without its LF where that is allowed
   * @throws BodyError malformed
   */
  take(
    bytes: Buffer,
    start: number,
    limit: number,
    mayBeBare = false,
  ): { readonly next: number; readonly line?: string; readonly isBare?: boolean } {
    const end = bytes.indexOf(lineFeed, start);
    const next = end < 0 ? bytes.length : end + 1;
    if (this.#held.length + next - start > limit) throw new BodyError('malformed', 'a line between chunks is too long');
    this.#held += bytes.toString('latin1', start, next);
    if (end < 0) return { next };
    const isBare = this.#held.charCodeAt(this.#held.length - 2) !== carriageReturn;
    if (isBare && !mayBeBare) throw new BodyError('malformed', 'a line between chunks does not end with CRLF');
    const line = this.#held.slice(0, isBare ? -1 : -2);
    this.#held = '';
    return { next, line, isBare };
  }
}
