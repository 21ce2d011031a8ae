import { BodyError } from './body-error.js';

const [carriageReturn, lineFeed] = [13, 10];

/** Puts a line together from pieces; never holds more than the limit. */
export class LineBuffer {
  #held = '';

  get empty(): boolean {
    return this.#held === '';
  }

  /**
   * @returns where the bytes go on, and the line without its CRLF once it is whole
   * @throws BodyError malformed
   */
  take(bytes: Buffer, start: number, limit: number): { readonly next: number; readonly line?: string } {
    const end = bytes.indexOf(lineFeed, start);
    const next = end < 0 ? bytes.length : end + 1;
    if (this.#held.length + next - start > limit) throw new BodyError('malformed', 'a line between chunks is too long');
    this.#held += bytes.toString('latin1', start, next);
    if (end < 0) return { next };
    if (this.#held.charCodeAt(this.#held.length - 2) !== carriageReturn)
      throw new BodyError('malformed', 'a line between chunks does not end with CRLF');
    const line = this.#held.slice(0, -2);
    this.#held = '';
    return { next, line };
  }
}
