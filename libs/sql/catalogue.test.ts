import { beforeAll, expect, test } from 'vitest';
import { buildCatalogue } from './build-catalogue.js';
import { isTrusted, qualify } from './catalogue.js';
import { type CatalogueRows, catalogueQueries } from './catalogue-queries.js';
import { catalogueDigest, decodeCatalogue, encodeCatalogue } from './encode-catalogue.js';
import { loadParser } from './parser.js';
import { shop } from './test-catalogue.js';
import { viewFactsOf } from './view-definition.js';

beforeAll(loadParser);

test('encoding is deterministic and comes back equal', () => {
  const bytes = encodeCatalogue(shop);
  expect(decodeCatalogue(bytes)).toEqual(shop);
  const reordered = Object.fromEntries(Object.entries(shop).reverse()) as unknown as typeof shop;
  expect(encodeCatalogue(reordered)).toEqual(bytes);
  expect(catalogueDigest(bytes)).toMatch(/^[0-9a-f]{64}$/);
});

test.each(['', 'null', '[]', '{"format":2}', '{"format":1,"relations":1}', '\u{fffd}{'])(
  '%j is no catalogue',
  (text) => {
    expect(() => decodeCatalogue(new TextEncoder().encode(text))).toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT' }),
    );
  },
);

test('an answer that is missing is named', () => {
  expect(() => buildCatalogue({})).toThrow('"server"');
});

test('the order of rows does not matter', () => {
  const empty = Object.fromEntries(catalogueQueries.map(({ name }) => [name, []]));
  const relations = ['1', '2'].map((oid) => ({ oid, schema: 's', name: `t${oid}`, kind: 'r', rules: 'false' }));
  const rows = (order: typeof relations): CatalogueRows => ({
    ...empty,
    server: [{ database: 'd', version: '180004', role: 'r', path: '["s"]' }],
    relations: order,
    columns: [{ relation: '1', attnum: '1', name: 'a', type: '23', generated: 'false' }],
  });
  const encoded = encodeCatalogue(buildCatalogue(rows(relations)));
  expect(encodeCatalogue(buildCatalogue(rows([...relations].reverse())))).toEqual(encoded);
});

test('a view’s definition tells whole rows and dangerous calls, and one that does not parse counts as both', () => {
  expect(viewFactsOf('SELECT c.id, lower(c.name), count(*) FROM c')).toEqual({ wholeRow: false, calls: [] });
  expect(viewFactsOf('SELECT row_to_json(c.*) FROM c')).toEqual({ wholeRow: true, calls: [] });
  expect(viewFactsOf(`SELECT pg_read_file('x')`)).toEqual({ wholeRow: false, calls: ['pg_read_file'] });
  expect(viewFactsOf('SELECT FROM WHERE')).toEqual({ wholeRow: true, calls: ['?'] });
  expect(viewFactsOf(null)).toEqual({ wholeRow: true, calls: ['?'] });
});

test('only immutable code that an extension has brought is trusted, and no aggregate', () => {
  const fn = {
    oid: 1,
    schema: 's',
    name: 'f',
    securityDefiner: false,
    argTypes: [],
    volatility: 'i',
    language: 'c',
    extension: 'pgcrypto',
  } as const;
  expect(isTrusted(fn)).toBe(true);
  const { extension: _extension, ...own } = fn;
  expect(isTrusted(own)).toBe(false);
  expect(isTrusted({ ...own, language: 'internal' })).toBe(false);
  expect(isTrusted({ ...own, language: 'constructor' })).toBe(true);
  expect(isTrusted({ ...fn, volatility: 's' })).toBe(false);
  expect(isTrusted({ ...fn, securityDefiner: true })).toBe(false);
  expect(isTrusted({ ...own, language: 'aggregate' })).toBe(false);
  expect(isTrusted({ ...own, language: 'sql' })).toBe(false);
  expect(isTrusted({ ...fn, language: 'sql', extension: 'citext' })).toBe(true);
});

test('names with dots or quotes are quoted', () => {
  expect(qualify('app', 'orders')).toBe('app.orders');
  expect(qualify('app', 'a.b', 'c"d')).toBe('app."a.b"."c""d"');
});
