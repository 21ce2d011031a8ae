import type { MaskingAction } from '@sallyport/core';
import { fitted, hashed, longestKept, partially, redacted, stricter } from './actions.js';
import { STOP, type Tail } from './detector.js';
import type { Span } from './found.js';
import { plainly } from './unveiled.js';
import { cutAt, INVISIBLE, lengthOf, readingOf, veilAt } from './veil.js';
import type { Window } from './window.js';

/** What is done with the values of one detector, and by which rule. */
export interface Treatment {
  readonly label: string;
  readonly action: MaskingAction;
  readonly rule: string;
  /** What stands for a value that is redacted. */
  readonly redacted: Uint8Array;
  /** `rule` alone, the same list each time. */
  readonly rules: readonly string[];
}

interface OpenTail {
  readonly tail: Tail;
  /** The value it belongs to begins where the region begins. */
  readonly leading: boolean;
  state: number;
  /** Everything of it before this position is known. */
  at: number;
}

/** Values that overlap are hidden together. */
interface Region {
  readonly start: number;
  end: number;
  /** Furthest end of a value that begins where the region begins: if it is the region's, one value is all of it. */
  leadingEnd: number;
  /** Bytes of what stands for it that are in the output already: only where lengths are kept. */
  written: number;
  label: number;
  action: MaskingAction;
  open: OpenTail[];
}

/**
 * @param kind the detector's name
 * @param value empty where it is longer than `longestKept`, which a stream does not keep
 */
export type StandIn = (kind: string, value: Uint8Array) => string;

export interface WeaverOptions {
  /** By index of detector. */
  readonly treatments: readonly Treatment[];
  readonly key: Uint8Array;
  /** What stands for a value is as long as the value was. */
  readonly sameLength?: boolean;
  /** How a replacement is written where it stands; `''` and the text itself by default. */
  readonly wrap?: (window: Window, start: number, end: number, text: string) => string;
  /** Stands for every value, whatever the action. */
  readonly standIn?: StandIn;
}

/** What stands instead of the bytes from `start` up to, without, `end`. */
export interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly bytes: Uint8Array;
}

/** Where the output goes, from its beginning to its end. */
export interface Output {
  keep(window: Window, start: number, end: number): void;
  replace(replacement: Replacement): void;
}

/**
 * Puts the output together: what is not found as it is, what is found replaced. Memory is bounded: of a region only
 * where it began and how its tails stand is remembered, beside at most `longestKept` bytes of value.
 */
export class Weaver {
  readonly rules = new Set<string>();
  /** How many values, overlapping ones counted once, were hidden. */
  hidden = 0;
  nulls = false;
  private pending: Span[] = [];
  /** The first of `pending` that is not taken in yet. */
  private next = 0;
  private region: Region | undefined;
  /** Everything before it is in the output or hidden. */
  private position = 0;

  constructor(
    private readonly options: WeaverOptions,
    private readonly output: Output,
  ) {}

  /** Everything before it is in the output, or what stands for it is. */
  get settled(): number {
    return this.region ? this.region.start + this.region.written : this.position;
  }

  /** The first byte that must stay in memory. */
  get needed(): number {
    const { region, position } = this;
    return region && region.end - region.start <= longestKept ? region.start : position;
  }

  /** @param safe as in `Sweep`: no value found later begins before it */
  advance(window: Window, spans: readonly Span[], safe: number): void {
    this.pending = [...this.pending.slice(this.next), ...spans].sort((left, right) => left.start - right.start);
    this.next = 0;
    while (this.region || this.begin(window, safe)) {
      const region = this.region!;
      this.absorb(region, window);
      this.position = Math.max(region.start, Math.min(region.end, window.end));
      if (region.open.length > 0 && !window.final) return this.writeAhead(region, window);
      if (region.end > safe) return;
      this.close(region, window);
    }
  }

  private begin(window: Window, safe: number): boolean {
    const first = this.pending[this.next];
    if (!first || first.start >= safe) {
      this.copy(window, safe);
      return false;
    }
    const start = Math.max(first.start, this.position);
    this.copy(window, start);
    const { action } = this.options.treatments[first.detector]!;
    this.region = { start, end: start, leadingEnd: start, written: 0, label: first.detector, action, open: [] };
    return true;
  }

  private copy(window: Window, until: number): void {
    if (until > this.position) this.output.keep(window, this.position, until);
    this.position = Math.max(this.position, until);
  }

  /**
   * Takes in every value that begins inside the region; tails make the region longer. They walk side by side and only
   * as far as the next value, so that many values in one another cost one walk and not one each.
   */
  private absorb(region: Region, window: Window): void {
    const limit = cutAt(window);
    for (;;) {
      const span = this.pending[this.next];
      const inside = span && (span.start < region.end || span.start === region.start);
      if (inside) this.include(region, span);
      else if (!walk(region, window, Math.min(limit, span ? span.start + 1 : limit))) return;
    }
  }

