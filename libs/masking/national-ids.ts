import { alphanumeric, classOf, code, digit, letter, upper } from './byte-class.js';
import { codiceFiscale, cpf, dni, luhn, nir, verhoeff } from './checksums.js';
import type { Anchor, Detector, Find, Found } from './detector.js';
import { valueAfter } from './key-value.js';
import { groupsAt, startsNumber } from './numbers.js';
import { endsWord, startsWord, type Window } from './window.js';

const nationalId = (name: string, ...anchors: readonly Anchor[]): Detector => ({
  name,
  class: 'personal-data',
  group: 'national-id',
  anchors,
});

/** Groups of digits with a separator, then a check on the digits. */
const grouped =
  (lengths: readonly number[], separators: string, valid: (digits: string) => boolean): Find =>
  (window, at) => {
    const groups = groupsAt(window, at, lengths, separators);
    return groups && startsNumber(window, at) && endsWord(window, groups.end) && valid(groups.digits)
      ? { start: at, end: groups.end }
      : undefined;
  };

/** Area, group and serial that the Social Security Administration never assigned. */
const isSsn = (digits: string): boolean => !/^(?:000|666|9)|^...00|0000$/.test(digits);
/** IRS individual taxpayer numbers: area 9, groups as the Internal Revenue Manual (3.21.263) lists them. */
const isItin = (digits: string): boolean => /^9..(?:5\d|6[0-5]|7\d|8[0-8]|9[0-2]|9[4-9])/.test(digits);

/** Nine solid digits mean something only under a key that says so. */
const keyedSsn: Find = (window, at, length) => {
  const value = startsWord(window, at) ? valueAfter(window, at + length) : undefined;
  const groups = value && groupsAt(window, value.start, [9], '');
  return groups && endsWord(window, groups.end) && (isSsn(groups.digits) || isItin(groups.digits))
    ? { start: value.start, end: groups.end }
    : undefined;
};

const ninoFirst = classOf(/[A-CEGHJ-PR-TW-Z]/);
const ninoSecond = classOf(/[A-CEGHJ-NPR-TW-Z]/);
const ninoLast = classOf(/[A-D]/);
const ninoUnused = new Set(['BG', 'GB', 'KN', 'NK', 'NT', 'TN', 'ZZ']);
const space = code(' ');

/** HMRC NIM39110: two letters, six digits, a letter of A to D; spaced in pairs or not. */
const nino: Find = (window, at, length) => {
  const start = window.at(at - 1) === space ? at - 3 : at - 2;
  if (ninoFirst[window.at(start)] !== 1 || ninoSecond[window.at(start + 1)] !== 1) return undefined;
  if (!startsWord(window, start) || ninoUnused.has(window.latin1(start, start + 2))) return undefined;
  const groups = groupsAt(window, at, length === 6 ? [6] : [2, 2, 2], ' ');
  if (!groups) return undefined;
  const last = window.at(groups.end) === space ? groups.end + 1 : groups.end;
  return ninoLast[window.at(last)] === 1 && endsWord(window, last + 1) ? { start, end: last + 1 } : undefined;
};

/** DNI `12345678Z`, NIE `X1234567L`; a hyphen before the letter is usual. */
const spanish: Find = (window, at, length) => {
  const first = length === 7 ? window.latin1(at - 1, at) : '';
  const start = at - first.length;
  if (length === 7 && !/^[XYZ]$/.test(first)) return undefined;
  const end = window.at(at + length) === code('-') ? at + length + 1 : at + length;
  if (!startsWord(window, start) || upper[window.at(end)] !== 1 || !endsWord(window, end + 1)) return undefined;
  const number = (first === '' ? '' : String('XYZ'.indexOf(first))) + window.latin1(at, at + length);
  return dni(number, window.latin1(end, end + 1)) ? { start, end: end + 1 } : undefined;
};

const isNir = (digits: string): boolean => /^[123478]\d\d(?:0[1-9]|1[0-2]|[2-4]\d|[5-9]\d)/.test(digits) && nir(digits);

