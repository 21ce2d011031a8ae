/** What is found in a value never depends on what lies beside it, nor on where in memory it begins: by chance, from a fixed seed. */
import { rounds } from '@sallyport/testkit/seeded';
import { expect, test } from 'vitest';
import { compileMasking, detectorNames } from './index.js';

// No sample is written as one literal: scanners of repositories would take it for a live key.
const mixed = 'a1B2c3D4e5F6g7H8i9J0'.repeat(3);
const samples = [
  ...['ada@shop.test', 'müller@bücher.example', 'ada%40shop.test', '+44 7700 900123', '(415) 555-2671'],
  ...['4012888888881881', '4012 8888 8888 1881', '523-48-7719', 'AB 12 34 56 C', '12345678Z', '111.444.777-35'],
  ...['DE89 3704 0044 0532 0130 00', 'DE89370400440532013000', '2 55 08 14 168 025 38', 'RSSMRA85T10A562S'],
  ...['"password": "correct horse"', "identified by 'hunter22'", 'api_key=abcdefgh', '"ssn": 523487719'],
  ...[
    `AK${'IA'}IOSFODNN7EXAMPLE`,
    `gh${'p_'}${mixed.slice(0, 36)}`,
    `Bearer ${mixed}`,
    `sk_${'live_'}${mixed.slice(0, 24)}`,
  ],
  ...[`ey${'J'}hbGciOiJSUzI1NiJ9.ey${'J'}zdWIiOiIxIn0.${mixed}`, `-----BEGIN RSA ${'PRIVATE'} KEY-----\n${mixed}\n`],
  ...[
    `postgres://ada:${'hunter22'}@db.test/x`,
    'lorem ipsum dolor sit amet',
    '4\u200b012 8888\u2060 8888 1881',
    '2024-01-15 10:23:45.123456',
    '',
  ],
];
const glue = [
  ...['', ' ', '.', ',', '\t', '\\n', '"', "'", '@', '+', '-', '_', '0', '123', 'a', 'AB ', 'é', '日本', '\0'],
  ...['\u200b', '\u00ad', '\u{e0041}', '４', '–', '\u00a0', '\\u200b', '\\'],
  ...['x@', '@y.test', '%40', 'password='],
];

let state = 1;
const below = (limit: number): number => {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  return (state >>> 8) % limit;
};
const oneOf = <T>(list: readonly T[]): T => list[below(list.length)]!;
const cut = (text: string): string => (below(3) === 0 ? text.slice(below(text.length + 1)) : text);
const made = (): Buffer =>
  Buffer.from(Array.from({ length: 1 + below(4) }, () => oneOf(glue) + cut(oneOf(samples)) + oneOf(glue)).join(''));

/** Among others, with a gap that moves it to every place of a word. */
const among = (value: Buffer): { bytes: Uint8Array; begin: number; end: number } => {
  const [before, after] = [made().subarray(-below(40)), made().subarray(0, below(40))];
  const whole = Buffer.concat([before, value, after]);
  const bytes = new Uint8Array(new ArrayBuffer(whole.length + 8), below(5), whole.length);
  bytes.set(whole);
  return { bytes, begin: before.length, end: before.length + value.length };
};

test.each(['redact', 'partial', 'hash'] as const)('whole, in the midst of others, and in pieces: %s', (action) => {
  const compiled = ['*', '*', ...detectorNames].map((detector) =>
    compileMasking([{ id: 'r', kind: 'detector', detector, action }], { key: new Uint8Array(32) }),
  );
  let hits = 0;
  for (let round = 0; round < rounds(8_000); round += 1) {
    const masker = oneOf(compiled);
    const value = made();
    const alone = masker.scan(value);
    const shown = Buffer.from(alone?.bytes ?? value).toString('latin1');
    if (alone !== undefined) hits += 1;

    const { bytes, begin, end } = among(value);
    const found = masker.finder(bytes)(begin, end);
    const out: Uint8Array[] = [];
    let from = begin;
    for (const one of found?.replacements ?? []) {
      out.push(bytes.subarray(from, one.start), one.bytes);
      from = one.end;
    }
    out.push(bytes.subarray(from, end));
    expect(Buffer.concat(out).toString('latin1'), JSON.stringify(value.toString())).toBe(shown);
    expect([found?.hidden, found?.rules]).toEqual([alone?.hidden, alone?.rules]);

    const stream = masker.stream();
    const [at, pieces] = [below(value.length + 1), [] as Uint8Array[]];
    for (const piece of [value.subarray(0, at), value.subarray(at)]) pieces.push(stream.push(piece));
    pieces.push(stream.end());
    expect(Buffer.concat(pieces).toString('latin1'), `cut at ${at}`).toBe(shown);
  }
  expect(hits).toBeGreaterThan(rounds(400));
});
