import { fail } from './failure.js';

const unreserved = /^[A-Za-z0-9\-._~]*$/;
const isUnreserved = Array.from({ length: 128 }, (_, code) => unreserved.test(String.fromCharCode(code)));
const escaped = Array.from({ length: 256 }, (_, code) =>
  isUnreserved[code] ? String.fromCharCode(code) : `%${code.toString(16).toUpperCase().padStart(2, '0')}`,
);

/** The request line of a client holds printable ASCII only; whatever else is there could be read in two ways. */
const printable = /^[!-~]*$/;

export const checkPrintable = (text: string, what: string): void => {
  if (!printable.test(text)) fail('malformed', `the ${what} holds characters that must be percent-encoded`);
};

/**
 * Percent-encoded text in the one spelling that signatures are made of: what needs no escape has none, hexadecimal digits
 * are in upper case. Works on bytes: what the escapes spell need not be UTF-8.
 *
 * @throws Failed malformed for a `%` that begins no escape
 */
export const normalizeEscapes = (text: string): string => {
  if (unreserved.test(text)) return text;
  let result = '';
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] !== '%') {
      result += escaped[text.charCodeAt(at)] ?? fail('malformed', 'a character that must be percent-encoded');
      continue;
    }
    const digits = text.slice(at + 1, at + 3);
    if (!/^[0-9A-Fa-f]{2}$/.test(digits)) fail('malformed', 'a "%" that begins no percent-encoded byte');
    result += escaped[Number.parseInt(digits, 16)]!;
    at += 2;
  }
  return result;
};

/** Encodes each byte of printable ASCII once more: a `%` becomes `%25`. */
export const escapeAgain = (text: string): string => {
  if (unreserved.test(text)) return text;
  let result = '';
  for (let at = 0; at < text.length; at += 1) result += escaped[text.charCodeAt(at)]!;
  return result;
};