/** In print the first digit stands alone. It is read, but says no more than the sex, and stays. */
const spacedNir: Find = (window, at) => {
  if (window.at(at - 1) !== space || digit[window.at(at - 2)] !== 1 || !startsNumber(window, at - 2)) return undefined;
  const groups = groupsAt(window, at, [2, 2, 2, 3, 3, 2], ' ');
  return groups && isNir(window.latin1(at - 2, at - 1) + groups.digits) ? { start: at, end: groups.end } : undefined;
};

const fiscalShape = /^[A-Z]{6}\d\d[ABCDEHLMPRST](?:[04][1-9]|[1256]\d|[37][01])[A-Z]\d{3}[A-Z]$/;

/** Six letters of the name, year, month, day, place, check letter. */
const italian: Find = (window, at): Found | undefined => {
  const start = at - 6;
  if (letter[window.at(at - 1)] !== 1 || window.run(start, letter, 6) < 6 || !startsWord(window, start))
    return undefined;
  if (window.run(start, alphanumeric, 17) !== 16) return undefined;
  const text = window.latin1(start, start + 16).toUpperCase();
  return fiscalShape.test(text) && codiceFiscale(text) ? { start, end: start + 16 } : undefined;
};

const spaceOrDash = classOf(/[ -]/);
const upperOrSpace = classOf(/[A-Z ]/);

/** Only forms that a separator, a letter or a checksum tells from any other number. */
export const nationalIds: readonly Detector[] = [
  nationalId(
    'us-ssn',
    { kind: 'digits', lengths: [3], after: spaceOrDash, next: digit, find: grouped([3, 2, 4], '- ', isSsn) },
    {
      kind: 'literal',
      ignoreCase: true,
      literals: ['ssn', 'social_security_number', 'social security number', 'socialsecuritynumber'],
      find: keyedSsn,
    },
  ),
  nationalId('us-itin', {
    kind: 'digits',
    lengths: [3],
    after: spaceOrDash,
    next: digit,
    find: grouped([3, 2, 4], '- ', isItin),
  }),
  nationalId(
    'uk-nino',
    { kind: 'digits', lengths: [2], before: upperOrSpace, after: classOf(/ /), next: digit, back: 3, find: nino },
    { kind: 'digits', lengths: [6], before: upperOrSpace, after: classOf(/[A-D ]/), back: 3, find: nino },
  ),
  nationalId('es-dni', { kind: 'digits', lengths: [7, 8], after: classOf(/[A-Z-]/), back: 1, find: spanish }),
  nationalId(
    'fr-nir',
    { kind: 'digits', lengths: [15], find: grouped([15], '', isNir) },
    { kind: 'digits', lengths: [2], before: classOf(/ /), after: classOf(/ /), next: digit, find: spacedNir },
  ),
  nationalId('it-codice-fiscale', {
    kind: 'digits',
    lengths: [2],
    before: letter,
    after: letter,
    back: 6,
    find: italian,
  }),
  nationalId('br-cpf', {
    kind: 'digits',
    lengths: [3],
    after: classOf(/\./),
    next: digit,
    find: (window, at) => brazilian(window, at),
  }),
  nationalId('ca-sin', {
    kind: 'digits',
    lengths: [3],
    after: classOf(/-/),
    next: digit,
    find: grouped([3, 3, 3], '-', (digits) => /^[1-79]/.test(digits) && luhn(digits)),
  }),
  nationalId('in-aadhaar', {
    kind: 'digits',
    lengths: [4],
    after: spaceOrDash,
    next: digit,
    find: grouped([4, 4, 4], ' -', (digits) => /^[2-9]/.test(digits) && verhoeff(digits)),
  }),
];

function brazilian(window: Window, at: number): Found | undefined {
  if (!startsNumber(window, at) || window.at(at + 11) !== code('-')) return undefined;
  const groups = groupsAt(window, at, [3, 3, 3], '.');
  if (!groups || groups.end !== at + 11 || window.run(at + 12, digit, 3) !== 2) return undefined;
  return cpf(groups.digits + window.latin1(at + 12, at + 14)) ? { start: at, end: at + 14 } : undefined;
}
