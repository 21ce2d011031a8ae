import { compileMasking } from '@sallyport/masking';
import type { CopyDescription } from '@sallyport/sql';
import { describe, expect, test } from 'vitest';
import { copyEncoding } from './copy-encoding.js';
import { copyCleaner } from './copy-out.js';
import { CopyRows } from './copy-rows.js';
import { Hidden } from './hidden.js';
import { wholeMask } from './origin.js';
import { cleanOne } from './rewriter.js';
import { message } from './wire.js';

const key = new Uint8Array(32);
const secret = ['AKIA', 'QYLPMN5HHH3EXAMP'].join('');
const masker = compileMasking(
  [
    { id: 'ssn', kind: 'column', column: 'a.b.ssn', action: 'redact' },
    { id: 'card', kind: 'column', column: 'a.b.card', action: 'partial' },
    { id: 'gone', kind: 'column', column: 'a.b.gone', action: 'null' },
    { id: 'secrets', kind: 'detector', detector: 'secrets', action: 'redact' },
    { id: 'personal', kind: 'detector', detector: 'personal-data', action: 'redact' },
  ],
  { key },
);

const text: CopyDescription = {
  direction: 'out',
  format: 'text',
  header: false,
  delimiter: '\t',
  null: '\\N',
  quote: '"',
  escape: '"',
};
const csv: CopyDescription = { ...text, format: 'csv', delimiter: ',', null: '' };

const names = ['id', 'ssn', 'note', 'card', 'gone', 'last'];
const rowsOf = (description: CopyDescription): CopyRows =>
  new CopyRows(
    copyEncoding(description),
    names.map((name) => ({ name, mask: masker.column('a', 'b', name) })),
    masker,
  );

/** Undefined where it is not understood. */
const cleanedBy = (rows: CopyRows, row: string, hidden = new Hidden()): string | undefined => {
  let understood = true;
  const cleaner = { masker, clean: (...one: Parameters<CopyRows['clean']>) => void (understood = rows.clean(...one)) };
  const clean = cleanOne(message('d', Buffer.from(row)), cleaner, hidden);
  return understood ? clean.subarray(5).toString() : undefined;
};
const cleaned = (row: string, description: CopyDescription = text): string | undefined =>
  cleanedBy(rowsOf(description), row);

describe('a row in text format', () => {
  test.each<[string, string, string]>([
    [
      'hides what is masked, and nothing else',
      '1\t523\tnote\t4012888888881881\tx\tend\n',
      '1\t[redacted]\tnote\t****1881\t\\N\tend\n',
    ],
    ['keeps NULL', '1\t\\N\t\\N\t\\N\t\\N\t\\N\n', '1\t\\N\t\\N\t\\N\t\\N\t\\N\n'],
    [
      'takes an escaped delimiter for a part of the value',
      '1\ta\\\tb\tn\t1\\t2\tx\tend\n',
      '1\t[redacted]\tn\t****\t\\N\tend\n',
    ],
    [
      'leaves escapes of other columns as they came',
      '1\ta\tx\\ny\\\\z\tshort\tx\t\n',
      '1\t[redacted]\tx\\ny\\\\z\t****\t\\N\t\n',
    ],
    [
      'finds secrets in what no rule names',
      `1\ta\tkey ${secret}\tb\tx\tend\n`,
      '1\t[redacted]\tkey [redacted:aws-access-key]\t****\t\\N\tend\n',
    ],
    [
      'finds them in the last column',
      `1\ta\tn\tb\tx\t${secret}\n`,
      '1\t[redacted]\tn\t****\t\\N\t[redacted:aws-access-key]\n',
    ],
  ])('%s', (_what, row, expected) => {
    expect(cleaned(row)?.replace(/\[redacted:[a-z-]+\]/, '[redacted:aws-access-key]')).toBe(expected);
  });

  test('writes a mask that holds the delimiter so that it stays one field', () => {
    expect(cleaned('1[5[n[4[x[e\n', { ...text, delimiter: '[' })).toBe('1[\\[redacted][n[****[\\N[e\n');
  });

  test.each([
    [
      'the delimiter',
      `1:a:${secret}:b:x:end\n`,
      { ...text, delimiter: ':' },
      '1:[redacted]:[redacted\\:aws]:****:\\N:end\n',
    ],
    [
      'CSV’s quote',
      `1,a,${secret},b,,end\n`,
      { ...csv, quote: ']', escape: ']' },
      '1,][redacted]]],][redacted:aws]]],]****],,end\n',
    ],
    [
      'CSV’s escape',
      `1,a,"${secret}",b,,end\n`,
      { ...csv, escape: ']' },
      '1,"[redacted]]","[redacted:aws]]","****",,end\n',
    ],
  ])(
    'writes what stands for a found value so that it stays one field where it holds %s',
    (_what, row, description, expected) => {
      expect(cleaned(row, description)?.replace(/aws-[a-z-]+/, 'aws')).toBe(expected);
    },
  );
});

