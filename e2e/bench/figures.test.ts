import { describe, expect, test } from 'vitest';
import { ascending, digits, median, ofSpread, percentile, spread } from './figures.js';

describe('percentiles', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);

  test.each([
    [0.5, 50],
    [0.99, 99],
    [1, 100],
    [0, 1],
  ])('the %f part of 1 to 100 ends at %i', (part, value) => expect(percentile(hundred, part)).toBe(value));

  test('of one value each is that value, and of none there is none', () => {
    expect(percentile([7], 0.99)).toBe(7);
    expect(percentile([], 0.5)).toBeNaN();
  });

  test('the median of an even number of values lies between the two in the middle', () => {
    expect(median([9, 1, 5, 3])).toBe(4);
    expect(median([9, 1, 5])).toBe(5);
  });

  test('values are sorted as numbers, and the given ones stay as they are', () => {
    const given = [10, 9, 100];
    expect(ascending(given)).toEqual([9, 10, 100]);
    expect(given).toEqual([10, 9, 100]);
  });
});

describe('figures in tables', () => {
  test.each([
    [12345.6, '12346'],
    [123.4, '123'],
    [12.34, '12.3'],
    [1.234, '1.23'],
    [0.1234, '0.123'],
    [0.000004, '0.0000'],
    [0, '0'],
    [Number.NaN, '–'],
    [Number.POSITIVE_INFINITY, '–'],
  ])('%f is written %s', (value, written) => expect(digits(value)).toBe(written));

  test('a spread shows its ends where there is more than one round', () => {
    expect(ofSpread(spread([3, 1, 2]))).toBe('2.00 (1.00–3.00)');
    expect(ofSpread(spread([3]))).toBe('3.00');
  });
});
