/** Percent-encoding as RFC 3986 has it: what is malformed or no UTF-8 is refused, since two readers may differ about it. */
import { quoted, refuse } from './refuse.js';

export const decodePercent = (text: string): string => {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return refuse(`${quoted(text)} is no percent-encoded UTF-8`);
  }
};

/** A key or value of a query string or a form, where a plus sign is a space. */
export const decodeForm = (text: string): string =>
  decodePercent(text.includes('+') ? text.replaceAll('+', ' ') : text);
