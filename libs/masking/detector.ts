import type { ByteClass } from './byte-class.js';
import type { Window } from './window.js';

export type DetectorClass = 'secrets' | 'personal-data';

/** `step` says that the byte is not part of the value, which ends before it. */
export const STOP = -1;

/**
 * How a value goes on after what was enough to recognise it: a small automaton, so that a value of any length is
 * followed without being kept. Starts in state 0.
 */
export interface Tail {
  step(state: number, byte: number): number;
}

/** Goes on as long as the bytes are of the class. */
export const tailOf = (inside: ByteClass): Tail => ({ step: (_, byte) => (inside[byte] === 1 ? 0 : STOP) });

/** Absolute positions of what is to be hidden; `end` is where the tail takes over. */
export interface Found {
  readonly start: number;
  readonly end: number;
  readonly tail?: Tail;
}

/**
 * Decides whether there is a value at an anchor. Reads through the window only, a bounded distance in either direction,
 * so that it is fast on any input and its answer depends on the text and never on how the text was cut.
 *
 * @param at absolute position of the anchor
 * @param length bytes of the anchor: of the literal, or of the run of digits
 */
export type Find = (window: Window, at: number, length: number) => Found | undefined;

/**
 * What the one pass over the bytes looks for. `back` is how far before the anchor a value may begin; what lies there
 * must be bytes of `heldBack` (anchors.ts), because those alone are still at hand when the anchor arrives.
 */
export type Anchor =
  | {
      readonly kind: 'literal';
      readonly literals: readonly string[];
      readonly ignoreCase?: boolean;
      readonly back?: number;
      readonly find: Find;
    }
  | { readonly kind: 'byte'; readonly byte: '@' | '+'; readonly back?: number; readonly find: Find }
  /**
   * A maximal run of at least two digits whose length (20 stands for 20 and more) is one of `lengths`. Numbers are met
   * everywhere: unless the byte before the run is of `before`, the byte after it of `after`, and the one behind that of
   * `next`, `find` is not asked.
   */
  | {
      readonly kind: 'digits';
      readonly lengths: readonly number[];
      readonly before?: ByteClass;
      readonly after?: ByteClass;
      readonly next?: ByteClass;
      readonly back?: number;
      readonly find: Find;
    };

export interface Detector {
  readonly name: string;
  readonly class: DetectorClass;
  /** A narrower group that rules may name. */
  readonly group?: 'national-id';
  readonly anchors: readonly Anchor[];
}

/** Whole numbers from `first` to `last`. */
export const between = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);
