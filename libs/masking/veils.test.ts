/** What is invisible between the characters of a value, or stands for them, does not hide it. */
import { describe, expect, test } from 'vitest';
import { compileMasking } from './index.js';

const key = new Uint8Array(32).fill(7);
const by = (action: 'redact' | 'hash' | 'partial') =>
  compileMasking([{ id: 'all', kind: 'detector', detector: '*', action }], { key });
const masker = by('redact');

const invisible: Readonly<Record<string, string>> = {
  'zero-width space': '\u200b',
  'zero-width non-joiner': '\u200c',
  'zero-width joiner': '\u200d',
  'word joiner': '\u2060',
  'soft hyphen': '\u00ad',
  'byte order mark': '\ufeff',
  'variation selector': '\ufe0f',
  'variation selector beyond the BMP': '\u{e0101}',
  'right-to-left override': '\u202e',
  'left-to-right isolate': '\u2066',
  'Arabic letter mark': '\u061c',
  'tag character': '\u{e0041}',
  'combining grapheme joiner': '\u034f',
  'Hangul filler': '\u3164',
  'Mongolian vowel separator': '\u180e',
  'several of them': '\u200b\u00ad\u{e0041}\ufeff',
};
const escaped = (text: string, backslash = '\\'): string =>
  text.replace(/[\u0080-\uffff]/g, (unit) => `${backslash}u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

// No sample is written as one literal: scanners of repositories would take it for a live key.
const values: Readonly<Record<string, string>> = {
  'payment-card': '4111111111111111',
  'payment-card, printed': '4111 1111 1111 1111',
  iban: 'DE89370400440532013000',
  'us-ssn': '523-48-7719',
  email: 'ada.quillfeather@example.com',
  'aws-access-key-id': `${'AK'}IAIOSFODNN7EXAMPLE`,
  'github-token': `${'gh'}p_a1B2c3D4e5F6g7H8i9J0a1B2c3D4e5F6g7H8`,
};
const kindOf = (name: string): string => name.split(',')[0]!;
const frames: readonly ((value: string) => string)[] = [
  (value) => `It is ${value} – is it not?`,
  (value) => JSON.stringify({ q: value, n: 1 }),
  (value) => `番号（${value}）です。\nnächste Zeile „x“`,
];

const streamed = (bytes: Buffer, cut: number, size = bytes.length): string => {
  const stream = masker.stream();
  const out = [stream.push(bytes.subarray(0, cut))];
  for (let at = cut; at < bytes.length; at += size) out.push(stream.push(bytes.subarray(at, at + size)));
  return Buffer.concat([...out, stream.end()]).toString();
};

describe.each(Object.entries(invisible))('%s', (_, veil) => {
  test.each(Object.entries(values))('in a value: %s', (name, value) => {
    for (const written of [veil, escaped(veil), escaped(veil, '\\\\')])
      for (const frame of frames) {
        const text = frame('@@').replace('@@', () => [...value].join(written));
        const hidden = frame('@@').replace('@@', `[redacted:${kindOf(name)}]`);
        expect(masker.scanText(text)?.text).toBe(hidden);
      }
  });

  test('byte by byte', () => {
    for (const [name, value] of Object.entries(values)) {
      const text = `"${[...value].join(veil)}" “${[...value].join(escaped(veil))}”`;
      const hidden = `[redacted:${kindOf(name)}]`;
      expect(streamed(Buffer.from(text), 0, 1)).toBe(`"${hidden}" “${hidden}”`);
    }
  });

  test('cut at any byte', () => {
    const text = Buffer.from(`é ${[...values['payment-card, printed']!].join(veil)} „x“`);
    for (let cut = 0; cut <= text.length; cut += 1)
      expect(streamed(text, cut), `at ${cut}`).toBe('é [redacted:payment-card] „x“');
  });

  test('where nothing is found every byte stays', () => {
    for (const text of [`a${veil}b 12${veil}34 ${veil}`, `👩${veil}💻 日${veil}本`, veil.repeat(40)]) {
      expect(masker.scanText(text)).toBeUndefined();
      expect(streamed(Buffer.from(text), 3, 1)).toBe(text);
    }
  });
});

describe('other forms of ASCII', () => {
  test.each([
    ['カード４１１１１１１１１１１１１１１１です', 'カード[redacted:payment-card]です'],
    ['４１１１　１１１１　１１１１　１１１１', '[redacted:payment-card]'],
    ['4111111111111１１１', '[redacted:payment-card]'],
    ['４111111111111111', '[redacted:payment-card]'],
    ['بطاقة ٤١١١١١١١١١١١١١١١', 'بطاقة [redacted:payment-card]'],
    ['شماره ۴۱۱۱۱۱۱۱۱۱۱۱۱۱۱۱', 'شماره [redacted:payment-card]'],
    ['𝟒𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏', '[redacted:payment-card]'],
    ['SSN 523–48–7719', 'SSN [redacted:us-ssn]'],
    ['523‑48‑7719', '[redacted:us-ssn]'],
    ['DE89\u00a03704\u00a00044\u00a00532\u00a00130\u00a000', '[redacted:iban]'],
    ['ａｄａ＠ｅｘａｍｐｌｅ．ｃｏｍ', '[redacted:email]'],
    ['password：hunter222', 'password：[redacted:key-value-secret]'],
    ['{"c":"\\uff14\\uff11\\uff11\\uff11111111111111"}', '{"c":"[redacted:payment-card]"}'],
  ])('%j', (text, hidden) => {
    expect(masker.scanText(text)?.text).toBe(hidden);
    for (let cut = 0; cut <= Buffer.byteLength(text); cut += 1) expect(streamed(Buffer.from(text), cut)).toBe(hidden);
  });

  test.each([
    '第１２回（予定）、２０２４年度の会議は、東京都渋谷区１－２－３で。',
    'in den Jahren 1990–1995, am 12. März, z.\u00a0B. 10\u00a0%',
    '٢٠٢٤/١٢/٣١',
    'https://例え.テスト/ａｂｃ',
    '\ufeffid,name\n1,x\n',
    'C:\\users\\u200 and \\ud83d\\ude00',
    'Ver\u00adwal\u00adtungs\u00adge\u00adricht',
  ])('leaves %j', (text) => {
    expect(masker.scanText(text)).toBeUndefined();
  });
});

test('a value is found as it was before, where an invisible character parts it from the next', () => {
  expect(masker.scanText('4111111111111111\u200b4012888888881881 a@b.com\u200b1')?.text).toBe(
    '[redacted:payment-card]\u200b[redacted:payment-card] [redacted:email]\u200b1',
  );
});

test('a word may begin or end at what is invisible', () => {
  const secret = `${'sk'}-ab\u200bcdefghijklmnop1234567890`;
  expect(masker.scanText(`a\u200b${secret}’s`)?.text).toBe('a\u200b[redacted:openai-key]’s');
  expect(masker.scanText('x\u200b523-\u200b48-7719\u200bx')?.text).toBe('x\u200b[redacted:us-ssn]\u200bx');
});

test('a value has one hash, however it is written', () => {
  const hashed = by('hash');
  const plain = hashed.scanText('4111111111111111')?.text;
  for (const text of ['41\u200b11111111111111', '４１１１１１１１１１１１１１１１', '4111\\u200b111111111111'])
    expect(hashed.scanText(text)?.text).toBe(plain);
  expect(by('partial').scanText('41\u200b1111111111111\u200b1')?.text).toBe('****1111');
});

test('what is recognised is followed through what is invisible, in a stream without an end', () => {
  const stream = masker.stream();
  const out = [stream.push(Buffer.from(`${'gh'}p_a1B2c3D4e5F6g7H8i9J0a1B2c3D4e5F6g7H8`))];
  const piece = Buffer.from('a1B2\u200bc3D4\\u2060e5F6\u{e0041}');
  for (let count = 0; count < 4000; count += 1)
    for (const half of [piece.subarray(0, 6), piece.subarray(6)]) {
      out.push(stream.push(half));
      expect(stream.held).toBeLessThan(8192);
    }
  out.push(stream.push(Buffer.from(' end')), stream.end());
  expect(Buffer.concat(out).toString()).toBe('[redacted:github-token] end');
});

test('what is invisible, without an end, is not kept', () => {
  const stream = masker.stream();
  stream.push(Buffer.from('4111'));
  const veils = Buffer.from('\u200b'.repeat(20_000));
  for (let count = 0; count < 8; count += 1) {
    stream.push(veils);
    expect(stream.held).toBeLessThan(8192);
  }
});

test('a bare password is not cut inside a letter', () => {
  expect(masker.scanText('password=voilà123 x')?.text).toBe('password=[redacted:key-value-secret] x');
});
