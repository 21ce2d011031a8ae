import { type ByteClass, digit, lower, upper } from './byte-class.js';
import { type Anchor, type Detector, tailOf } from './detector.js';
import { startsWord, type Window } from './window.js';

/** A secret that a vendor made recognisable: a prefix, then at least so many bytes of a class. */
export interface TokenShape {
  readonly prefixes: readonly string[];
  readonly body: ByteClass;
  /** Bytes after the prefix that make it sure. Everything of the class that follows is hidden too. */
  readonly least: number;
  /** The prefix is short: no letter or digit may stand before it. */
  readonly word?: boolean;
  /** The prefix could begin a name: the body must look random. */
  readonly random?: boolean;
}

/** A digit, or letters of both cases: what a random body has and a name in lower case has not. */
export const looksRandom = (window: Window, start: number, length: number): boolean => {
  let [digits, uppers, lowers] = [0, 0, 0];
  for (let position = start; position < start + length; position += 1) {
    const byte = window.at(position);
    digits += digit[byte] ?? 0;
    uppers += upper[byte] ?? 0;
    lowers += lower[byte] ?? 0;
  }
  return digits > 0 || (uppers > 0 && lowers > 0);
};

export const tokenAnchor = ({ prefixes, body, least, word = false, random = false }: TokenShape): Anchor => {
  const tail = tailOf(body);
  return {
    kind: 'literal',
    literals: prefixes,
    find: (window, at, length) => {
      if (word && !startsWord(window, at)) return undefined;
      const start = at + length;
      if (window.run(start, body, least) < least) return undefined;
      if (random && !looksRandom(window, start, least)) return undefined;
      return { start: at, end: start + least, tail };
    },
  };
};

export const tokenDetector = (name: string, ...shapes: readonly TokenShape[]): Detector => ({
  name,
  class: 'secrets',
  anchors: shapes.map(tokenAnchor),
});
