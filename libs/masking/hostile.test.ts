import { expect, test } from 'vitest';
import { compileMasking } from './index.js';

const masker = compileMasking([{ id: 'all', kind: 'detector', detector: '*', action: 'redact' }], {
  key: new Uint8Array(32),
});

// Each would take minutes where a detector looks again at what it has seen, for each byte; the test's own limit tells.
const size = 1 << 18;
const hostile: Record<string, string> = {
  'at signs': '@',
  'digits without end': '4',
  'groups of four digits': '4111 ',
  'plus signs and digits': '+1',
  'begins of addresses': 'a@',
  'addresses without a domain': 'a.b@c.',
  'begins of keys': '-----BEGIN ',
  'begins of key labels': '-----BEGIN PRIVATE KEY',
  'ends of keys': '-----END ',
  'begins of tokens': 'eyJ',
  'begins of tokens, parted': 'eyJ.',
  'passwords of passwords': 'password=',
  'keys without values': 'password: ',
  URLs: '://a:',
  'URLs with at signs': '://a:@',
  backslashes: '\\',
  quotes: '"password":"\\',
  'country codes': 'DE89 ',
  'bytes that are no UTF-8': '\xc3',
  zeroes: '\0',
  'prefixes of secrets': `${'sk'}-`,
  'months of Italians': 'ABCDEF12',
};

test.each(Object.entries(hostile))('a quarter of a megabyte of %s is judged in passing', (_, unit) => {
  const bytes = Buffer.alloc(size, unit, 'latin1');
  const hidden = masker.scan(bytes)?.hidden ?? 0;
  const stream = masker.stream();
  for (let start = 0; start < bytes.length; start += 4096) stream.push(bytes.subarray(start, start + 4096));
  stream.end();
  expect(stream.hidden).toBe(hidden);
});

test('random bytes are never a reason to fail', () => {
  let state = 1;
  const bytes = Uint8Array.from({ length: 1 << 18 }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state >>> 24;
  });
  expect(() => masker.scan(bytes)).not.toThrow();
});

test('a value cut short at any byte is judged without an error', () => {
  const text = Buffer.from(
    `${'AK'}IAIOSFODNN7EXAMPLE eyJhbGciOiJI.eyJzdWIiOiIx.abc {"password":"x\\"y"} ada@example.com +44 7700 900123`,
  );
  for (let length = 0; length <= text.length; length += 1)
    expect(() => masker.scan(text.subarray(0, length))).not.toThrow();
});
