import { expect, test } from 'vitest';
import { costsOf, type ProfileNode } from './profile.js';

const root = 'file:///somewhere/sallyport';
const node = (id: number, functionName: string, url: string, children: number[] = []): ProfileNode => ({
  id,
  callFrame: { functionName, url, lineNumber: 9 },
  children,
});
const profile = {
  nodes: [
    node(1, '(root)', '', [2, 3, 7, 9]),
    node(2, '(idle)', ''),
    node(3, 'serve', `${root}/libs/protocols/dist/postgres/line.js`, [4, 6]),
    node(4, 'push', 'node:internal/streams/writable', [5]),
    node(5, 'writeBuffer', ''),
    node(6, 'parse', `${root}/libs/sql/dist/parse.js`),
    node(7, 'onData', `${root}/node_modules/@grpc/grpc-js/build/src/decoder.js`, [8]),
    node(8, 'parse', `${root}/libs/sql/dist/parse.js`),
    node(9, '(garbage collector)', ''),
    node(10, 'dispatch', ''),
  ],
  samples: [2, 4, 5, 6, 8, 9, 3, 7, 10],
  timeDeltas: [90_000, 1000, 2000, 1000, 2000, 1000, 1000, 2000, 50_000],
};

test('functions are ordered by their own time, without idling, wherever they were called from', () => {
  const { busySeconds, functions } = costsOf(profile);
  expect(busySeconds).toBe(0.01);
  expect(functions.slice(0, 2)).toEqual([
    { what: '`parse` libs/sql/dist/parse.js:10', part: 0.3 },
    { what: '`writeBuffer`', part: 0.2 },
  ]);
});

test('what Node does counts for the package that had it done', () => {
  expect(costsOf(profile).packages).toEqual([
    { what: 'libs/protocols/postgres', part: 0.4 },
    { what: 'libs/sql', part: 0.3 },
    { what: '@grpc/grpc-js', part: 0.2 },
    { what: 'garbage collector', part: 0.1 },
  ]);
});

test('a function may bear the name of a member of every object', () => {
  const named = { nodes: [node(1, 'toString', ''), node(2, 'constructor', '')], samples: [1, 2], timeDeltas: [2, 1] };
  expect(costsOf(named).functions.map(({ what }) => what)).toEqual(['`toString`', '`constructor`']);
});

test('only the dearest are kept', () => expect(costsOf(profile, 1).functions).toHaveLength(1));
