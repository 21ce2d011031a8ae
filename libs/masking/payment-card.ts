import { classOf, digit, hexadecimal } from './byte-class.js';
import { luhn } from './checksums.js';
import { between, type Detector, type Find } from './detector.js';
import { type Groups, groupsAt, startsDigits } from './numbers.js';
import type { Window } from './window.js';

/** Who issues what (ISO/IEC 7812 ranges as the schemes publish them): first digits, then the lengths in use. */
const brands: readonly (readonly [RegExp, readonly number[]])[] = [
  [/^4/, [13, 16, 19]],
  [/^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, [16]],
  [/^3[47]/, [15]],
  [/^3(?:0[0-5]|095|[689])/, between(14, 19)],
  [/^(?:6011|64[4-9]|65|62|81)/, between(16, 19)],
  [/^35(?:2[89]|[3-8])/, between(16, 19)],
  [/^(?:50|5[6-9]|6)/, between(13, 19)],
  [/^220[0-4]/, between(16, 19)],
];

const isCard = (digits: string): boolean =>
  luhn(digits) && brands.some(([first, lengths]) => first.test(digits) && lengths.includes(digits.length));

/** As printed: four by four, American Express, Diners Club. */
const printed = [
  [4, 4, 4, 4, 3],
  [4, 4, 4, 4],
  [4, 6, 5],
  [4, 6, 4],
];

const cardAt = (window: Window, at: number, length: number): Groups | undefined => {
  if (length > 4) return groupsAt(window, at, [length], '');
  // Most runs of four digits are years: the length of the next run says so before any digit is copied.
  const second = window.run(at + 5, digit, 7);
  if (second !== 4 && second !== 6) return undefined;
  for (const lengths of printed) {
    const groups = groupsAt(window, at, lengths, ' -.');
    if (groups && isCard(groups.digits)) return groups;
  }
  return undefined;
};

const findCard: Find = (window, at, length) => {
  const card = cardAt(window, at, length);
  if (!card || !isCard(card.digits) || !startsDigits(window, at)) return undefined;
  return hexadecimal[window.at(card.end)] !== 1 || window.isParted(card.end) ? { start: at, end: card.end } : undefined;
};

/** Thirteen to nineteen digits, plain or as printed, of a range that is issued and with a right check digit. */
export const paymentCard: Detector = {
  name: 'payment-card',
  class: 'personal-data',
  anchors: [
    { kind: 'digits', lengths: [4], after: classOf(/[ .-]/), next: digit, find: findCard },
    { kind: 'digits', lengths: between(13, 19), find: findCard },
  ],
};
