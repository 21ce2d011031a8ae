import { describe, expect, test } from 'vitest';
import { compileMasking, parseFieldPattern, planOf, strictest } from './index.js';

const key = new Uint8Array(32).fill(7);
const rule = (
  field: string,
  action: 'redact' | 'null' | 'partial' | 'hash' = 'redact',
  id = field.replace(/\W/g, '-'),
) => ({ id, kind: 'field', field, action }) as const;
const at = (fields: readonly string[], service: string, operation: string, ...path: string[]) => {
  const masker = compileMasking(
    fields.map((field) => rule(field)),
    { key },
  );
  return path.reduce((place, name) => place?.member(name), masker.fields(service, operation))?.mask;
};

describe('a field is met', () => {
  test.each([
    ['dynamodb:*:Items[].email', 'dynamodb', 'Scan', ['Items', 'email']],
    ['dynamodb:*:Items.email', 'dynamodb', 'Query', ['Items', 'email']],
    ['DynamoDB:query:items.EMAIL', 'dynamodb', 'Query', ['Items', 'email']],
    ['logs:*:**.message', 'logs', 'FilterLogEvents', ['events', 'message']],
    ['logs:*:**.message', 'logs', 'X', ['message']],
    ['*:*:**.a.**.b', 's', 'o', ['x', 'a', 'y', 'z', 'b']],
    ['*:*:*.b', 's', 'o', ['a', 'b']],
    ['s3:GetObject:Body', 's3', 'GetObject', ['Body']],
    ['dynamodb:*:Item."a.b"', 'dynamodb', 'GetItem', ['Item', 'a.b']],
  ])('%s', (field, service, operation, path) => {
    expect(at([field], service, operation, ...path)?.rule).toBe(rule(field).id);
  });
});

describe('a field is not met', () => {
  test.each([
    ['dynamodb:Scan:Items.email', 'dynamodb', 'Query', ['Items', 'email']],
    ['s3:*:Body', 'dynamodb', 'Query', ['Body']],
    ['*:*:a', 's', 'o', ['b', 'a']],
    ['*:*:*.b', 's', 'o', ['b']],
    ['*:*:a.b', 's', 'o', ['a']],
  ])('%s by %s:%s %j', (field, service, operation, path) => {
    expect(at([field], service, operation, ...path)).toBeUndefined();
  });
});

test('where no rule can meet any more there is no place to look at', () => {
  const masker = compileMasking([rule('s:o:a.b')], { key });
  expect(masker.fields('other', 'o')).toBeUndefined();
  expect(masker.fields('s', 'o')?.member('x')).toBeUndefined();
  expect(masker.fields('s', 'o')?.member('a')?.member('b')?.member('c')).toBeUndefined();
});

test('of several rules the strictest hides', () => {
  const masker = compileMasking([rule('s:*:a', 'partial'), rule('*:*:*', 'null'), rule('s:o:a', 'redact')], { key });
  expect(masker.fields('s', 'o')?.member('a')?.mask?.apply('x')).toBeNull();
});

test('the same field is the same subject, however it is spelled', () => {
  expect(strictest([rule('s:o:a[].b', 'hash', 'x')], [rule('S:O:A.B', 'null', 'y')])).toEqual([
    rule('S:O:A.B', 'null', 'y'),
  ]);
  expect(planOf([rule('s:o:a')]).rules).toEqual([rule('s:o:a')]);
});

describe('a pattern says what is wrong with it', () => {
  test.each(['', 'a', 'a:b', 'a:b:', 'a:b:c..d', 'a:b:c[', 'a:b:c:d', 'a b:c:d', 'a:b:**', 'a:b:"c', 'a:b:c[]d'])(
    '%j',
    (text) => {
      expect(() => parseFieldPattern(text)).toThrow(RangeError);
      expect(() => compileMasking([rule(text, 'redact', 'r')], { key })).toThrow(
        expect.objectContaining({ code: 'MASKING_UNAVAILABLE' }),
      );
    },
  );
});

test('many stars on a long path are no work without end', () => {
  const masker = compileMasking([rule(`*:*:${'**.'.repeat(20)}x`)], { key });
  let place = masker.fields('s', 'o');
  for (let depth = 0; depth < 2000; depth += 1) place = place?.member(`a${depth % 7}`);
  expect(place?.member('x')?.mask).toBeDefined();
});
