import { expect, test } from 'vitest';
import { dearest } from './profile.js';

const node = (id: number, functionName: string, url = '') => ({ id, callFrame: { functionName, url, lineNumber: 9 } });
const profile = {
  nodes: [
    node(1, '(root)'),
    node(2, '(idle)'),
    node(3, 'parse', 'file:///somewhere/sallyport/libs/sql/dist/parse.js'),
    node(4, 'parse', 'file:///somewhere/sallyport/libs/sql/dist/parse.js'),
    node(5, '(garbage collector)'),
  ],
  startTime: 0,
  endTime: 9000,
  samples: [5, 2, 3, 4, 5],
  timeDeltas: [1000, 5000, 2000, 1000, 1000],
};

test('functions are ordered by their own time, without idling, wherever they were called from', () => {
  expect(dearest(profile, 0)).toEqual([
    { what: 'parse  libs/sql/dist/parse.js:10', milliseconds: 3, part: 0.6 },
    { what: '(garbage collector)', milliseconds: 2, part: 0.4 },
  ]);
});

test('what was sampled at the start is left out', () => {
  expect(dearest(profile, 3)).toEqual([
    { what: 'parse  libs/sql/dist/parse.js:10', milliseconds: 3, part: 0.75 },
    { what: '(garbage collector)', milliseconds: 1, part: 0.25 },
  ]);
});
