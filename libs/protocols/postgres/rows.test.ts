import { compileMasking } from '@sallyport/masking';
import { describe, expect, test } from 'vitest';
import { dataRow } from '../testing/data-row.js';
import type { Field } from './backend.js';
import { Hidden } from './hidden.js';
import { wholeMask } from './origin.js';
import { cleanOne } from './rewriter.js';
import { rowCleaner } from './rows.js';
import { cleanValue } from './values.js';
import { Fields, type Message, MessageReader } from './wire.js';

const secret = ['AKIA', 'QYLPMN5HHH3EXAMP'].join('');
const masker = compileMasking(
  [
    { id: 'ssn', kind: 'column', column: 'a.b.ssn', action: 'partial' },
    { id: 'secrets', kind: 'detector', detector: 'secrets', action: 'redact' },
    { id: 'personal', kind: 'detector', detector: 'personal-data', action: 'redact' },
  ],
  { key: new Uint8Array(32) },
);

const field = (name: string, type = 25, format = 0): Field => ({ name, table: 0, attribute: 0, type, format });

const messageOf = (values: readonly (Buffer | null)[]): Message => {
  const reader = new MessageReader();
  reader.push(dataRow(values));
  return reader.next()!;
};

const valuesOf = (row: Buffer): (string | null)[] => {
  const fields = new Fields(row.subarray(5));
  return Array.from({ length: fields.count() }, () => fields.value()?.toString('utf8') ?? null);
};

const clean = (fields: readonly Field[], values: readonly (string | null)[], more: object = {}) => {
  const hidden = new Hidden();
  const cleaner = rowCleaner({ fields, masks: fields.map(() => undefined), own: [], masker, ...more });
  const row = messageOf(values.map((value) => (value === null ? null : Buffer.from(value))));
  return { values: valuesOf(cleanOne(row.raw, cleaner, hidden)), told: hidden.told() };
};

/** Of every kind that detectors know, and of lengths that look like letters, digits and blanks where they stand in a row. */
const values = [
  null,
  '',
  'plain',
  secret,
  '523-48-7719',
  '4012888888881881',
  '+44 7700 900123',
  'ada@shop.test',
  `{"password": "hunter2hunter2", "key": "${secret}"}`,
  ...[31, 32, 33, 45, 46, 48, 57, 65, 90, 95, 97, 122].flatMap((length) => [
    'x'.repeat(length),
    secret.padEnd(length, ' ').slice(0, Math.max(length, secret.length)),
    `4012888888881881${' '.repeat(Math.max(0, length - 16))}`,
  ]),
];

describe('a row', () => {
  test('is found clean or not, value by value, as if each stood alone', () => {
    const fields = ['a', 'b', 'c'].map((name) => field(name));
    const alone = (value: string | null): string | null => {
      const found = value === null ? undefined : cleanValue(Buffer.from(value), fields[0]!, masker);
      return found === undefined ? value : (found.value?.toString('utf8') ?? null);
    };
    for (const first of values)
      for (const second of values)
        expect(clean(fields, [first, second, secret]).values, `${first}|${second}`).toEqual(
          [first, second, secret].map(alone),
        );
  });

  test('of which nothing is hidden is the message itself', () => {
    const cleaner = rowCleaner({
      fields: [field('a'), field('b', 23)],
      masks: [undefined, undefined],
      own: [],
      masker,
    });
    const row = messageOf([Buffer.from('plain'), Buffer.from('12')]);
    const clean = cleanOne(row.raw, cleaner, new Hidden());
    expect([clean.buffer, clean.byteOffset, clean.length]).toEqual([
      row.raw.buffer,
      row.raw.byteOffset,
      row.raw.length,
    ]);
  });

  test('keeps what stands beside a masked value, NULL too', () => {
    const masks = [undefined, masker.column('a', 'b', 'ssn'), undefined, wholeMask('ssn')];
    const fields = ['a', 'b', 'c', 'd'].map((name) => field(name));
    expect(clean(fields, ['1', '4012888888881881', null, null], { masks })).toEqual({
      values: ['1', '****1881', null, '[redacted]'],
      told: 'masked by the gateway: b (rule ssn), d (rule ssn)',
    });
    expect(clean(fields, ['1', null, 'x', 'y'], { masks }).values).toEqual(['1', null, 'x', '[redacted]']);
  });

  test('leaves the client’s own values to it', () => {
    expect(clean([field('a'), field('b')], [secret, secret], { own: [true, false] }).values[0]).toBe(secret);
  });
});
