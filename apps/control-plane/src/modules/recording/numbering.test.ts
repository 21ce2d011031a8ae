import { expect, test } from 'vitest';
import { Numbering } from './numbering.js';

test('numbers run from 1 without gaps', () => {
  const numbering = new Numbering();
  expect([numbering.take(), numbering.take(), numbering.take()]).toEqual([1, 2, 3]);
  expect(numbering.count).toBe(3);
});

test('a whole pipeline that was not recorded gives its numbers back, in whatever order it hears of it', () => {
  const numbering = new Numbering();
  for (let index = 0; index < 4; index += 1) numbering.take();
  for (const number of [2, 3, 4]) numbering.giveBack(number);
  expect(numbering.count).toBe(1);
  expect(numbering.take()).toBe(2);
});

test('a number is not given out again while a later one is on record', () => {
  const numbering = new Numbering();
  for (let index = 0; index < 3; index += 1) numbering.take();
  numbering.giveBack(2);
  expect(numbering.take()).toBe(4);
});
