import type { MaskingAction } from '@sallyport/core';
import { describe, expect, test } from 'vitest';
import { compileMasking, hideSecrets, isSecret, type Masker, secretsOnly } from './index.js';

const key = new Uint8Array(32).fill(9);
const masking = (action: MaskingAction, detector = '*'): Masker =>
  compileMasking([{ id: 'rule', kind: 'detector', detector, action }], { key });
const text = (masker: Masker, value: string): string | undefined => masker.scanText(value)?.text;
const column = (action: MaskingAction) =>
  compileMasking([{ id: 'c', kind: 'column', column: '*.*.*', action }], { key }).column('a', 'b', 'c')!;

describe('what each action shows of a column', () => {
  test('redact: the same for every value, the empty one too', () => {
    const { apply } = column('redact');
    expect(new Set(['', 'a', '523-48-7719', 'x'.repeat(9999)].map(apply))).toEqual(new Set(['[redacted]']));
  });

  test('null: nothing', () => {
    expect(column('null').apply('523-48-7719')).toBeNull();
  });

  test.each([
    ['4111111111111111', '****1111'],
    ['523-48-7719', '****19'],
    ['hunter2', '****'],
    ['', '****'],
    ['ééééééééééñé', '****ééñé'],
    ['aaaaaaaaaa"\\\n\u0000', '********'],
    ['👩‍👩‍👧‍👦abcdefgh', '****efgh'],
  ])('partial: of %j %j', (value, expected) => {
    expect(column('partial').apply(value)).toBe(expected);
  });

  test('hash: equal for equal values, another with another key', () => {
    const { apply } = column('hash');
    expect(apply('ada')).toMatch(/^hmac:[0-9a-f]{16}$/);
    expect(apply('ada')).toBe(apply('ada'));
    expect(apply('ada')).not.toBe(apply('adb'));
    const other = compileMasking([{ id: 'c', kind: 'column', column: '*.*.*', action: 'hash' }], {
      key: new Uint8Array(32),
    });
    expect(other.column('a', 'b', 'c')?.apply('ada')).not.toBe(apply('ada'));
  });
});

describe('what each action shows of something found', () => {
  test('partial and hash see the value that was found, and no more', () => {
    expect(text(masking('partial'), 'card 4111 1111 1111 1111.')).toBe('card ****1111.');
    const inText = text(masking('hash'), 'to ada@example.com,');
    expect(inText).toBe(`to ${column('hash').apply('ada@example.com')},`);
  });

  test('null makes the whole value NULL, and leaves a gap in running text', () => {
    const masker = masking('null');
    expect(masker.scan(Buffer.from('mail ada@example.com now'))?.bytes).toBeNull();
    expect(text(masker, 'mail ada@example.com now')).toBe('mail  now');
  });

  test('rules and values are counted', () => {
    const result = masking('redact').scanText('ada@example.com and 523-48-7719');
    expect(result).toMatchObject({ rules: ['rule'], hidden: 2 });
  });

  test('clean bytes come back as undefined', () => {
    expect(masking('redact').scan(Buffer.from('nothing to see'))).toBeUndefined();
    expect(masking('redact').scan(new Uint8Array(0))).toBeUndefined();
  });

  test('UTF-8 around a value stays whole', () => {
    expect(text(masking('redact'), '日本語ada@example.com日本語')).toBe('日本語[redacted:email]日本語');
    expect(text(masking('partial'), '{"password":"パスワードパスワードパスワード"}')).toBe(
      '{"password":"****スワード"}',
    );
  });
});

describe('values that overlap', () => {
  const both = compileMasking(
    [
      { id: 'mail', kind: 'detector', detector: 'email', action: 'partial' },
      { id: 'secret', kind: 'detector', detector: 'key-value-secret', action: 'redact' },
    ],
    { key },
  );

  test('are hidden as one, by the stricter action', () => {
    expect(text(both, 'password=ada@example.com x')).toBe('password=[redacted:key-value-secret] x');
    expect(both.scanText('password=ada@example.com')?.rules).toEqual(['mail', 'secret']);
  });

  test('whichever of them begins or is found first', () => {
    const mailFirst = compileMasking(
      [
        { id: 'mail', kind: 'detector', detector: 'email', action: 'redact' },
        { id: 'secret', kind: 'detector', detector: 'key-value-secret', action: 'partial' },
      ],
      { key },
    );
    expect(text(mailFirst, 'password=ada@example.com x')).toBe('password=[redacted:key-value-secret] x');
  });

  test('are hidden whole where neither is all of it', () => {
    expect(text(masking('partial', 'personal-data'), '4111 1111 1111 1111@example.com')).toBe(
      '[redacted:payment-card]',
    );
  });

  test('of two names for one value the narrower is shown', () => {
    const anthropic = `${'sk'}-ant-api03-${'a1B2c3D4'.repeat(10)}`;
    expect(text(masking('redact'), anthropic)).toBe('[redacted:anthropic-key]');
  });

  test('a lenient rule for one detector does not loosen the rule for all', () => {
    const rules = [
      { id: 'all', kind: 'detector', detector: '*', action: 'redact' },
      { id: 'mail', kind: 'detector', detector: 'email', action: 'partial' },
    ] as const;
    expect(text(compileMasking(rules, { key }), 'ada@example.com')).toBe('[redacted:email]');
  });
});

