/** A text that comes in pieces, with its values hidden. */
import type { StreamScanner } from '@sallyport/masking';
import type { Hidden } from './text-masker.js';

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;

/**
 * What comes out, put together, is the same however the text was cut. Held back is the suffix that may be the beginning
 * of a value: as a rule the last word, at most the 64 bytes before an `@`; behind the name or the mark of a secret as
 * much as its detector must see to be sure, at most about 2 KiB (the password of a URL). A secret that is sure and has
 * not ended (a PEM key, the value of a `password=`) is followed without limit and nothing of it comes out.
 */
export class TextCleaner {
  #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  #half = '';
  #told = 0;

  constructor(
    private readonly scanner: StreamScanner,
    private readonly hidden: Hidden,
  ) {}

  /** @returns what may pass now */
  push(text: string): string {
    const whole = this.#half + text;
    const cut = isHigh(whole.charCodeAt(whole.length - 1)) ? whole.length - 1 : whole.length;
    this.#half = whole.slice(cut);
    return this.#decoder.decode(this.#scanned(this.scanner.push(Buffer.from(whole.slice(0, cut)))), { stream: true });
  }

  /** @returns the rest; nothing can be pushed afterwards */
  end(): string {
    const last = Buffer.concat([this.scanner.push(Buffer.from(this.#half)), this.scanner.end()]);
    this.#half = '';
    return this.#decoder.decode(this.#scanned(last));
  }

  #scanned(output: Uint8Array): Uint8Array {
    this.hidden.add(this.scanner.hidden - this.#told, this.scanner.rules);
    this.#told = this.scanner.hidden;
    return output;
  }

  /** Something that has come has not come out. */
  get holds(): boolean {
    return this.#half !== '' || this.scanner.pending > 0;
  }
}
