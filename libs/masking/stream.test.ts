import { rounds, sample } from '@sallyport/testkit/seeded';
import { describe, expect, test } from 'vitest';
import { compileMasking, type Masker, type StreamScanner } from './index.js';

const key = new Uint8Array(32).fill(7);
const rules = (action: 'redact' | 'partial' | 'hash' | 'null') =>
  compileMasking([{ id: 'all', kind: 'detector', detector: '*', action }], { key });

/** Numerical Recipes' generator: the same cuts and texts in every run. */
const seeded = (seed: number) => {
  let state = seed >>> 0;
  return (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
};
type Random = ReturnType<typeof seeded>;

const body = (random: Random, length: number, alphabet: string): string =>
  Array.from({ length }, () => alphabet[random(alphabet.length)]).join('');
const base62 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Values, halves of values and what parts them: any two may stand together. */
const piece = (random: Random): string => {
  const pieces = [
    'ada.quillfeather@example.com',
    'rené@müller.example',
    'x%40example.org',
    '\\u0040',
    '@',
    '4111 1111 1111 1111',
    '378282246310005',
    '523-48-7719',
    'AB 12 34 56 C',
    'AB ',
    '1 84 12 76 451 089 46',
    'RSSMRA85T10A562S',
    'X1234567L',
    '529.982.247-25',
    '2341 2341 2346',
    'GB29 NWBK 6016 1331 9268 19',
    'DE89370400440532013000',
    '(415) 555-2671',
    '+44 7700 900123',
    '+',
    `${'gh'}p_${body(random, 36 + random(9), base62)}`,
    `${'AK'}IAIOSFODNN7EXAMPLE`,
    `abc8${'Q'}~${body(random, 34, base62)}`,
    `${'sk'}-${body(random, 20 + random(40), base62)}`,
    `eyJ${body(random, random(60), base62)}.eyJ${body(random, random(60), base62)}.${body(random, 20, base62)}`,
    '-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\nq83vEg==\n',
    '-----END RSA PRIVATE KEY-----',
    '-----BEGIN ',
    'postgres://app:p@ss@db/app',
    '://u:',
    '"password": "correct \\" horse"',
    'password=',
    'token: ',
    'aws_secret_access_key=',
    "identified by 'x y z'",
    'Bearer ',
    'Basic YWRhOmh1bnRlcjI=',
    '"ssn":"523487719"',
    'hello world',
    '日本語',
    'é',
    '\u200b',
    '\u00ad',
    '\u{e0041}',
    '–',
    '\u00a0',
    '４',
    '４１',
    '\\u200b',
    '4\u200b111 1111\u2060 1111 111\u00ad1',
    '523\u200b-48\u200b-7719',
    'a\u200bda@exa\ufeffmple.com',
    'pass\u200bword=\\u200b',
    body(random, random(80), base62),
    body(random, random(30), '0123456789'),
    body(random, random(30), ' .-@+:/="\'\\\n()'),
  ];
  return pieces[random(pieces.length)]!;
};

const separators = ['', '', ' ', '\n', ',', ': ', '"', "'", '=', '-', '\\n', '.', '@'];
const textOf = (random: Random, pieces: number): Buffer =>
  Buffer.from(Array.from({ length: pieces }, () => piece(random) + separators[random(separators.length)]).join(''));

/** Pushes `bytes` cut anywhere; each chunk is overwritten after its push, as a socket's buffer would be. */
const cut = (stream: StreamScanner, bytes: Uint8Array, next: () => number): string => {
  const output: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = Math.min(bytes.length, start + next());
    const chunk = Uint8Array.from(bytes.subarray(start, end));
    output.push(Buffer.from(stream.push(chunk)));
    chunk.fill(0x40);
    start = end;
  }
  output.push(Buffer.from(stream.end()));
  return Buffer.concat(output).toString('latin1');
};
const whole = (masker: Masker, bytes: Uint8Array): string =>
  Buffer.from(masker.scan(bytes)?.bytes ?? bytes).toString('latin1');

