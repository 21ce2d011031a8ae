import { describe, expect, test } from 'vitest';
import { maxPreviewCharacters, previewOf, previewOfParameters, refuseUnreadable } from './index.js';

describe('a preview', () => {
  test('shows the statement and its length', () => {
    expect(previewOf("delete from patients\nwhere name = 'Zoë'")).toBe(
      "delete from patients\nwhere name = 'Zoë'\n(39 characters)",
    );
    expect(previewOf('x')).toBe('x\n(1 character)');
  });

  test.each([
    ['a carriage return that overwrites the line', 'a\rb', 'a\\u{000d}b'],
    ['a tab', 'a\tb', 'a\\u{0009}b'],
    ['a terminal’s escape', '\u001b[2K', '\\u{001b}[2K'],
    ['a C1 control', 'a\u009bb', 'a\\u{009b}b'],
    ['right-to-left override', 'a\u202eb', 'a\\u{202e}b'],
    ['an isolate', '\u2066a\u2069', '\\u{2066}a\\u{2069}'],
    ['zero-width space', 'a\u200bb', 'a\\u{200b}b'],
    ['a byte order mark', '\ufeffa', '\\u{feff}a'],
    ['a soft hyphen', 'a\u00adb', 'a\\u{00ad}b'],
    ['a no-break space', 'a\u00a0b', 'a\\u{00a0}b'],
    ['a line separator', 'a\u2028b', 'a\\u{2028}b'],
    ['a Hangul filler', 'a\u3164b', 'a\\u{3164}b'],
    ['a variation selector', 'a\ufe0fb', 'a\\u{fe0f}b'],
    ['a tag character', 'a\u{e0041}b', 'a\\u{e0041}b'],
    ['half a surrogate pair', 'a\ud800b', 'a\\u{d800}b'],
    ['a private character', 'a\ue000b', 'a\\u{e000}b'],
    ['the blank of Braille', 'a\u2800b', 'a\\u{2800}b'],
  ])('shows %s', (_what, text, shown) => {
    expect(previewOf(text).split('\n')[0]).toBe(shown);
  });

  test('measures gaps that would push text out of sight', () => {
    expect(previewOf(`a${' '.repeat(500)}b`)).toContain('a [500 spaces] b');
    expect(previewOf(`a${'\n'.repeat(200)}b`)).toContain('a\n[200 line feeds]\nb');
    expect(previewOf(`a${' '.repeat(8)}b`)).toContain(`a${' '.repeat(8)}b`);
  });

  test('shows every parameter on a line of its own', () => {
    expect(previewOfParameters(['7', null, 'NULL', 'a\nb\u202e'])).toEqual([
      '$1 = "7" (1 character)',
      '$2 = NULL',
      '$3 = "NULL" (4 characters)',
      '$4 = "a\\nb\\u{202e}" (4 characters)',
    ]);
  });
});

test('what cannot be shown whole is not reviewed', () => {
  const most = 'x'.repeat(maxPreviewCharacters - 10);
  expect(() => refuseUnreadable(most, ['1234567890'])).not.toThrow();
  expect(() => refuseUnreadable(most, ['12345678901'])).toThrowError(
    expect.objectContaining({ code: 'TOO_LARGE' }) as Error,
  );
});
