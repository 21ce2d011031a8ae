import { blank, classOf, code, letter, NONE } from './byte-class.js';
import { type Anchor, type Detector, STOP, type Tail, tailOf } from './detector.js';
import type { Window } from './window.js';

const doubleQuote = code('"');
const singleQuote = code("'");
const backslash = code('\\');
const suffixByte = classOf(/[A-Za-z_-]/);
const suffixes = new Set(['', 'key', 'value', 'hash', 'text', 'string', 'base64', 'token', 'secret', 'plaintext']);

/** Where the value of `key = value` begins and how it is written. */
export interface KeyedValue {
  readonly start: number;
  readonly tail: Tail;
  readonly quoted: boolean;
}

const bareTail = tailOf(classOf(/[^\t-\r "'`,;&<>(){}[\]|\\]/));
const untilEscapeTail = tailOf(classOf(/[^\\"'\r\n]/));

/** Up to the closing quote; a backslash takes the next byte with it. */
const untilQuote = (quote: number): KeyedValue['tail'] => ({
  step(state, byte) {
    if (state === 1) return 0;
    if (byte === quote || byte === 10 || byte === 13) return STOP;
    return byte === backslash ? 1 : 0;
  },
});
const quotes = new Map([`"`, `'`, '`'].map((quote) => [code(quote), { tail: untilQuote(code(quote)), quoted: true }]));

const blanks = (window: Window, at: number): number => at + window.run(at, blank, 3);

/** `password`, `passwordHash`, `secret_key`, but not `password_reset_sent`. */
const afterSuffix = (window: Window, at: number): number | undefined => {
  const length = window.run(at, suffixByte, 12);
  const suffix = window
    .latin1(at, at + length)
    .replace(/[_-]/g, '')
    .toLowerCase();
  return suffixes.has(suffix) ? at + length : undefined;
};

/** After the key's own closing quote, if any: `:`, `=`, `:=`, `=>`, `==`. */
const afterSeparator = (window: Window, at: number): number | undefined => {
  let next = at;
  if (window.at(next) === backslash) next += 1;
  if (quotes.has(window.at(next))) next += 1;
  next = blanks(window, next);
  const separator = window.at(next);
  if (separator !== code(':') && separator !== code('=')) return undefined;
  const second = window.at(next + 1);
  return blanks(window, second === code('=') || second === code('>') ? next + 2 : next + 1);
};

/** SQL writes `PASSWORD 'x'` and `IDENTIFIED BY 'x'`: no separator, but a string. */
const afterBlank = (window: Window, at: number): number | undefined => {
  const next = blanks(window, at);
  return next > at && window.at(next) === singleQuote ? next : undefined;
};

const opened = (window: Window, at: number): KeyedValue => {
  const escaped = window.at(at) === backslash && window.at(at + 1) === doubleQuote;
  if (escaped) return { start: at + 2, tail: untilEscapeTail, quoted: true };
  const prefixed = letter[window.at(at)] === 1 && window.at(at + 1) === singleQuote; // E'…', N'…'
  const quote = quotes.get(window.at(prefixed ? at + 1 : at));
  if (quote) return { start: at + (prefixed ? 2 : 1), ...quote };
  return { start: at, tail: bareTail, quoted: false };
};

/** @param at the byte after the key */
export const valueAfter = (window: Window, at: number): KeyedValue | undefined => {
  const suffixed = afterSuffix(window, at);
  if (suffixed === undefined) return undefined;
  const start = afterSeparator(window, suffixed) ?? afterBlank(window, suffixed);
  return start === undefined ? undefined : opened(window, start);
};

const leastQuoted = 3;
const leastBare = 6;
/** As far as it must be read to know that it is none of `notValues`. */
const enough = 12;
const notValues = new Set(['null', 'none', 'nil', 'true', 'false', 'undefined', 'required', 'optional', 'string']);

const beginning = (window: Window, { start, tail }: KeyedValue): string => {
  let [state, end] = [0, start];
  while (end < start + enough) {
    const byte = window.at(end);
    state = byte === NONE ? STOP : tail.step(state, byte);
    if (state === STOP) break;
    end += 1;
  }
  return window.latin1(start, end);
};

const namedSecret: Anchor = {
  kind: 'literal',
  ignoreCase: true,
  literals: [
    ...['password', 'passwd', 'passphrase', 'pwd', 'secret', 'token', 'identified by'],
    ...['api', 'access', 'private', 'signing', 'encryption', 'auth'].flatMap((kind) =>
      ['_key', '-key', 'key'].map((key) => kind + key),
    ),
  ],
  find: (window, at, length) => {
    const value = valueAfter(window, at + length);
    if (!value) return undefined;
    const text = beginning(window, value).toLowerCase();
    if (text.length < (value.quoted ? leastQuoted : leastBare)) return undefined;
    if (notValues.has(text) || text.startsWith('[redacted') || text.startsWith('${')) return undefined;
    return { start: value.start, end: value.start, tail: value.tail };
  },
};

/** Whatever a key such as `password`, `api_key` or `client_secret` is given; the key itself stays readable. */
export const keyValueSecret: Detector = { name: 'key-value-secret', class: 'secrets', anchors: [namedSecret] };

const awsSecret = classOf(/[A-Za-z0-9/+]/);
const awsSecretTail = tailOf(awsSecret);

/** Forty characters without a mark of their own: only its key tells an AWS secret access key. */
export const awsSecretKey: Detector = {
  name: 'aws-secret-access-key',
  class: 'secrets',
  anchors: [
    {
      kind: 'literal',
      ignoreCase: true,
      literals: ['secret_access_key', 'secret-access-key', 'secretaccesskey', 'secret access key', 'aws_secret_key'],
      find: (window, at, length) => {
        const value = valueAfter(window, at + length);
        if (!value || window.run(value.start, awsSecret, 40) < 40) return undefined;
        return { start: value.start, end: value.start + 40, tail: awsSecretTail };
      },
    },
  ],
};
