import type { Anchors } from './anchors.js';
import type { Span } from './found.js';
import { instead, type Replacement, Weaver, type WeaverOptions } from './weaver.js';
import { Window } from './window.js';

export interface ScanResult {
  /** With the values hidden; null where a rule says that a value which holds such a thing becomes NULL. */
  readonly bytes: Uint8Array | null;
  /** Ids of the rules that hid something, sorted. */
  readonly rules: readonly string[];
  readonly hidden: number;
}

/** What is to be hidden of one value, as it stands among other bytes. */
export interface Findings {
  /** In their order; none overlap. */
  readonly replacements: readonly Replacement[];
  /** A rule says that a value which holds such a thing becomes NULL. */
  readonly nulls: boolean;
  /** Ids of the rules that hid something, sorted. */
  readonly rules: readonly string[];
  readonly hidden: number;
}

export interface TextResult {
  /** Where the action is `null` the found text is left out. */
  readonly text: string;
  readonly rules: readonly string[];
  readonly hidden: number;
}

/** One part of a stream at a time; the output, put together, is the same however the input is cut. */
export interface StreamScanner {
  /** @returns what can be sent on now: everything but a value that may be open at the end of `chunk` */
  push(chunk: Uint8Array): Uint8Array;
  /** @returns the rest */
  end(): Uint8Array;
  /** Ids of the rules that hid something so far, sorted. */
  readonly rules: readonly string[];
  readonly hidden: number;
  /** Bytes that have come and are not in the output, nor is what stands for them. */
  readonly pending: number;
  /** Bytes kept in memory now: held back, or looked back at. Bounded whatever the input. */
  readonly held: number;
}

const nothing = new Uint8Array(0);

const sorted = (rules: ReadonlySet<string>): readonly string[] => [...rules].sort();

/** Looks at values that stand in the same bytes. @returns undefined where nothing is found from `begin` up to, without, `end` */
export type Finder = (begin: number, end: number) => Findings | undefined;

export const finderOf = (anchors: Anchors, bytes: Uint8Array, options: WeaverOptions): Finder => {
  const search = anchors.search(bytes);
  const window = new Window(bytes);
  return (begin, end) => {
    const spans = search(begin, end);
    if (spans === undefined) return undefined;
    window.look(begin, end);
    return spans.length === 1 && spans[0]!.tail === undefined
      ? findingOf(spans[0]!, window, options)
      : woven(spans, window, options);
  };
};

/** The usual case: one value, whose end is known. */
const findingOf = ({ start, end, detector }: Span, window: Window, options: WeaverOptions): Findings => {
  const { action, rules } = options.treatments[detector]!;
  const bytes = instead({ start, end, leadingEnd: end, label: detector, action }, window, options);
  return { replacements: [{ start, end, bytes }], nulls: action === 'null', rules, hidden: 1 };
};

const woven = (spans: readonly Span[], window: Window, options: WeaverOptions): Findings => {
  const replacements: Replacement[] = [];
  const weaver = new Weaver(options, { keep: () => undefined, replace: (one) => void replacements.push(one) });
  weaver.advance(window, spans, window.end);
  return { replacements, nulls: weaver.nulls, rules: sorted(weaver.rules), hidden: weaver.hidden };
};

const replaced = (bytes: Uint8Array, replacements: readonly Replacement[]): Buffer => {
  const pieces: Uint8Array[] = [];
  let position = 0;
  for (const { start, end, bytes: other } of replacements) {
    pieces.push(bytes.subarray(position, start), other);
    position = end;
  }
  pieces.push(bytes.subarray(position));
  return Buffer.concat(pieces);
};

/** @returns undefined where nothing is found: the bytes may be used as they are */
export const scanWhole = (anchors: Anchors, bytes: Uint8Array, options: WeaverOptions): ScanResult | undefined => {
  const found = finderOf(anchors, bytes, options)(0, bytes.length);
  if (found === undefined) return undefined;
  const { replacements, nulls, rules, hidden } = found;
  return { bytes: nulls ? null : replaced(bytes, replacements), rules, hidden };
};

/** As `scanWhole`, where null cannot be said. */
export const scanString = (anchors: Anchors, text: string, options: WeaverOptions): TextResult | undefined => {
  const bytes = Buffer.from(text);
  const found = finderOf(anchors, bytes, options)(0, bytes.length);
  if (found === undefined) return undefined;
  const { replacements, rules, hidden } = found;
  return { text: replaced(bytes, replacements).toString(), rules, hidden };
};

/** Where nothing is looked for. */
export const passStream = (): StreamScanner => ({
  push: (chunk) => chunk,
  end: () => nothing,
  rules: [],
  hidden: 0,
  pending: 0,
  held: 0,
});

export const scanStream = (anchors: Anchors, options: WeaverOptions): StreamScanner => {
  let pieces: Uint8Array[] = [];
  const weaver = new Weaver(options, {
    keep: (window, start, end) => void pieces.push(window.slice(start, end)),
    replace: ({ bytes }) => void pieces.push(bytes),
  });
  let kept: Uint8Array = nothing;
  let [base, from, ended] = [0, 0, false];

  const step = (chunk: Uint8Array, final: boolean): Uint8Array => {
    if (ended) throw new RangeError('the stream has ended');
    ended = final;
    const bytes = kept.length === 0 ? chunk : Buffer.concat([kept, chunk]);
    const window = new Window(bytes, base, final);
    const { spans, safe, context } = anchors.sweep(window, from);
    weaver.advance(window, spans, safe);
    from = safe;
    const keepFrom = Math.max(base, Math.min(weaver.needed, context));
    // A copy: neither the caller's buffer nor a long chunk may be kept alive by a few bytes of it.
    kept = Uint8Array.prototype.slice.call(bytes, keepFrom - base);
    base = keepFrom;
    const output = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
    pieces = [];
    return output;
  };

  return {
    push: (chunk) => step(chunk, false),
    end: () => step(nothing, true),
    get rules() {
      return sorted(weaver.rules);
    },
    get hidden() {
      return weaver.hidden;
    },
    get pending() {
      return base + kept.length - weaver.settled;
    },
    get held() {
      return kept.length;
    },
  };
};
