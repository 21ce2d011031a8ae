import { alphanumeric, classOf, code, digit } from './byte-class.js';
import { type Detector, type Found } from './detector.js';
import { startsNumber } from './numbers.js';
import { endsWord, type Window } from './window.js';

const separator = classOf(/[ .()/-]/);
const twoToNine = classOf(/[2-9]/);
const mostDigits = 15;
const leastDigits = 8;

/** `+0130`, `+1000`: an offset from UTC. */
const isOffset = (groups: readonly number[], digits: string): boolean =>
  groups[0] === 4 && /^(?:0\d|1[0-4])(?:00|30|45)/.test(digits);

/** ITU-T E.164: a plus sign, then eight to fifteen digits with at most two separators between groups of them. */
const international = (window: Window, at: number): Found | undefined => {
  if (alphanumeric[window.at(at - 1)] === 1 && !isEscaped(window, at)) return undefined;
  if (digit[window.at(at + 1)] !== 1 || window.at(at + 1) === code('0')) return undefined;
  let [digits, end, next] = ['', at + 1, at + 1];
  const groups: number[] = [];
  for (;;) {
    const length = window.run(next, digit, mostDigits + 1 - digits.length);
    if (length === 0 || digits.length + length > mostDigits) break;
    digits += window.latin1(next, next + length);
    groups.push(length);
    end = next + length;
    next = end + window.run(end, separator, 2);
    if (next === end) break;
  }
  return digits.length < leastDigits || isOffset(groups, digits) ? undefined : { start: at, end };
};

const isEscaped = (window: Window, at: number): boolean => window.at(at - 2) === code('\\');

/** Where three digits and their separator end: `415-`, `415) `, `415.`; with a `first` digit of 2 to 9 (NANP). */
const afterTriple = (window: Window, at: number): number | undefined => {
  if (twoToNine[window.at(at)] !== 1 || window.run(at, digit, 4) !== 3) return undefined;
  const closed = window.at(at + 3) === code(')') ? at + 4 : at + 3;
  if (window.run(closed, northAmericanSeparator, 1) === 1) return closed + 1;
  return closed > at + 3 ? closed : undefined;
};

const northAmericanSeparator = classOf(/[ .-]/);

const northAmerican = (window: Window, at: number): Found | undefined => {
  const exchange = afterTriple(window, at);
  const line = exchange === undefined ? undefined : afterTriple(window, exchange);
  if (
    line === undefined ||
    !startsNumber(window, at) ||
    window.run(line, digit, 5) !== 4 ||
    !endsWord(window, line + 4)
  )
    return undefined;
  return { start: window.at(at - 1) === code('(') ? at - 1 : at, end: line + 4 };
};

/** International numbers with their plus sign, and North American ones as they are usually written. */
export const phone: Detector = {
  name: 'phone',
  class: 'personal-data',
  anchors: [
    { kind: 'byte', byte: '+', find: international },
    { kind: 'digits', lengths: [3], after: classOf(/[ ).-]/), next: classOf(/[2-9 .-]/), back: 1, find: northAmerican },
  ],
};
