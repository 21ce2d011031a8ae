import { alphanumeric, classOf, code, letter } from './byte-class.js';
import { mod97 } from './checksums.js';
import { between, type Detector } from './detector.js';
import { endsWord, startsWord, type Window } from './window.js';

/** One number for two letters, whatever their case. */
const countryOf = (first: number, second: number): number => ((first & 0xdf) << 8) | (second & 0xdf);

/** Length by country, from the SWIFT IBAN registry (release 99). */
const lengths = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ' +
    'ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 ' +
    'LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 ' +
    'PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((entry) => [countryOf(code(entry[0]!), code(entry[1]!)), Number(entry.slice(2))]),
);
const separators = classOf(/[ -]/);

/** Letters and digits of an account number written solid, or with one separator after every four, and its end. */
const account = (window: Window, start: number, length: number): { text: string; end: number } | undefined => {
  const parted = separators[window.at(start + 4)] === 1 ? window.at(start + 4) : undefined;
  let [text, next] = ['', start];
  while (text.length < length) {
    if (parted !== undefined && text.length % 4 === 0 && text.length > 0) {
      if (window.at(next) !== parted) return undefined;
      next += 1;
    }
    if (alphanumeric[window.at(next)] !== 1) return undefined;
    text += window.latin1(next, next + 1);
    next += 1;
  }
  return { text: text.toUpperCase(), end: next };
};

/** International bank account numbers: known country, its length, right check digits. */
export const iban: Detector = {
  name: 'iban',
  class: 'personal-data',
  anchors: [
    {
      kind: 'digits',
      lengths: between(2, 20),
      before: letter,
      back: 2,
      find: (window, at) => {
        const [first, second] = [window.at(at - 2), window.at(at - 1)];
        if (letter[first] !== 1 || letter[second] !== 1) return undefined;
        const length = lengths.get(countryOf(first, second));
        if (length === undefined || !startsWord(window, at - 2)) return undefined;
        const found = account(window, at - 2, length);
        if (!found || !mod97(found.text) || !endsWord(window, found.end)) return undefined;
        return { start: at - 2, end: found.end };
      },
    },
  ],
};