  private include(region: Region, span: Span): void {
    this.next += 1;
    const { action, rule } = this.options.treatments[span.detector]!;
    const leading = span.start === region.start;
    region.action = stricter(region.action, action);
    if (leading) region.label = Math.min(region.label, span.detector);
    this.rules.add(rule);
    extend(region, span.end, leading);
    if (span.tail) open(region, { tail: span.tail, leading, state: 0, at: span.end });
  }

  private close(region: Region, window: Window): void {
    this.region = undefined;
    this.hidden += 1;
    this.nulls ||= region.action === 'null';
    this.write(region, window, region.end);
    this.position = region.end;
  }

  /** Where lengths are kept, what stands for a long value goes out while the value still comes in: memory stays bounded. */
  private writeAhead(region: Region, window: Window): void {
    if (this.options.sameLength === true && this.position - region.start > longestKept)
      this.write(region, window, this.position);
  }

  private write(region: Region, window: Window, end: number): void {
    const start = region.start + region.written;
    if (this.options.sameLength !== true)
      return this.output.replace({ start, end, bytes: instead(region, window, this.options) });
    const text = region.written === 0 ? instead(region, window, this.options) : nothing;
    if (end > start) this.output.replace({ start, end, bytes: fitted(text, end - start) });
    region.written = end - region.start;
  }
}

const nothing = new Uint8Array(0);

/** What stands for a value, or for several that overlap. */
export const instead = (
  region: Pick<Region, 'start' | 'end' | 'leadingEnd' | 'label' | 'action'>,
  window: Window,
  { treatments, key, wrap, standIn }: WeaverOptions,
): Uint8Array => {
  const { start, end, leadingEnd, label, action } = region;
  if (standIn !== undefined)
    return Buffer.from(
      standIn(treatments[label]!.label, end - start > longestKept ? nothing : plainly(window.slice(start, end))),
    );
  if (action === 'null') return wrap === undefined ? nothing : Buffer.from(wrap(window, start, end, ''));
  const known = leadingEnd === end && end - start <= longestKept;
  const value = known && action !== 'redact' ? plainly(window.slice(start, end)) : undefined;
  const treatment = treatments[label]!;
  if (value === undefined && wrap === undefined) return treatment.redacted;
  const text =
    value === undefined
      ? redacted(treatment.label)
      : action === 'hash'
        ? hashed(key, value)
        : partially(Buffer.from(value).toString());
  return Buffer.from(wrap?.(window, start, end, text) ?? text);
};

const extend = (region: Region, end: number, leading: boolean): void => {
  region.end = Math.max(region.end, end);
  if (leading) region.leadingEnd = Math.max(region.leadingEnd, end);
};

/** Tails that stand at the same place in the same state go the same way: one of them is enough. */
const open = (region: Region, tail: OpenTail): void => {
  const alike = (other: OpenTail): boolean =>
    other.at === tail.at && other.tail === tail.tail && other.state === tail.state && other.leading === tail.leading;
  if (!region.open.some(alike)) region.open.push(tail);
};

/** Moves the hindmost tails on to the next of them, or to `limit`. @returns false where all stand there */
const walk = (region: Region, window: Window, limit: number): boolean => {
  const from = Math.min(...region.open.map(({ at }) => at));
  if (from >= limit) return false;
  const until = Math.min(limit, ...region.open.map(({ at }) => at).filter((at) => at > from));
  const before = region.open;
  region.open = [];
  for (const tail of before) {
    const going = tail.at > from || run(tail, window, until);
    extend(region, tail.at, tail.leading);
    if (going) open(region, tail);
  }
  return true;
};

/** Follows a tail up to `until`, or beyond it to the end of a character. @returns false where it ended before */
const run = (open: OpenTail, window: Window, until: number): boolean => {
  while (open.at < until) {
    const state = open.tail.step(open.state, window.at(open.at));
    if (state !== STOP) {
      open.state = state;
      open.at += 1;
    } else if (!through(open, window)) return false;
  }
  return true;
};

/** A value does not end at what veils it. @returns false where it ends there all the same */
const through = (open: OpenTail, window: Window): boolean => {
  const veil = veilAt(window.bytes, open.at - window.base, window.end - window.base);
  if (veil <= 0) return false;
  const reading = readingOf(veil);
  const state = reading === INVISIBLE ? open.state : open.tail.step(open.state, reading);
  if (state === STOP) return false;
  open.state = state;
  open.at += lengthOf(veil);
  return true;
};
