import { code, digit, NONE } from './byte-class.js';
import { type Anchor, between, type Detector } from './detector.js';
import { Found, heldBack, type Span, type Sweep, settled } from './found.js';
import { type Finder, type Literal, type LiteralAnchor, Literals, Numbers, stands } from './gates.js';
import { Unveiled } from './unveiled.js';
import { cutAt, maybeParted, veilPairs, veilsValue } from './veil.js';
import { Window } from './window.js';
import { skip, type Words, wordsOf } from './words.js';

/** @returns what is found from `begin` up to, without, `end`, read as a text of its own; undefined for nothing */
export type Search = (begin: number, end: number) => readonly Span[] | undefined;

const newline = code('\n');
const nearBytes = 512;
/** A run of veils as long as it may be, and the few characters that detectors look back at. */
const furthestVeil = 96;
const mostReach = 8192;
const anyDigits = 1;
const atSign = 2;
const plusSign = 3;
const veil = 4;
const firstList = 5;
const longestRun = 20;
/** How far detectors look back; more than any of them needs. */
const context = 256;

/** Roughly how often a character is met in logs, JSON and English: rare pairs make a good filter. */
const common = 'etaoinsrhldcumfpgwybvkxjqz';
const frequency = (character: string): number => {
  const place = common.indexOf(character);
  if (place >= 0) return 28 - place;
  return /[ ":,0-9]/.test(character) ? 20 : /[_./-]/.test(character) ? 6 : 3;
};

/** A pair of its own: not one that a veil is known by. */
const rarestPair = (literal: string): number => {
  const cost = (offset: number) =>
    veilPairs.includes(code(literal[offset]!) | (code(literal[offset + 1]!) << 8))
      ? Number.POSITIVE_INFINITY
      : frequency(literal[offset]!) * frequency(literal[offset + 1]!);
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
    for (const pair of this.detectors.length > 0 ? veilPairs : []) set(pair & 0xff, pair >> 8, veil);
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
    this.lookBack(found);
    this.pass(found, wordsOf(window.bytes, window.end - from));
    if (window.final) return { spans: found.spans, safe: window.end, context: window.end };
    const cut = cutAt(window);
    if (cut >= found.unveiledTo && maybeParted(window, cut)) this.unveil(found, cut);
    const { behind } = found;
    const open = Math.min(cut, found.openFrom(this.openLiteral(window, from)), behind?.openFrom ?? cut);
    const { spans, safe } = settled(found.spans, from, open);
    return { spans, safe, context: Math.min(safe - context, behind?.contextOf(safe) ?? safe) };
  }

  /**
   * Looks once more at the line around `position`, without what veils values: no detector looks beyond its line. Where one
   * such line follows another, more of them are taken at once.
   */
  private unveil(found: Found, position: number): void {
    const { bytes, base, begin, end, final } = found.window;
    const text = bytes.subarray(begin - base, end - base);
    const lineBegin = begin + text.lastIndexOf(newline, position - begin) + 1;
    const isNear = position - found.unveiledTo < nearBytes;
    found.reach = isNear ? Math.min(2 * found.reach + nearBytes, mostReach) : 0;
    const newlineAt = text.indexOf(newline, position - begin + found.reach);
    const lineEnd = newlineAt < 0 ? end : begin + newlineAt + 1;
    const goesOn = !final && newlineAt < 0;
    const line = new Window(bytes, base, !goesOn);
    line.look(lineBegin, lineEnd);
    const unveiled = new Unveiled(line);
    const from = unveiled.positionOf(Math.max(found.from, lineBegin));
    const inside = new Found(unveiled.window, from, this.placeholders);
    inside.unveiledTo = Number.POSITIVE_INFINITY;
    this.pass(inside, wordsOf(unveiled.window.bytes, unveiled.window.end - from));
    for (const span of inside.spans) {
      const start = unveiled.startOf(span.start);
      const spanEnd = Math.max(start, unveiled.endOf(span.end));
      found.spans.push({ ...span, anchor: unveiled.startOf(span.anchor), start, end: spanEnd });
    }
    found.unveiledTo = lineEnd;
    if (goesOn)
      found.behind = {
        openFrom: unveiled.startOf(inside.openFrom(this.openLiteral(unveiled.window, from))),
        contextOf: (at) => unveiled.startOf(Math.max(0, unveiled.positionOf(at) - context)),
      };
  }

  /** Looks at texts that stand in the same bytes, whole, one after the other. */
  search(bytes: Uint8Array): Search {
    const found = new Found(new Window(bytes), 0, this.placeholders);
    let words: Words | undefined;
    return (begin, end) => {
      found.window.look(begin, end);
      found.from = begin;
      found.unveiledTo = begin;
      this.pass(found, (words ??= wordsOf(bytes, end - begin)));
      return found.spans.length === 0 ? undefined : found.spans.splice(0);
    };
  }

  /** Byte by byte, or four at a time as far as none of their pairs has a flag. */
  private pass(found: Found, view: Words | undefined): void {
    const { window, from } = found;
    const { bytes, base } = window;
    const { pairs } = this;
    const end = window.end - base;
    let index = from - base + 1; // the second byte of a pair
    while (index < end) {
      if (view !== undefined) index = skip(bytes, view, pairs, index, end);
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
        else if (flag === veil) this.veil(found, index - 1);
        else if (flag === atSign) found.ask(this.at, index + base, 1);
        else found.ask(this.plus, index - 1 + base, 1);
        index += 1;
      }
    }
  }

  /** What an earlier sweep has passed may veil how a value begins. */
  private lookBack(found: Found): void {
    const { bytes, base, begin, end } = found.window;
    const stop = Math.min(found.from, end - 1) - base;
    for (let index = Math.max(begin, found.from - furthestVeil) - base; index < stop; index += 1)
      if (this.pairs[bytes[index]! | (bytes[index + 1]! << 8)] === veil) this.veil(found, index);
  }

  /** @param index of the pair's first byte */
  private veil(found: Found, index: number): void {
    const { window } = found;
    if (index + window.base >= found.unveiledTo && veilsValue(window, index)) this.unveil(found, index + window.base);
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
