import { alphanumeric, classOf, code, digit, letter } from './byte-class.js';
import { type Detector, type Found, STOP, type Tail } from './detector.js';
import type { Window } from './window.js';

const localByte = classOf(/[A-Za-z0-9._%+-]/);
const domainByte = classOf(/[A-Za-z0-9.-]/);
const apostrophe = code("'");
const dot = code('.');
const longestLocal = 64;
const longestDomain = 255;

/** Two-byte UTF-8 of Latin letters, as in `rené` and `müller`; scripts without spaces are not followed. */
const latinLead = classOf(/[\xc3-\xc9]/);
const continuation = classOf(/[\x80-\xbf]/);

/** How many bytes the character before `at` has if an address may contain it there, otherwise 0. */
const localBefore = (window: Window, at: number): number => {
  const byte = window.at(at - 1);
  if (localByte[byte] === 1) return 1;
  if (continuation[byte] === 1 && latinLead[window.at(at - 2)] === 1) return 2;
  return byte === apostrophe && alphanumeric[window.at(at - 2)] === 1 && alphanumeric[window.at(at)] === 1 ? 1 : 0;
};

const localStart = (window: Window, at: number): number => {
  const least = at - longestLocal;
  for (let start = at; ; ) {
    while (start > least && localByte[window.at(start - 1)] === 1) start -= 1;
    const step = localBefore(window, start);
    if (step === 0 || start - step < least) return start;
    start -= step;
  }
};

const domainAfter = (window: Window, at: number): number => {
  if (domainByte[window.at(at)] === 1) return 1;
  return latinLead[window.at(at)] === 1 && continuation[window.at(at + 1)] === 1 ? 2 : 0;
};

const domainEnd = (window: Window, start: number): number => {
  const most = start + longestDomain;
  let end = start;
  for (;;) {
    while (end < most && domainByte[window.at(end)] === 1) end += 1;
    const step = domainAfter(window, end);
    if (step === 0 || end + step > most) break;
    end += step;
  }
  while (end > start && alphanumeric[window.at(end - 1)] !== 1 && continuation[window.at(end - 1)] !== 1) end -= 1;
  return end;
};

/** @returns where the last label begins; undefined where there is but one, or an empty one */
const lastLabel = (window: Window, start: number, end: number): number | undefined => {
  let last = start;
  for (let position = start; position < end; position += 1) {
    if (window.at(position) !== dot) continue;
    if (position === last) return undefined;
    last = position + 1;
  }
  return last === start || last === end ? undefined : last;
};

const longestTopLevel = 63;
const punycode = ['x', 'n', '-', '-'].map(code);

/** Letters, `xn--` and more, or anything with letters beyond ASCII. */
const isTopLevel = (window: Window, start: number, end: number): boolean => {
  const letters = window.run(start, letter, longestTopLevel);
  if (start + letters === end) return letters > 1;
  for (let position = start; position < end; position += 1) if (continuation[window.at(position)] === 1) return true;
  return end - start > punycode.length && punycode.every((byte, index) => window.at(start + index) === byte);
};

const isDomain = (window: Window, start: number, end: number): boolean => {
  const last = lastLabel(window, start, end);
  return last !== undefined && isTopLevel(window, last, end);
};

const git = ['g', 'i', 't'].map(code);

/** `git@github.com:team/project` is not a person. */
const isRemote = (window: Window, start: number, at: number, end: number): boolean =>
  at - start === git.length &&
  git.every((byte, index) => window.at(start + index) === byte) &&
  window.at(end) === code(':');

/** `logo@2x.png` is not one either. */
const isScale = (window: Window, start: number): boolean => {
  const digits = window.run(start, digit, 3);
  const next = start + digits;
  return (digits === 1 || digits === 2) && window.at(next) === code('x') && window.at(next + 1) === dot;
};

const tail: Tail = { step: (_, byte) => (domainByte[byte] === 1 && byte !== dot ? 0 : STOP) };

/** @param width bytes of the at sign as it is written */
const address = (window: Window, at: number, width: number): Found | undefined => {
  const start = localStart(window, at);
  if (start === at) return undefined;
  const end = domainEnd(window, at + width);
  if (!isDomain(window, at + width, end) || isScale(window, at + width) || isRemote(window, start, at, end))
    return undefined;
  return end - at - width < longestDomain - 1 ? { start, end } : { start, end, tail };
};

/** Addresses in text, in URLs (`%40`) and in escaped JSON; local part and domain both go. */
export const email: Detector = {
  name: 'email',
  class: 'personal-data',
  anchors: [
    { kind: 'byte', byte: '@', back: longestLocal, find: address },
    { kind: 'literal', literals: ['%40', '\\u0040'], ignoreCase: true, back: longestLocal, find: address },
  ],
};
