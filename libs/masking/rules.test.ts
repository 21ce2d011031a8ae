import { GatewayError, type MaskingAction, type MaskingRule, maskingActions } from '@sallyport/core';
import { sample } from '@sallyport/testkit/seeded';
import { describe, expect, test } from 'vitest';
import { compileMasking, parseColumnPattern, parseRules, planOf, strictest } from './index.js';

const key = new Uint8Array(32).fill(1);
const column = (id: string, pattern: string, action: MaskingAction = 'redact'): MaskingRule => ({
  id,
  kind: 'column',
  column: pattern,
  action,
});
const detector = (id: string, name: string, action: MaskingAction = 'redact'): MaskingRule => ({
  id,
  kind: 'detector',
  detector: name,
  action,
});
const failure = (run: () => unknown): GatewayError => {
  try {
    run();
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

describe('column patterns', () => {
  test.each([
    ['app.customers.ssn', ['app', 'customers', 'ssn']],
    ['*.*.ssn', [undefined, undefined, 'ssn']],
    ['"My.Schema"."T""x"."*"', ['My.Schema', 'T"x', '*']],
    ['App.Customers.SSN', ['App', 'Customers', 'SSN']],
  ])('%s', (text, expected) => {
    expect(parseColumnPattern(text)).toEqual(expected);
  });

  test.each([
    '',
    'ssn',
    'a.b',
    'a.b.c.d',
    'a..c',
    'a.b.',
    '.b.c',
    'a.b.c*',
    'cust*.b.c',
    '"a.b.c',
    'a b.c.d',
    '"".b.c',
    'a.b.c\n',
  ])('%j is refused', (text) => {
    expect(() => parseColumnPattern(text)).toThrow(RangeError);
  });

  const masker = compileMasking(
    [
      column('z-hash', 'app.*.ssn', 'hash'),
      column('b-redact', 'app.customers.*'),
      column('a-redact', 'app.customers.ssn'),
      column('null', 'app.payroll.salary', 'null'),
      column('quoted', '"App"."*".x', 'partial'),
    ],
    { key },
  );

  test('the strictest of the rules that match decides, then the first by id', () => {
    expect(masker.column('app', 'customers', 'ssn')?.rule).toBe('a-redact');
    expect(masker.column('app', 'customers', 'name')?.rule).toBe('b-redact');
    expect(masker.column('app', 'staff', 'ssn')?.rule).toBe('z-hash');
    expect(masker.column('app', 'payroll', 'salary')?.apply('1')).toBeNull();
  });

  test('names are compared exactly', () => {
    expect(masker.column('APP', 'customers', 'ssn')).toBeUndefined();
    expect(masker.column('app', 'customers.ssn', '')).toBeUndefined();
    expect(masker.column('App', 'any', 'x')).toBeUndefined();
    expect(masker.column('App', '*', 'x')?.rule).toBe('quoted');
  });

  test('a rule for a column is no detector, and the other way round', () => {
    expect(masker.hasColumnRules).toBe(true);
    expect(masker.detectorNames).toEqual([]);
    const detecting = compileMasking([detector('d', 'email')], { key });
    expect(detecting.hasColumnRules).toBe(false);
    expect(detecting.column('app', 'customers', 'email')).toBeUndefined();
  });
});

describe('a plan', () => {
  const rules = [column('1', 'a.b.c'), detector('2', 'email', 'hash'), column('0', 'a.b.d', 'null')];

  test('has one digest whatever the order, and whatever is said twice', () => {
    const { digest } = planOf(rules);
    expect(planOf([...rules].reverse()).digest).toBe(digest);
    expect(planOf([...rules, rules[0]!]).digest).toBe(digest);
    expect(planOf([...rules].reverse()).rules).toEqual(planOf(rules).rules);
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
  });

  test('has another digest when anything of a rule changes', () => {
    const variants = [
      [column('1', 'a.b.c')],
      [column('2', 'a.b.c')],
      [column('1', 'a.b.d')],
      [column('1', 'a.b.c', 'hash')],
      [detector('1', 'email')],
      [],
    ];
    expect(new Set(variants.map((list) => planOf(list).digest)).size).toBe(variants.length);
  });

  test('carries nothing that is not a rule', () => {
    const extra = { ...column('1', 'a.b.c'), exempt_groups: ['x'] };
    expect(planOf([extra])).toEqual(planOf([column('1', 'a.b.c')]));
  });
});

describe('strictest', () => {
  const subjects = [
    (action: MaskingAction, id: string) => column(id, 'a.b.c', action),
    (action: MaskingAction, id: string) => column(id, 'a.*.c', action),
    (action: MaskingAction, id: string) => detector(id, 'email', action),
    (action: MaskingAction, id: string) => detector(id, '*', action),
  ];
  const lists: MaskingRule[][] = [[]];
  for (const [index, subject] of subjects.entries())
    for (const action of maskingActions)
      for (const list of lists.slice(0, 4)) lists.push([...list, subject(action, `${index}${action}`)]);

  const order: MaskingAction[] = ['partial', 'hash', 'redact', 'null'];
  const actionOf = (rules: MaskingRule[]) => compileMasking(rules, { key }).column('a', 'b', 'c')?.action;
  const rank = (rules: MaskingRule[]) => {
    const action = actionOf(rules);
    return action === undefined ? -1 : order.indexOf(action);
  };
  const text = 'mail ada@example.com';
  const shown = (rules: MaskingRule[]) => compileMasking(rules, { key }).scanText(text)?.text;
  const withoutIds = (rules: MaskingRule[]) => planOf(rules.map((rule) => ({ ...rule, id: '' }))).digest;

  test('is idempotent, commutative and associative', () => {
    for (const a of sample(lists)) {
      expect(withoutIds(strictest(a, a))).toBe(withoutIds(strictest(a, [])));
      for (const b of lists) {
        expect(withoutIds(strictest(a, b))).toBe(withoutIds(strictest(b, a)));
        const c = lists[(lists.indexOf(a) * 7 + lists.indexOf(b)) % lists.length]!;
        expect(withoutIds(strictest(strictest(a, b), c))).toBe(withoutIds(strictest(a, strictest(b, c))));
      }
    }
  });

  test('is never weaker than either, and no stronger than the stronger', () => {
    for (const a of sample(lists))
      for (const b of lists.filter((_, index) => index % 3 === 0))
        expect(rank(strictest(a, b))).toBe(Math.max(rank(a), rank(b)));
  });

  test('a plan cannot switch a detector of the minimum off', () => {
    const minimum = [detector('m', 'email')];
    expect(shown(strictest(minimum, []))).toBe('mail [redacted:email]');
    expect(shown(strictest(minimum, [detector('p', 'email', 'partial')]))).toBe('mail [redacted:email]');
    expect(shown(strictest(minimum, [detector('p', 'email', 'null')]))).toBe('mail ');
    expect(shown(strictest([detector('m', '*')], [detector('p', 'email', 'hash')]))).toBe('mail [redacted:email]');
  });

  test('of equal rules that of the minimum is named', () => {
    expect(strictest([column('m', 'a.b.c')], [column('p', '"a".b."c"')])).toEqual([column('m', 'a.b.c')]);
  });
});

describe('rules that are not rules', () => {
  test.each([
    ['no list', {}, 'must be a list'],
    ['a text', ['x'], 'rule 1: must be an object'],
    ['no kind', [{ id: 'a' }], 'kind must be "column", "detector" or "field"'],
    ['no id', [{ kind: 'detector', detector: 'email', action: 'redact' }], 'id is missing'],
    [
      'no action',
      [{ id: 'a', kind: 'detector', detector: 'email' }],
      'action must be one of redact, partial, hash, null',
    ],
    ['an unknown action', [{ ...detector('a', 'email'), action: 'blur' }], 'not "blur"'],
    ['an unknown detector', [detector('a', 'emial')], 'rule 1 ("a"): detector "emial" does not exist'],
    ['a bad pattern', [column('a', 'customers.ssn')], '2 of the parts schema.table.column'],
    ['an unknown field', [{ ...column('a', 'a.b.c'), colour: 1 }], '"colour" is no field of a column rule'],
    ['an id twice', [column('a', 'a.b.c'), column('a', 'a.b.d')], 'rule 2: id "a" is used twice'],
    ['a long text', [column('a'.repeat(600), 'a.b.c')], 'longer than 512'],
    ['too many', Array.from({ length: 10_001 }, () => ({})), 'more than 10000'],
  ])('%s is refused by name', (_, input, message) => {
    const error = failure(() => parseRules(input));
    expect(error.code).toBe('INVALID_INPUT');
    expect(error.message).toContain(message);
  });

  test('every mistake is in the details', () => {
    const error = failure(() => parseRules([{ kind: 'column', column: 'x', action: 'y' }, detector('b', 'nope')]));
    expect(error.details['mistakes']).toHaveLength(4);
  });

  test('good rules come back as they are', () => {
    const rules = [column('a', 'a.b.c'), detector('b', 'secrets', 'null'), detector('c', '*', 'partial')];
    expect(parseRules(JSON.parse(JSON.stringify(rules)))).toEqual(rules);
  });

  test.each([
    ['pattern', [column('bad', 'ssn')]],
    ['detector', [detector('bad', 'emial')]],
    ['action', [{ ...detector('bad', 'email'), action: 'blur' as MaskingAction }]],
    ['kind', [{ ...detector('bad', 'email'), kind: 'row' as 'column' }]],
  ])('a %s that does not compile leaves no masker', (_, rules) => {
    const error = failure(() => compileMasking(rules as MaskingRule[], { key }));
    expect(error.code).toBe('MASKING_UNAVAILABLE');
    expect(error.message).toContain('"bad"');
  });

  test('hashing without a real key leaves no masker', () => {
    const short = { key: new Uint8Array(8) };
    expect(failure(() => compileMasking([column('a', 'a.b.c', 'hash')], short)).code).toBe('MASKING_UNAVAILABLE');
    expect(() => compileMasking([column('a', 'a.b.c')], short)).not.toThrow();
  });
});
