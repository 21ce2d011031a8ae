import { describe, expect, test } from 'vitest';
import { Hidden, TextMasker } from './index.js';
import { everything, noRules, placeholders } from './testing/masking.js';
import { seeded, textOfPieces } from './testing/random.js';

const cleanerOf = (rules = everything, hidden = new Hidden()) =>
  new TextMasker({ masker: rules, placeholders }, hidden).cleaner();

const cleaned = (pieces: readonly string[], rules = everything): string => {
  const cleaner = cleanerOf(rules);
  return pieces.map((piece) => cleaner.push(piece)).join('') + cleaner.end();
};

const ticket = `${'sp'}t_k7Qm2vXw9ZrT4bN8cJ1hLs5D`;
const pem = `-----BEGIN RSA PRIVATE KEY-----\n${'MIIEpAIBAAKCAQEAq83v\n'.repeat(9)}-----END RSA PRIVATE KEY-----`;
const canaries = [
  ['a ticket', ticket],
  ['a named password', 'password = "hunter2hunter2"'],
  ['a private key', pem],
  ['the password of a URL', 'postgres://app:hunter2hunter2@db/x'],
  ['an address', 'ada@example.com'],
] as const;

describe('a text that comes in pieces', () => {
  test.each(canaries)('is cleaned the same wherever it is cut in two: %s', (_, canary) => {
    const text = `See 日本 😀 ${canary} and so on ⟦EMAIL:0123456789ab⟧.`;
    const whole = cleaned([text]);
    expect(whole).toMatch(/^See 日本 😀 .*⟦[A-Z-]+:[0-9a-f]{12}⟧.* and so on ⟦EMAIL:0123456789ab⟧\.$/s);
    for (let cut = 0; cut <= text.length; cut += 1) expect(cleaned([text.slice(0, cut), text.slice(cut)])).toBe(whole);
  });

  test.each(canaries)(
    'is cleaned the same unit by unit, and nothing of a value passes while it comes: %s',
    (_, canary) => {
      const text = `a ${canary} b`;
      const cleaner = cleanerOf();
      let out = '';
      for (const unit of text.split('')) {
        out += cleaner.push(unit);
        expect(out).not.toMatch(/hunter|MIIE|spt_|ada@/);
      }
      expect(out + cleaner.end()).toBe(cleaned([text]));
    },
  );

  test('is cleaned the same however it is cut', () => {
    for (let seed = 0; seed < 150; seed += 1) {
      const random = seeded(seed);
      const text = textOfPieces(random, 8);
      const pieces: string[] = [];
      for (let at = 0; at < text.length; ) {
        const end = at + 1 + random(12);
        pieces.push(text.slice(at, end));
        at = end;
      }
      for (const rules of [everything, noRules])
        expect(cleaned(pieces, rules), `seed ${seed}`).toBe(cleaned([text], rules));
    }
  });

  test('lets go of everything but the last word', () => {
    const cleaner = cleanerOf();
    expect(cleaner.push('Nothing is hidden in this senten')).toBe('Nothing is hidden in this ');
    expect(cleaner.holds).toBe(true);
    expect(cleaner.push('ce, really. ')).toBe('sentence, really. ');
    expect(cleaner.holds).toBe(false);
  });

  test.each(['a', 'password ', 'Bearer ', 'x://user:', '4', 'basic '])(
    'holds back no more than it must where %s comes without end',
    (unit) => {
      const cleaner = cleanerOf();
      let [came, most] = [0, 0];
      let out = 0;
      for (let turn = 0; turn < 4000; turn += 1) {
        came += unit.length;
        out += cleaner.push(unit).length;
        most = Math.max(most, came - out);
      }
      expect(most).toBeLessThan(2048 + 256);
    },
  );

  test('tells what was hidden while it comes', () => {
    const hidden = new Hidden();
    const cleaner = cleanerOf(noRules, hidden);
    cleaner.push(`${ticket} and on`);
    expect(hidden.fields).toBe(1);
    cleaner.end();
    expect(hidden).toMatchObject({ fields: 1, rules: ['secrets'] });
  });

  test('puts a surrogate pair together that two pieces share', () => {
    expect(cleaned(['x \ud83d', '\ude00 y'])).toBe('x 😀 y');
    expect(cleaned(['x \ud83d'])).toBe('x \ufffd');
  });
});
