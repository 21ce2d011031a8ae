import { beforeAll, describe, expect, test } from 'vitest';
import { likenessOf, loadParser } from './index.js';

beforeAll(loadParser);

describe('a statement', () => {
  const written = `delete from orders where id=7 and note = 'It''s  7'`;

  test.each([
    `DELETE  FROM Orders\n WHERE id = 7 AND note='It''s  7';`,
    `/* please */ delete from orders -- now\nwhere id=7 and note = 'It''s  7' ; ;`,
  ])('is like itself, written as %j', (other) => {
    expect(likenessOf(other)).toBe(likenessOf(written));
  });

  test.each([
    written.replace('7', '8'),
    written.replace('It', 'it'),
    written.replace("  7'", " 7'"),
    written.replace('orders', '"Orders"'),
    `${written} or true`,
    `${written}; ${written}`,
  ])('is not like %j', (other) => {
    expect(likenessOf(other)).not.toBe(likenessOf(written));
  });

  test.each(['', "select 'open", 'a\0b', 'select $$x'])('that does not scan is like itself only: %j', (text) => {
    expect(likenessOf(text)).toBe(text);
  });
});
