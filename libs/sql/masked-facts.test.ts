import { beforeAll, expect, test } from 'vitest';
import { describe } from './describe.js';
import { maskedFactsOf } from './masked-facts.js';
import { loadParser } from './parser.js';
import { calm, masks, shop } from './test-catalogue.js';

beforeAll(loadParser);

const factsOf = (text: string) => maskedFactsOf(describe(text, calm, shop), shop, masks);
const ssn = 'app.customers.ssn';

test('a look-up is one value in one statement, and nothing else of the column in the others', () => {
  expect(factsOf("select id from customers where ssn = '5'")).toMatchObject({
    masked_columns_probed: [ssn],
    masked_columns_looked_up: [ssn],
    masked_columns_computed: [],
  });
  expect(factsOf("select id from customers where ssn = '5'; select ssn from customers")).toMatchObject({
    masked_columns_looked_up: [ssn],
  });
  for (const text of [
    "select id from customers where ssn = '5'; select id from customers order by ssn",
    "select id from customers where ssn = '5'; select id from customers where ssn = '6'",
  ])
    expect(factsOf(text), text).toMatchObject({ masked_columns_probed: [ssn], masked_columns_looked_up: [] });
});

test('a value is stored where its own rule does not cover it, be it under the rule of another column', () => {
  expect(factsOf('update customers set card = ssn where id = 1').masked_columns_stored).toEqual([ssn]);
  expect(factsOf('update customers set notes = ssn where id = 1').masked_columns_stored).toEqual([ssn]);
  expect(factsOf('update customers set ssn = upper(ssn) where id = 1').masked_columns_stored).toEqual([]);
  expect(factsOf('insert into customers (ssn) select ssn from customers').masked_columns_stored).toEqual([]);
});
