/** A text that comes in pieces, one in each event; what is hidden of it is hidden in the pieces that held it. */
import type { StreamScanner } from '@sallyport/masking';
import type { Hidden } from '../text-masker.js';
import type { Piece } from './entry.js';

interface Placed {
  readonly piece: Piece;
  /** Where its bytes stand in the whole text, in UTF-8. */
  readonly start: number;
  readonly end: number;
}

/** Nobody looks at a longer text once more. */
const longestShown = 4 * 1024 * 1024;

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
const isInside = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

/**
 * Pieces pass as they came where nothing of them is hidden. What stands for a value is put where the value began, and the
 * pieces that held the rest of it become shorter.
 */
export class TextChannel {
  #placed: Placed[] = [];
  /** What has come and is not settled, and where it begins and ends in the whole text. */
  #open: Buffer[] = [];
  #settled = 0;
  #end = 0;
  #half = '';
  readonly #shown: Uint8Array[] = [];
  #shownBytes = 0;

  constructor(
    private readonly scanner: StreamScanner,
    private readonly hidden: Hidden,
    /** Is told in the end what the client was shown. */
    private readonly told: (text: string) => void = () => undefined,
  ) {}

  push(piece: Piece): void {
    const whole = this.#half + piece.text;
    const cut = isHigh(whole.charCodeAt(whole.length - 1)) ? whole.length - 1 : whole.length;
    this.#half = whole.slice(cut);
    const bytes = Buffer.from(whole.slice(0, cut));
    this.#placed.push({ piece, start: this.#end, end: this.#end + bytes.length });
    this.#scan(bytes);
  }

  /** No more comes: everything is settled. */
  end(): void {
    const last = this.#placed.at(-1);
    if (last !== undefined && this.#half !== '') {
      const bytes = Buffer.from(this.#half);
      this.#placed.splice(-1, 1, { ...last, end: last.end + bytes.length });
      this.#scan(bytes);
    }
    this.#settle(this.scanner.end(), 0);
    this.hidden.add(this.scanner.hidden, this.scanner.rules);
    if (this.#shownBytes <= longestShown) this.told(Buffer.concat(this.#shown).toString());
  }

  #scan(bytes: Buffer): void {
    this.#open.push(bytes);
    this.#end += bytes.length;
    const out = this.scanner.push(bytes);
    this.#settle(out, this.scanner.pending);
  }

  /** @param out what stands for all that has come and was not settled, but for the last `pending` bytes of it */
  #settle(out: Uint8Array, pending: number): void {
    const count = this.#end - pending - this.#settled;
    if (this.#shownBytes <= longestShown) this.#shown.push(out);
    this.#shownBytes += out.length;
    if (count > 0 || out.length > 0) {
      const open = Buffer.concat(this.#open);
      this.#attribute(open.subarray(0, count), out);
      this.#open = [open.subarray(count)];
      this.#settled += count;
    }
    const open = this.#placed.findIndex(({ end }) => end > this.#settled);
    const settled = this.#placed.splice(0, open < 0 ? this.#placed.length : open);
    for (const { piece } of settled) piece.settle();
  }

  #attribute(was: Buffer, out: Uint8Array): void {
    const [front, back] = alike(was, out);
    const hidden = { start: this.#settled + front, end: this.#settled + was.length - back };
    this.#give(was.subarray(0, front), this.#settled);
    if (front < was.length || out.length !== was.length) this.#replace(hidden, out.subarray(front, out.length - back));
    this.#give(was.subarray(was.length - back), hidden.end);
  }

  /** What is as it was goes where it was. */
  #give(bytes: Buffer, at: number): void {
    for (const { piece, start, end } of this.#placed) {
      const [from, to] = [Math.max(start, at), Math.min(end, at + bytes.length)];
      if (from < to) piece.add(bytes.subarray(from - at, to - at));
    }
  }

  #replace(hidden: { readonly start: number; readonly end: number }, instead: Uint8Array): void {
    const within = this.#placed.filter(({ start, end }) => start < hidden.end && end > hidden.start);
    const around = this.#placed.filter(({ end }) => end >= hidden.start).slice(0, 1);
    const about = within.length > 0 ? within : around;
    for (const { piece } of about) piece.change();
    about[0]?.piece.add(instead);
  }
}

/** @returns how many bytes are the same at the beginning, and at the end, where what follows may be in another piece: no character is cut there */
const alike = (was: Uint8Array, out: Uint8Array): readonly [number, number] => {
  const most = Math.min(was.length, out.length);
  let front = 0;
  while (front < most && was[front] === out[front]) front += 1;
  let back = 0;
  while (back < most - front && was[was.length - 1 - back] === out[out.length - 1 - back]) back += 1;
  while (back > 0 && (isInside(was[was.length - back]) || isInside(out[out.length - back]))) back -= 1;
  return [front, back];
};
