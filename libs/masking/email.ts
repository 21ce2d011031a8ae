import { alphanumeric, classOf, code } from './byte-class.js';
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
  let start = at;
  for (let step = localBefore(window, start); step > 0; step = localBefore(window, start)) {
    if (at - start + step > longestLocal) break;
    start -= step;
  }
  return start;
};

const domainAfter = (window: Window, at: number): number => {
  if (domainByte[window.at(at)] === 1) return 1;
  return latinLead[window.at(at)] === 1 && continuation[window.at(at + 1)] === 1 ? 2 : 0;
};

const domainEnd = (window: Window, start: number): number => {
  let end = start;
  for (let step = domainAfter(window, end); step > 0; step = domainAfter(window, end)) {
    if (end - start + step > longestDomain) break;
    end += step;
  }
  while (end > start && alphanumeric[window.at(end - 1)] !== 1 && continuation[window.at(end - 1)] !== 1) end -= 1;
  return end;
};

const topLevel = /^(?:[A-Za-z]{2,63}|xn--[A-Za-z0-9-]+|.*[\x80-\xbf].*)$/;
const isDomain = (domain: string): boolean => {
  const labels = domain.split('.');
  return labels.length > 1 && !labels.includes('') && topLevel.test(labels.at(-1)!);
};
/** `logo@2x.png` and `git@github.com:team/project` are not people. */
const notPeople = (local: string, domain: string, next: number): boolean =>
  /^\d{1,2}x\./.test(domain) || (local === 'git' && next === code(':'));

const tail: Tail = { step: (_, byte) => (domainByte[byte] === 1 && byte !== dot ? 0 : STOP) };

/** @param width bytes of the at sign as it is written */
const address = (window: Window, at: number, width: number): Found | undefined => {
  const start = localStart(window, at);
  if (start === at) return undefined;
  const end = domainEnd(window, at + width);
  const domain = window.latin1(at + width, end);
  if (!isDomain(domain) || notPeople(window.latin1(start, at), domain, window.at(end))) return undefined;
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
