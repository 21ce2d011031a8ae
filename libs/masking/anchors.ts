import { code, digit, NONE } from './byte-class.js';
import { type Anchor, between, type Detector } from './detector.js';
import { Found, heldBack, type Span, type Sweep } from './found.js';
import { type Finder, type Literal, type LiteralAnchor, Literals, Numbers, stands } from './gates.js';
import { Window } from './window.js';

/** @returns what is found from `begin` up to, without, `end`, read as a text of its own; undefined for nothing */
export type Search = (begin: number, end: number) => readonly Span[] | undefined;

/** The same bytes, four at a time, the first one lowest; byte n is in word (n + shift) / 4. */
interface Words {
  readonly words: Int32Array;
  readonly shift: number;
}

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
/** Shorter texts are not worth it. */
const leastBytes = 32;

const wordsOf = ({ buffer, byteOffset }: Uint8Array): Words => ({
  words: new Int32Array(buffer, 0, buffer.byteLength >> 2),
  shift: byteOffset,
});

const anyDigits = 1;
const atSign = 2;
const plusSign = 3;
const firstList = 4;
const longestRun = 20;

/** Roughly how often a character is met in logs, JSON and English: rare pairs make a good filter. */
const common = 'etaoinsrhldcumfpgwybvkxjqz';
const frequency = (character: string): number => {
  const place = common.indexOf(character);
  if (place >= 0) return 28 - place;
  return /[ ":,0-9]/.test(character) ? 20 : /[_./-]/.test(character) ? 6 : 3;
};

const rarestPair = (literal: string): number => {
  const cost = (offset: number) => frequency(literal[offset]!) * frequency(literal[offset + 1]!);
  return between(0, literal.length - 2).reduce((best, offset) => (cost(offset) < cost(best) ? offset : best));
};

const cases = (character: string, both: boolean): number[] =>
  [...new Set(both ? [character.toLowerCase(), character.toUpperCase()] : [character])].map(code);

/**
 * Finds values in one pass: a table over pairs of bytes says where a detector must look closer, so that text without
 * such pairs costs one look-up a byte.
 */
export class Anchors {
  /** 0: nothing can begin here. Indexed by two successive bytes, the first of which is the lower one of the index. */
  private readonly pairs = new Uint8Array(65_536);
  private readonly lists: Literals[] = [];
  private readonly digits = Array.from({ length: longestRun + 1 }, () => new Numbers());
  private readonly at: Finder[] = [];
  private readonly plus: Finder[] = [];
  private readonly beginnings = new Set<string>();
  private longestLiteral = 0;
  constructor(
    readonly detectors: readonly Detector[],
    /** The texts may hold placeholders, in which nothing is found. */
    private readonly placeholders = false,
  ) {
    const literals = new Map<number, Literal[]>();
    for (const [index, { anchors }] of detectors.entries())
      for (const anchor of anchors) this.add(index, anchor, literals);
    this.index(literals);
    this.flag();
  }

  private add(detector: number, anchor: Anchor, literals: Map<number, Literal[]>): void {
    const finder = { detector, find: anchor.find };
    if (anchor.kind === 'digits') for (const length of anchor.lengths) this.digits[length]!.add(finder, anchor);
    else if (anchor.kind === 'byte') (anchor.byte === '@' ? this.at : this.plus).push(finder);
    else for (const text of anchor.literals) this.addLiteral(text, { ...finder, anchor }, literals);
  }

  private addLiteral(text: string, from: Finder & { anchor: LiteralAnchor }, literals: Map<number, Literal[]>): void {
    const ignoreCase = from.anchor.ignoreCase ?? false;
    const folded = ignoreCase ? text.toLowerCase() : text;
    const offset = rarestPair(folded);
    const literal = { ...from, bytes: Buffer.from(folded, 'latin1'), offset, ignoreCase };
    for (const first of cases(folded[offset]!, ignoreCase))
      for (const second of cases(folded[offset + 1]!, ignoreCase)) {
        const pair = first | (second << 8);
        literals.set(pair, [...(literals.get(pair) ?? []), literal]);
      }
    this.longestLiteral = Math.max(this.longestLiteral, text.length);
    for (let length = 1; length < text.length; length += 1) this.beginnings.add(text.slice(0, length).toLowerCase());
  }

  /** Pairs that lead to the same literals share a list. */
  private index(literals: Map<number, Literal[]>): void {
    for (const [pair, list] of literals) {
      const same = this.lists.findIndex(
        ({ all }) => all.length === list.length && all.every((literal, index) => literal === list[index]),
      );
      this.pairs[pair] = firstList + (same >= 0 ? same : this.lists.push(new Literals(list)) - 1);
    }
    if (firstList + this.lists.length > 256) throw new RangeError('too many literals for one table of pairs');
  }

  private flag(): void {
    const set = (first: number, second: number, flag: number) => {
      const pair = first | (second << 8);
      if (this.pairs[pair] !== 0) throw new RangeError('a literal is found by a pair in use');
      this.pairs[pair] = flag;
    };
    const [useDigits, useAt, usePlus] = [
      this.digits.some(({ isEmpty }) => !isEmpty),
      this.at.length > 0,
      this.plus.length > 0,
    ];
    for (let byte = 0; byte < 256; byte += 1) {
      if (useAt && heldBack[byte] === 1) set(byte, code('@'), atSign);
      if (usePlus && digit[byte] === 1) set(code('+'), byte, plusSign);
      for (let next = 48; useDigits && digit[byte] === 1 && next < 58; next += 1) set(byte, next, anyDigits);
    }
  }

  /**
   * Everything whose anchor stands at or after `from`. Where the window is not final, what may still change is left
   * out, and begins at or after `safe`.
   */
  sweep(window: Window, from: number): Sweep {
    const found = new Found(window, from, this.placeholders);
    this.pass(found, isLittleEndian && window.end - from >= leastBytes ? wordsOf(window.bytes) : undefined);
    return found.settled(window.final ? window.end : this.openLiteral(window, from));
  }

  /** Looks at texts that stand in the same bytes, whole, one after the other. */
  search(bytes: Uint8Array): Search {
    const found = new Found(new Window(bytes), 0, this.placeholders);
    let words: Words | undefined;
    return (begin, end) => {
      found.window.look(begin, end);
      found.from = begin;
      this.pass(found, isLittleEndian && end - begin >= leastBytes ? (words ??= wordsOf(bytes)) : undefined);
      return found.spans.length === 0 ? undefined : found.spans.splice(0);
    };
  }

  /** Byte by byte, or four at a time as far as none of their pairs has a flag. */
  private pass(found: Found, view: Words | undefined = undefined): void {
    const { window, from } = found;
    const { bytes, base } = window;
    const { pairs } = this;
    const end = window.end - base;
    let index = from - base + 1; // the second byte of a pair
    while (index < end) {
      if (view !== undefined) index = this.skip(bytes, view, index, end);
      // Where there was one pair with a flag the next is often near: a little further byte by byte, up to where words begin.
      const stop = view === undefined ? end : Math.min(end, ((index + view.shift + 8) & ~3) - view.shift);
      let flag = 0;
      for (; index < stop; index += 1) {
        flag = pairs[bytes[index - 1]! | (bytes[index]! << 8)]!;
        if (flag !== 0) break;
      }
      if (flag === 0) continue;
      // A number's last digit is the first byte of the next pair.
      if (flag === anyDigits) index = this.number(found, index - 1, end);
      else {
        if (flag >= firstList) this.literals(found, this.lists[flag - firstList]!, index);
        else if (flag === atSign) found.ask(this.at, index + base, 1);
        else found.ask(this.plus, index - 1 + base, 1);
        index += 1;
      }
    }
  }

  /** @returns where four bytes begin of which one ends a pair with a flag, or where there are no four; `index` where they would not be aligned */
  private skip(bytes: Uint8Array, { words, shift }: Words, index: number, end: number): number {
    const { pairs } = this;
    let at = index + shift;
    if ((at & 3) !== 0) return index;
    at >>= 2;
    const stop = (end + shift) >> 2;
    for (let first = bytes[index - 1]!; at < stop; at += 1) {
      const word = words[at]!;
      const flags =
        pairs[first | ((word & 0xff) << 8)]! |
        pairs[word & 0xffff]! |
        pairs[(word >>> 8) & 0xffff]! |
        pairs[word >>> 16]!;
      if (flags !== 0) break;
      first = word >>> 24;
    }
    return (at << 2) - shift;
  }

  /** @param index of the pair's second byte */
  private literals(found: Found, literals: Literals, index: number): void {
    const { bytes, base, begin, end } = found.window;
    const before = index - 2 < begin - base ? NONE : bytes[index - 2]!;
    const after = index + 1 < end - base ? bytes[index + 1]! : NONE;
    if (!literals.canStand(before, after)) return;
    for (const literal of literals.all) {
      const start = index - 1 - literal.offset + base;
      if (start >= found.from && stands(found.window, literal, start))
        found.askOne(literal, start, literal.bytes.length);
    }
  }

  /** @returns the index after the run of digits that begins at `start` */
  private number(found: Found, start: number, end: number): number {
    const { bytes, base, begin } = found.window;
    let stop = start + 2;
    while (stop < end && (bytes[stop]! ^ 0x30) < 10) stop += 1;
    const length = Math.min(stop - start, longestRun);
    const before = start > begin - base ? bytes[start - 1]! : NONE;
    // Only the first pair of a sweep can stand inside a run, one that an earlier sweep has judged from its beginning.
    if (start + base === found.from && digit[before] === 1) return stop;
    // A run that may go on is shorter than what is held back, so the next sweep meets it again.
    if (stop === end && !found.window.final && length < longestRun) return stop;
    const numbers = this.digits[length]!;
    const wanted = numbers.wanted(before, stop < end ? bytes[stop]! : NONE, stop + 1 < end ? bytes[stop + 1]! : NONE);
    if (wanted !== 0) numbers.ask(found, wanted, start + base, length);
    return stop;
  }

  /** Where the longest suffix begins with which a literal might begin, or the end. */
  private openLiteral(window: Window, from: number): number {
    const most = Math.min(this.longestLiteral - 1, window.end - from);
    const suffix = window.latin1(window.end - most, window.end).toLowerCase();
    for (let index = 0; index < most; index += 1)
      if (this.beginnings.has(suffix.slice(index))) return window.end - most + index;
    return window.end;
  }
}
