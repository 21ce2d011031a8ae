import type { Anchors } from './anchors.js';
import { Weaver, type WeaverOptions } from './weaver.js';
import { Window } from './window.js';

export interface ScanResult {
  /** With the values hidden; null where a rule says that a value which holds such a thing becomes NULL. */
  readonly bytes: Uint8Array | null;
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
  /** Bytes kept in memory now: held back, or looked back at. Bounded whatever the input. */
  readonly held: number;
}

const nothing = new Uint8Array(0);
/** How far detectors look back; more than any of them needs. */
const context = 256;

const sorted = (rules: ReadonlySet<string>): readonly string[] => [...rules].sort();

/** @returns undefined where nothing is found: the bytes may be used as they are */
export const scanWhole = (anchors: Anchors, bytes: Uint8Array, options: WeaverOptions): ScanResult | undefined => {
  const window = new Window(bytes);
  const { spans, safe } = anchors.sweep(window, 0);
  if (spans.length === 0) return undefined;
  const weaver = new Weaver(options);
  weaver.advance(window, spans, safe);
  const text = weaver.take();
  return { bytes: weaver.nulls ? null : text, rules: sorted(weaver.rules), hidden: weaver.hidden };
};

/** As `scanWhole`, where null cannot be said. */
export const scanString = (anchors: Anchors, text: string, options: WeaverOptions): TextResult | undefined => {
  const window = new Window(Buffer.from(text));
  const { spans, safe } = anchors.sweep(window, 0);
  if (spans.length === 0) return undefined;
  const weaver = new Weaver(options);
  weaver.advance(window, spans, safe);
  const masked = Buffer.from(weaver.take()).toString();
  return { text: masked, rules: sorted(weaver.rules), hidden: weaver.hidden };
};

export const scanStream = (anchors: Anchors, options: WeaverOptions): StreamScanner => {
  const weaver = new Weaver(options);
  let kept: Uint8Array = nothing;
  let base = 0;
  let from = 0;
  let ended = false;

  const step = (chunk: Uint8Array, final: boolean): Uint8Array => {
    if (ended) throw new RangeError('the stream has ended');
    ended = final;
    const bytes = kept.length === 0 ? chunk : Buffer.concat([kept, chunk]);
    const window = new Window(bytes, base, final);
    const { spans, safe } = anchors.sweep(window, from);
    weaver.advance(window, spans, safe);
    from = safe;
    const keepFrom = Math.max(base, Math.min(weaver.needed, safe - context));
    // A copy: neither the caller's buffer nor a long chunk may be kept alive by a few bytes of it.
    kept = Uint8Array.prototype.slice.call(bytes, keepFrom - base);
    base = keepFrom;
    return weaver.take();
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
    get held() {
      return kept.length;
    },
  };
};
