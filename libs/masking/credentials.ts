import { base64, base64url, classOf, code, digit, dottedToken } from './byte-class.js';
import { type Detector, tailOf } from './detector.js';
import { looksRandom } from './token.js';
import { startsWord, type Window } from './window.js';

const longestHeader = 1024;
const jwtTail = tailOf(dottedToken);

/** JWS and JWE (RFC 7515, 7516): base64url of `{"`, a point, more. A header past the bound is hidden unseen. */
export const jwt: Detector = {
  name: 'jwt',
  class: 'secrets',
  anchors: [
    {
      kind: 'literal',
      literals: ['eyJ'],
      find: (window, at) => {
        if (!startsWord(window, at)) return undefined;
        const end = at + 3 + window.run(at + 3, base64url, longestHeader);
        if (end === at + 3 + longestHeader) return { start: at, end, tail: jwtTail };
        if (end < at + 13 || window.at(end) !== code('.') || window.run(end + 1, base64url, 10) < 10) return undefined;
        return { start: at, end: end + 11, tail: jwtTail };
      },
    },
  ],
};

const longestBasic = 512;
const base64Tail = tailOf(base64);

/** RFC 7617: what follows `Basic` is base64 of `user:password`, which is checked. */
export const basicAuth: Detector = {
  name: 'basic-auth',
  class: 'secrets',
  anchors: [
    {
      kind: 'literal',
      literals: ['basic '],
      ignoreCase: true,
      find: (window, at) => {
        const length = window.run(at + 6, base64, longestBasic);
        if (!startsWord(window, at) || length < 4) return undefined;
        const plain = Buffer.from(window.latin1(at + 6, at + 6 + length), 'base64');
        if (length < longestBasic && !plain.includes(':')) return undefined;
        return { start: at + 6, end: at + 6 + length, tail: base64Tail };
      },
    },
  ],
};

const bearerToken = classOf(/[A-Za-z0-9._~+/=-]/);
const space = classOf(/ /);
const bearerTail = tailOf(bearerToken);
const leastBearer = 16;

/** RFC 6750, 2.1. */
export const bearer: Detector = {
  name: 'bearer-token',
  class: 'secrets',
  anchors: [
    {
      kind: 'literal',
      literals: ['bearer '],
      ignoreCase: true,
      find: (window, at) => {
        const start = at + 7 + window.run(at + 7, space, 2);
        if (window.run(start, bearerToken, leastBearer) < leastBearer) return undefined;
        return looksRandom(window, start, leastBearer)
          ? { start, end: start + leastBearer, tail: bearerTail }
          : undefined;
      },
    },
  ],
};

const urlByte = classOf(/[^\t-\r "'`<>\\]/);
const userByte = classOf(/[^\t-\r "'`<>\\:/?#@]/);
/** A password may hold a stroke as well as an at sign; both read as belonging to it. */
const beforeQuery = classOf(/[^\t-\r "'`<>\\?#]/);
const longestUser = 128;
/** Database passwords may be signed requests (RDS), which are longer than any typed one. */
const longestPassword = 2048;

const afterHost = ['/', '?', '#'].map(code);

/** `host:8080/path`: what follows the colon is a port. */
const isPort = (window: Window, start: number): boolean => {
  const length = window.run(start, digit, 6);
  const next = window.at(start + length);
  return length > 0 && length < 6 && (urlByte[next] !== 1 || afterHost.includes(next));
};

/** The next URL begins here: a list of them is not one password, nor read again for each of them. */
const nextUrl = (window: Window, at: number): boolean =>
  window.at(at) === code(':') && window.at(at + 1) === code('/') && window.at(at + 2) === code('/');

/** Position of the `@` that ends the password: the last one before a query, as a password may hold some. */
const passwordEnd = (window: Window, start: number): number | undefined => {
  let inside = urlByte;
  let last: number | undefined;
  for (let next = start; next < start + longestPassword && inside[window.at(next)] === 1; next += 1) {
    if (nextUrl(window, next)) break;
    if (window.at(next) !== code('@')) continue;
    last = next;
    inside = beforeQuery;
  }
  return last;
};

/** `postgres://user:password@host`, in any scheme; user, host and path stay readable. */
export const urlPassword: Detector = {
  name: 'url-password',
  class: 'secrets',
  anchors: [
    {
      kind: 'literal',
      literals: ['://'],
      find: (window, at) => {
        const start = at + 3 + window.run(at + 3, userByte, longestUser) + 1;
        if (window.at(start - 1) !== code(':') || isPort(window, start)) return undefined;
        const end = passwordEnd(window, start);
        const hiddenAlready = window.latin1(start, start + 9) === '[redacted';
        return end === undefined || end === start || hiddenAlready ? undefined : { start, end };
      },
    },
  ],
};
