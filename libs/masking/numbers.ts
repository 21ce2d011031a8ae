import { code, digit, hexadecimal } from './byte-class.js';
import { afterEscape, startsWord, type Window } from './window.js';

/** The digits of groups of these lengths, each pair parted by `separator`, from `start` on, and where they end. */
export interface Groups {
  readonly digits: string;
  readonly end: number;
}

/** @param separators what may part groups; the first one met must part them all; '' for none */
export const groupsAt = (
  window: Window,
  start: number,
  lengths: readonly number[],
  separators: string,
): Groups | undefined => {
  const gap = separators === '' || lengths.length === 1 ? 0 : 1;
  const separator = window.at(start + lengths[0]!);
  if (gap === 1 && (!among(separators, separator) || digit[window.at(start + lengths[0]! + 1)] !== 1)) return undefined;
  let next = start;
  for (const length of lengths) {
    if (next > start && gap === 1 && window.at(next - 1) !== separator) return undefined;
    if (window.run(next, digit, length) < length) return undefined;
    next += length + gap;
  }
  const end = next - gap;
  if (digit[window.at(end)] === 1) return undefined;
  return { digits: window.latin1(start, end).replace(/\D/g, ''), end };
};

const among = (characters: string, byte: number): boolean => {
  for (let index = 0; index < characters.length; index += 1) if (characters.charCodeAt(index) === byte) return true;
  return false;
};

/** Not the inside of a word, and not the digits after a decimal point. */
export const startsNumber = (window: Window, start: number): boolean =>
  startsWord(window, start) && !(window.at(start - 1) === code('.') && digit[window.at(start - 2)] === 1);

/** Not a part of a hexadecimal number, nor of a decimal fraction. Other letters may stand close to a number. */
export const startsDigits = (window: Window, start: number): boolean =>
  (hexadecimal[window.at(start - 1)] !== 1 || afterEscape(window, start) || window.isParted(start)) &&
  !(window.at(start - 1) === code('.') && digit[window.at(start - 2)] === 1);