describe('a row in CSV', () => {
  test.each<[string, string, string]>([
    [
      'hides what is masked, and quotes it',
      '1,523,note,4012888888881881,x,end\n',
      '1,"[redacted]",note,"****1881",,end\n',
    ],
    [
      'knows delimiters, quotes and lines inside quotes',
      '1,"a,""b\nc",n,"40,12 888888881881",x,"e,""n"\n',
      '1,"[redacted]",n,"****1881",,"e,""n"\n',
    ],
    ['knows the empty text from NULL', '1,,"",,,\n', '1,,"",,,\n'],
  ])('%s', (_what, row, expected) => {
    expect(cleaned(row, csv)).toBe(expected);
  });
});

test.each<[string, string, CopyDescription]>([
  ['has no end', '1\t2\t3\t4\t5\t6', text],
  ['has too few fields', '1\t2\t3\t4\t5\n', text],
  ['has too many fields', '1\t2\t3\t4\t5\t6\t7\n', text],
  ['ends inside quotes', '1,2,3,4,5,"6\n', csv],
  ['is two rows', '1,2,3,4,5,6\n1,2,3,4,5,6\n', csv],
])('a message that %s is not understood', (_what, row, description) => {
  expect(cleaned(row, description)).toBeUndefined();
});

test('what was made of masked values hides even whether there is one', () => {
  const rows = new CopyRows(copyEncoding(text), [{ name: 'x', mask: wholeMask('ssn') }], masker);
  const hidden = new Hidden();
  expect(cleanedBy(rows, '\\N\n', hidden)).toBe('[redacted]\n');
  expect(hidden.told()).toBe('masked by the gateway: x (rule ssn)');
});

test('each column is found clean or not as if it stood alone', () => {
  const values = [
    'plain',
    secret,
    '523-48-7719',
    '4012888888881881',
    '+44 7700 900123',
    'a@b.test',
    '12',
    '{"k": "v"}',
    '',
  ];
  const columns = ['p', 'q', 'r'].map((name) => ({ name, mask: undefined }));
  const rows = new CopyRows(copyEncoding(text), columns, masker);
  for (const first of values)
    for (const second of values)
      for (const third of values) {
        const row = [first, second, third];
        const alone = row.map((value) => masker.scanText(value)?.text ?? value).join('\t');
        expect(cleanedBy(rows, `${row.join('\t')}\n`)).toBe(`${alone}\n`);
      }
});

describe('escapes in the midst of a value', () => {
  const card = '4012-8888-8888-1881';
  const json = '{"password": "correct horse", "n": 1}';
  const cases: [string, CopyDescription, string, string][] = [
    ['a delimiter that addresses hold', { ...text, delimiter: '@' }, 'mail ada\\@shop.test', 'mail [redacted:email]'],
    [
      'a delimiter that numbers hold',
      { ...text, delimiter: '-' },
      card.replaceAll('-', '\\-'),
      '[redacted:payment\\-card]',
    ],
    [
      'a delimiter that looks like a letter of the value',
      { ...text, delimiter: 'A' },
      '523-48-7719',
      '[redacted:us-ssn]',
    ],
    [
      'doubled quotes',
      csv,
      `"${json.replaceAll('"', '""')}"`,
      '"{""password"": ""[redacted:key-value-secret]"", ""n"": 1}"',
    ],
    ['a quote that addresses hold', { ...csv, quote: '@', escape: '@' }, '@ada@@shop.test@', '@[redacted:email]@'],
    ['an escape of its own', { ...csv, escape: '5' }, '"5523-48-7719, and"', '"[redacted:us-ssn], and"'],
  ];

  test.each(cases)('hide nothing: %s', (_what, description, field, expected) => {
    const columns = ['x', 'y'].map((name) => ({ name, mask: undefined }));
    const rows = new CopyRows(copyEncoding(description), columns, masker);
    const { delimiter } = description;
    expect(cleanedBy(rows, `1${delimiter}${field}\n`)).toBe(`1${delimiter}${expected}\n`);
  });

  test.each(cases)('hide nothing where no column is masked either: %s', (_what, description, field, expected) => {
    const response = { binary: false, columns: 2 };
    const cleaner = copyCleaner({ response, description, masks: [undefined, undefined], masker, names: [] });
    const row = message('d', Buffer.from(`1${description.delimiter}${field}\n`));
    expect(cleanOne(row, cleaner, new Hidden()).subarray(5).toString()).toBe(`1${description.delimiter}${expected}\n`);
  });
});