test('what is masked is not found again', () => {
  const masker = masking('redact');
  const once = text(masker, '{"password":"hunter2","mail":"ada@example.com"} postgres://u:pw@h token=abcdefgh')!;
  expect(text(masker, once)).toBeUndefined();
});

describe('JSON', () => {
  const profile = '{"phone":"+44 7700 900123","ssn":"523-48-7719"}';

  test('free text and documents with values in them, as a database returns them', () => {
    const masker = masking('redact');
    expect(text(masker, 'call 618-22-9034')).toBe('call [redacted:us-ssn]');
    expect(JSON.parse(text(masker, profile)!)).toEqual({ phone: '[redacted:phone]', ssn: '[redacted:us-ssn]' });
  });

  test.each(['redact', 'partial', 'hash'] as const)('stays JSON when a number is hidden by %s', (action) => {
    const document =
      '{"card": 4111111111111111, "list":[4012888888881881,1], "note":"x, 4111111111111111, y", "q\\"":"a\\\\", "token": 12345678}';
    const bytes = masking(action).scanJson(Buffer.from(document))?.bytes;
    const parsed = JSON.parse(Buffer.from(bytes ?? []).toString()) as Record<string, unknown>;
    expect(Object.keys(parsed)).toEqual(['card', 'list', 'note', 'q"', 'token']);
    expect(typeof parsed['card']).toBe('string');
    expect(JSON.stringify(parsed)).not.toMatch(/4111111111111|4012888888|12345678/);
  });

  test('only what begins and ends like JSON is treated so', () => {
    expect(Buffer.from(masking('redact').scanJson(Buffer.from('4111111111111111'))?.bytes ?? []).toString()).toBe(
      '[redacted:payment-card]',
    );
  });
});

describe('the scanner for what is stored', () => {
  test('knows secrets and leaves personal data', () => {
    expect(isSecret(`token ${'gh'}p_${'a1B2'.repeat(9)}`)).toBe(true);
    expect(isSecret('ada@example.com 523-48-7719')).toBe(false);
    expect(secretsOnly.detectorNames).not.toContain('email');
  });

  test('gives the literal without its secret, or nothing to change', () => {
    expect(hideSecrets('postgres://app:geheim@db/app')).toBe('postgres://app:[redacted:url-password]@db/app');
    expect(hideSecrets('plain')).toBeUndefined();
  });

  test('takes the password out of a statement', () => {
    expect(secretsOnly.scanText("ALTER ROLE app WITH PASSWORD 'geheim'")?.text).toBe(
      "ALTER ROLE app WITH PASSWORD '[redacted:key-value-secret]'",
    );
  });
});

describe('values among other bytes', () => {
  const values = [
    '',
    'plain',
    'ada@shop.test',
    '523-48-7719',
    '4012888888881881',
    '4012 8888 8888 1881',
    '(415) 555-2671',
    'AB 12 34 56 C',
    'DE89370400440532013000',
    '"password": "correct horse"',
    `${'gh'}p_${'a1B2'.repeat(9)}`,
    '-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n',
    '2024-01-15 10:23:45.123456',
  ];
  /** Whatever would make a value longer, or hide where it begins or ends, if it were read. */
  const neighbours = [
    '',
    'd',
    '1',
    '@',
    '+',
    '.',
    '-',
    'A',
    '_',
    '\\n',
    'é',
    ' ',
    'password=',
    'x@',
    '@y.test',
    '0000',
  ];

  test('are found or not as if each stood alone, wherever it lies', () => {
    const masker = masking('redact');
    for (const value of values)
      for (const before of neighbours)
        for (const after of neighbours) {
          const alone = masker.scan(Buffer.from(value));
          const [begin, end] = [Buffer.byteLength(before), Buffer.byteLength(before + value)];
          const bytes = Buffer.from(before + value + after);
          const found = masker.finder(bytes)(begin, end);
          const out: Uint8Array[] = [];
          let from = begin;
          for (const one of found?.replacements ?? []) {
            out.push(bytes.subarray(from, one.start), one.bytes);
            from = one.end;
          }
          out.push(bytes.subarray(from, end));
          const expected = Buffer.from(alone?.bytes ?? Buffer.from(value)).toString();
          expect(Buffer.concat(out).toString(), `${before}|${value}|${after}`).toBe(expected);
          expect([found?.hidden, found?.rules]).toEqual([alone?.hidden, alone?.rules]);
        }
  });

  test('are found at every place of a long piece', () => {
    const masker = masking('redact');
    const bytes = Buffer.alloc(300, 'x');
    const finder = masker.finder(bytes);
    for (let at = 0; at + 13 <= bytes.length; at += 1) {
      bytes.fill('x').write('ada@shop.test', at, 'latin1');
      expect(finder(at, at + 13)?.replacements.map(({ start, end }) => [start, end])).toEqual([[at, at + 13]]);
      expect(finder(at, at + 4)).toBeUndefined();
    }
  });
});