describe('a stream gives the same output however it is cut', () => {
  test.each(['redact', 'partial', 'hash'] as const)('and the same as the whole, with action %s', (action) => {
    const masker = rules(action);
    const random = seeded(20261121);
    for (let round = 0; round < rounds(200); round += 1) {
      const bytes = textOf(random, 1 + random(12));
      const expected = whole(masker, bytes);
      for (const most of [1, 3, 17, 200]) {
        const stream = masker.stream();
        expect(
          cut(stream, bytes, () => 1 + random(most)),
          JSON.stringify(bytes.toString()),
        ).toBe(expected);
        expect(stream.hidden).toBe(masker.scan(bytes)?.hidden ?? 0);
      }
    }
  });

  test('at each single place where two chunks can meet', () => {
    const masker = rules('redact');
    const random = seeded(7);
    const bytes = textOf(random, 60);
    const expected = whole(masker, bytes);
    for (const place of sample(bytes.keys()).slice(1)) {
      const sizes = [place, bytes.length];
      expect(
        cut(masker.stream(), bytes, () => sizes.shift()!),
        `cut at ${place}`,
      ).toBe(expected);
    }
  });
});

describe('a stream holds back an open value only', () => {
  const masker = rules('redact');

  test('an event that ends a line leaves at once', () => {
    const event = Buffer.from('data: {"type":"content_block_delta","delta":{"text":"The deploy finished on"}}\n\n');
    expect(Buffer.from(masker.stream().push(event)).toString()).toBe(event.toString());
  });

  test('a word may begin an address, and waits', () => {
    const stream = masker.stream();
    expect(Buffer.from(stream.push(Buffer.from('mail to ada'))).toString()).toBe('mail to ');
    expect(Buffer.from(stream.push(Buffer.from('@example.com '))).toString()).toBe('[redacted:email] ');
  });

  test('a word that stays a word is let go at the end', () => {
    const stream = masker.stream();
    stream.push(Buffer.from('the end'));
    expect(Buffer.from(stream.end()).toString()).toBe('end');
  });

  test('an ended stream takes nothing more', () => {
    const stream = masker.stream();
    stream.end();
    expect(() => stream.push(Buffer.from('x'))).toThrow('ended');
  });
});

describe('a value of any length is hidden to its end', () => {
  const long: Record<string, (length: number) => { open: string; more: string; close: string }> = {
    'a private key without an end': () => ({ open: '-----BEGIN PRIVATE KEY-----\n', more: 'q83vEgAB', close: '!' }),
    'a token': () => ({ open: `${'gh'}p_`, more: 'a1B2c3D4', close: ' ' }),
    'a JWT': () => ({ open: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx.', more: 'a1B2c3D4', close: ' ' }),
    'a header that never ends': () => ({ open: 'eyJ', more: 'a1B2c3D4', close: ' ' }),
    'a quoted password': () => ({ open: '"password":"', more: 'ab \\" cd', close: '"' }),
    'a bare password': () => ({ open: 'password=', more: 'a1B2c3D4', close: ' ' }),
  };
  test.each(Object.entries(long))('%s', (_, shape) => {
    const { open, more, close } = shape(0);
    for (const action of ['redact', 'partial', 'hash'] as const) {
      const stream = rules(action).stream();
      let output = Buffer.from(stream.push(Buffer.from(open))).toString();
      const chunk = Buffer.from(more.repeat(2048));
      for (let count = 0; count < 32; count += 1) output += Buffer.from(stream.push(chunk)).toString();
      output +=
        Buffer.from(stream.push(Buffer.from(`${close}after`))).toString() + Buffer.from(stream.end()).toString();
      expect(output).not.toContain(more.slice(0, 5));
      expect(output).toMatch(/\[redacted:[a-z-]+\].after$/);
      expect(output.length).toBeLessThan(80);
    }
  });

  test.each(['password=', 'eyJ', '-----BEGIN PRIVATE KEY-----', 'Basic ', '://a:', '@', ''])(
    '%j is not kept',
    (open) => {
      const stream = rules('hash').stream();
      const chunk = Buffer.alloc(1 << 16, 'a1B2c3D4');
      stream.push(Buffer.from(open));
      for (let count = 0; count < 16; count += 1) {
        stream.push(chunk);
        expect(stream.held).toBeLessThan(8192);
      }
    },
  );
});
