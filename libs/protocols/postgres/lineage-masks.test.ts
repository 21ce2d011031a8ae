import type { Digest, MaskingRule } from '@sallyport/core';
import type { CatalogueSnapshot } from '@sallyport/engine';
import { compileMasking } from '@sallyport/masking';
import {
  type Catalogue,
  type Column,
  describe as describeSql,
  encodeCatalogue,
  lineageDigest,
  loadParser,
  type Relation,
  type SqlSession,
} from '@sallyport/sql';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Field } from './backend.js';
import { createSqlDescriber } from './describe.js';
import { Judge } from './judge.js';
import { masksOf } from './lineage-masks.js';

const columns = (names: string): Column[] => names.split(' ').map((name, at) => ({ attnum: at + 1, name, type: 25 }));

const table = (oid: number, name: string, names: string, more: Partial<Relation> = {}): Relation => ({
  oid,
  schema: 'app',
  name,
  kind: 'r',
  columns: columns(names),
  ...more,
});

const ssn = ['app', 'customers', 'ssn'] as const;
const catalogue: Catalogue = {
  database: 'app',
  serverVersion: 170000,
  searchPath: ['app'],
  role: 'reader',
  relations: [
    table(100, 'customers', 'id name ssn email'),
    table(101, 'orders', 'id note'),
    table(102, 'v_refs', 'id ref', {
      kind: 'v',
      dependsOn: [{ oid: 100, attnum: 3 }],
      columns: [
        {
          attnum: 1,
          name: 'id',
          type: 25,
          shows: { sources: [['app', 'customers', 'id']], bare: ['app', 'customers', 'id'] },
        },
        { attnum: 2, name: 'ref', type: 25, shows: { sources: [ssn], bare: ssn } },
      ],
    }),
    table(103, 'watched', 'id note', { hiddenCode: ['write'] }),
  ],
  functions: [
    { oid: 200, schema: 'app', name: 'f', volatility: 'v', language: 'plpgsql', securityDefiner: false, argTypes: [] },
  ],
  types: [],
  operators: [],
};

const rules: MaskingRule[] = [
  { id: 'ssn', kind: 'column', column: 'app.customers.ssn', action: 'partial' },
  { id: 'email', kind: 'column', column: 'app.customers.email', action: 'hash' },
];
const masker = compileMasking(rules, { key: new Uint8Array(32) });
const calm: SqlSession = { prepared: new Map(), searchPathCertain: true };

const expressionField: Field = { name: 'x', table: 0, attribute: 0, type: 25, format: 0 };
const fieldOf = (oid: number, attribute: number): Field => ({ ...expressionField, table: oid, attribute });

let snapshot: CatalogueSnapshot;
beforeAll(async () => {
  await loadParser();
  snapshot = { digest: 'a' as Digest, bytes: encodeCatalogue(catalogue) };
});

const judgeWith = (memory: { tainted?: boolean; codeRan?: boolean } = {}): Judge =>
  new Judge({
    masker,
    describer: createSqlDescriber(),
    memory: { sqlSession: () => calm, tainted: false, codeRan: false, ...memory },
    snapshot: () => snapshot,
  });

const digestOf = (text: string): string => lineageDigest(describeSql(text, calm, catalogue));

/** @returns of each output what hides it, and how */
const masksFor = (text: string, fields: readonly Field[]): (string | undefined)[] => {
  const { outputs, reaches } = judgeWith().judge(text, { reaches: false, lineage: digestOf(text) });
  return masksOf(fields, outputs?.[0], { masker, catalogue, reaches, written: [] }).map(
    (mask) => mask && `${mask.rule} ${mask.action}`,
  );
};

describe('what must be hidden of an output', () => {
  test.each<[string, string, readonly Field[], readonly (string | undefined)[]]>([
    ['a column as it is', 'select ssn from customers', [fieldOf(100, 3)], ['ssn partial']],
    [
      'a column through a subquery',
      'select s.x from (select ssn as x from customers offset 0) s',
      [expressionField],
      ['ssn partial'],
    ],
    ['an expression', "select ssn || '' from customers", [expressionField], ['ssn redact']],
    [
      'an expression beside a clean one',
      "select upper(name), ssn || '' from customers",
      [expressionField, expressionField],
      [undefined, 'ssn redact'],
    ],
    ['an expression of two masked columns', 'select email || ssn from customers', [expressionField], ['email redact']],
    ['a count of rows', 'select count(*) from customers', [expressionField], [undefined]],
    [
      'a column of a view',
      'select id, ref from v_refs',
      [fieldOf(102, 1), fieldOf(102, 2)],
      [undefined, 'ssn partial'],
    ],
    ['an expression over a view', 'select lower(ref) from v_refs', [expressionField], ['ssn redact']],
    [
      'code of a user',
      'select f(), ssn from customers',
      [expressionField, fieldOf(100, 3)],
      ['unproven-origin redact', 'ssn partial'],
    ],
  ])('%s', (_what, text, fields, masks) => {
    expect(masksFor(text, fields)).toEqual(masks);
  });

  test('the wire naming a column that the tree does not know of hides it whole', () => {
    expect(masksFor('select name, ssn from customers', [fieldOf(101, 2), fieldOf(100, 3)])).toEqual([
      'unproven-origin redact',
      'ssn partial',
    ]);
  });

  test('the wire naming a masked column wins over a tree that calls it clean', () => {
    expect(masksFor('select name, id from customers', [fieldOf(100, 4), fieldOf(100, 1)])).toEqual([
      'email hash',
      undefined,
    ]);
  });

  test('another number of columns than the tree has leaves the decision to the wire', () => {
    expect(masksFor('select upper(name), ssn from customers', [expressionField])).toEqual(['unproven-origin redact']);
  });
});

describe('the tree is relied on only', () => {
  const text = 'select upper(name), ssn from customers';
  const told = () => ({ reaches: false, lineage: digestOf(text) });

  test('where both gates have found the same', () => {
    expect(judgeWith().judge(text, told()).outputs?.[0]).toHaveLength(2);
    expect(judgeWith().judge(text, { ...told(), lineage: '0123456789abcdef' }).outputs).toBeUndefined();
  });

  test('while no code that nobody has read ran in the session, and no name is in doubt', () => {
    expect(judgeWith({ codeRan: true }).judge(text, told()).outputs).toBeUndefined();
    expect(judgeWith({ tainted: true }).judge(text, told()).outputs).toBeUndefined();
  });

  test('where the statement itself runs no such code', () => {
    for (const one of ['select f()', "insert into watched values (1, 'x') returning note"])
      expect(judgeWith().judge(one, { reaches: false, lineage: digestOf(one) }).outputs, one).toBeUndefined();
  });
});
