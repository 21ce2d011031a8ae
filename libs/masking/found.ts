import { classOf, code, upper } from './byte-class.js';
import type { Anchor } from './detector.js';
import type { Finder } from './gates.js';
import { beyondPlaceholders } from './placeholder.js';
import type { Window } from './window.js';

/** A value found; absolute positions. Its tail, if any, begins at `end`. */
export interface Span {
  readonly anchor: number;
  readonly start: number;
  readonly end: number;
  readonly tail: NonNullable<ReturnType<Anchor['find']>>['tail'];
  /** Index in the list of detectors. */
  readonly detector: number;
}

/**
 * @property safe everything found before it is final; a value that will be found later begins at or after it
 * @property context where the bytes begin that must be kept for detectors to look back at
 */
export interface Sweep {
  readonly spans: Span[];
  readonly safe: number;
  readonly context: number;
}

/** Of a line without what veils values, told by positions of the text as it is. */
export interface Behind {
  /** Where that begins of which it cannot be known yet what it is. */
  readonly openFrom: number;
  /** @returns where so many bytes of the line begin as are kept to be looked back at from `position` */
  contextOf(position: number): number;
}

/** What may stand before an anchor as part of its value, and so is kept until it is known what comes next. */
export const heldBack = classOf(/[A-Za-z0-9._%+'(~\x80-\xbf\xc3-\xc9-]/);
const mostHeldBack = 64;

/** Where the bytes begin that must be kept because a value may begin there whose anchor stands at `end` or later. */
const heldFrom = (window: Window, end: number): number => {
  let start = end;
  const least = Math.max(window.begin, end - mostHeldBack);
  while (start > least && heldBack[window.at(start - 1)] === 1) start -= 1;
  return afterCapitals(window, start) ? start - 3 : start;
};

/** `AB 12 34 56 C`: two letters that a space parts from the digits they belong to. */
const afterCapitals = (window: Window, start: number): boolean =>
  window.at(start - 1) === code(' ') && upper[window.at(start - 2)] === 1 && upper[window.at(start - 3)] === 1;

/** What one sweep has found, and how far it is final. */
export class Found {
  readonly spans: Span[] = [];
  /** Of a line that goes on, what was found behind its veils. */
  behind: Behind | undefined;
  /** Everything before it has been looked at without veils, where there are any. */
  unveiledTo = 0;
  /** How far the last such look reached beyond the line that was the reason for it, in bytes. */
  reach = 0;
  private limit = Number.POSITIVE_INFINITY;

  constructor(
    readonly window: Window,
    public from: number,
    /** What stands in a placeholder is not found. */
    private readonly placeholders = false,
  ) {}

  ask(finders: readonly Finder[], anchor: number, length: number): void {
    for (const finder of finders) this.askOne(finder, anchor, length);
  }

  askOne({ detector, find }: Finder, anchor: number, length: number): void {
    const { window } = this;
    window.touched = false;
    let found = find(window, anchor, length);
    if (found !== undefined && this.placeholders) found = beyondPlaceholders(window, anchor, found);
    if (window.touched && !window.final) this.hold(anchor);
    else if (found) this.spans.push({ anchor, detector, start: found.start, end: found.end, tail: found.tail });
  }

  /** It cannot be known yet what stands at `anchor`. */
  hold(anchor: number): void {
    this.limit = Math.min(this.limit, anchor);
  }

  /** @returns where that begins of which it cannot be known yet what it is · @param literalEnd where a literal may have begun, or the end */
  openFrom(literalEnd: number): number {
    const { window } = this;
    return Math.min(heldFrom(window, window.end), heldFrom(window, Math.min(this.limit, literalEnd)));
  }
}

/** @param open as `openFrom` says, of bytes before the last ones · @returns what is final of what was found from `from` on */
export const settled = (found: readonly Span[], from: number, open: number): Omit<Sweep, 'context'> => {
  let safe = Math.max(from, open);
  const spans = found.toSorted((left, right) => right.start - left.start);
  // A value found beyond the limit may begin before it; it is found again, whole, in the next sweep.
  for (let moved = true; moved; ) {
    moved = false;
    for (const { anchor, start } of spans)
      if (anchor >= safe && start < safe) {
        safe = Math.max(from, start);
        moved = true;
      }
  }
  return { spans: spans.filter(({ anchor }) => anchor < safe), safe };
};
