import { describe, expect, test } from 'vitest';
import { edit, Hidden, type JsonString, parseJson, TextMasker } from './index.js';
import { everything, noRules, placeholders } from './testing/masking.js';
import { seeded, textOfPieces } from './testing/random.js';

const ticket = `${'sp'}t_k7Qm2vXw9ZrT4bN8cJ1hLs5D`;
const masker = (rules = everything, hidden = new Hidden()) => new TextMasker({ masker: rules, placeholders }, hidden);

const maskJson = (document: Buffer, rules = everything): string => {
  const found = masker(rules).string(document, parseJson(document) as JsonString);
  return Buffer.from(found ? edit(document, [found]) : document).toString();
};

describe('a text of a conversation', () => {
  test('loses its secrets although there is no rule', () => {
    const hidden = new Hidden();
    const text = masker(noRules, hidden).text(`ticket ${ticket}, mail ada@example.com`);
    expect(text).toMatch(/^ticket ⟦SALLYPORT-TICKET:[0-9a-f]{12}⟧, mail ada@example.com$/);
    expect(hidden).toMatchObject({ fields: 1, rules: ['secrets'] });
  });

  test('loses personal data by rule, whatever the rule’s action', () => {
    const hidden = new Hidden();
    expect(masker(everything, hidden).text('mail ada@example.com')).toMatch(/^mail ⟦EMAIL:[0-9a-f]{12}⟧$/);
    expect(hidden.rules).toEqual(['all']);
  });

  test('has the same placeholder for the same value, and another for another', () => {
    const [one, two, three] = [ticket, ticket, `${ticket}x`].map((value) => masker().text(value));
    expect(one).toBe(two);
    expect(three).not.toBe(one);
  });

  test('is the same where it is masked twice', () => {
    for (let seed = 0; seed < 250; seed += 1) {
      const text = textOfPieces(seeded(seed), 8);
      for (const rules of [everything, noRules]) {
        const once = masker(rules).text(text);
        const hidden = new Hidden();
        if (masker(rules, hidden).text(once) !== once || hidden.fields > 0) expect.fail(`seed ${seed}: ${once}`);
      }
    }
  });

  test.each([
    'password=⟦KEY-VALUE-SECRET:0123456789ab⟧',
    '"api_key": "⟦KEY-VALUE-SECRET:0123456789ab⟧"',
    'postgres://app:⟦URL-PASSWORD:012345678901⟧@db/app',
    '⟦GITHUB-TOKEN:7f3a9c21b04d⟧',
    'token ⟦GITHUB-TOKEN:7f3a9c21b04d⟧⟦EMAIL:111111111111⟧.',
    'Private-Lines: ⟦PRIVATE-KEY:123412341234⟧',
    "password='⟦KEY-VALUE-SECRET:0123456789ab⟧'",
  ])('keeps the placeholders that it has: %s', (text) => {
    expect(masker().text(text)).toBe(text);
  });

  test.each([
    ['a placeholder in front does not save a value', 'password=⟦EMAIL:0123456789ab⟧hunter2hunter2', 'hunter2'],
    ['two in front do not either', 'password="⟦EMAIL:0123456789ab⟧⟦EMAIL:0123456789ab⟧hunter2"', 'hunter2'],
    ['what only looks like one is none', 'password=⟦hunter2hunter2⟧', 'hunter2'],
    ['a tag that is too long is none', 'password=⟦EMAIL:0123456789abc⟧', '0123456789abc'],
    ['a password between two of them goes', 'x://u:⟦EMAIL:0123456789ab⟧hunter2@db', 'hunter2'],
  ])('%s', (_, text, secret) => {
    expect(masker().text(text)).not.toContain(secret);
  });

  test('in JSON keeps its escapes, and loses a value that is written with escapes', () => {
    const escapedTicket = Array.from(
      ticket,
      (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
    ).join('');
    const document = Buffer.from(`"\\u00e9\\n\\ud83d\\ude00 \\ud800 ${escapedTicket}\\t日\\/"`);
    expect(maskJson(document)).toMatch(/^"\\u00e9\\n\\ud83d\\ude00 \\ud800 ⟦SALLYPORT-TICKET:[0-9a-f]{12}⟧\\t日\\\/"$/);
  });

  test('in JSON is masked as it is outside', () => {
    for (let seed = 0; seed < 150; seed += 1) {
      const text = textOfPieces(seeded(seed), 6);
      const plain = JSON.stringify(text);
      const escaped = plain.replace(
        /[^\x20-\x7e]|[ep@]/g,
        (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
      );
      for (const written of [plain, escaped]) {
        const masked = maskJson(Buffer.from(written));
        expect(JSON.parse(masked), `seed ${seed}`).toBe(masker().text(text));
      }
    }
  });

  test('in JSON keeps every byte where nothing is found', () => {
    const document = Buffer.from('"nothing \\u0068ere"');
    expect(masker().string(document, parseJson(document) as JsonString)).toBeUndefined();
  });
});
