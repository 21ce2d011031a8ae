import { expect, test } from 'vitest';
import { modeNames, parseOptions, partNames } from './options.js';

test('without arguments everything is measured and the document written', () => {
  expect(parseOptions([])).toMatchObject({
    parts: partNames,
    modes: modeNames,
    clients: [1, 8, 64],
    document: true,
    command: 'npm run bench',
  });
});

test.each([['--quick'], ['--only=connect'], ['--peers=gateway'], ['--clients=8'], ['--modes=simple']])(
  'a run with %s leaves the document alone, unless it is asked for it',
  (option) => {
    expect(parseOptions([option]).document).toBe(false);
    expect(parseOptions([option, '--document']).document).toBe(true);
  },
);

test('single figures change what the depth says', () => {
  expect(parseOptions(['--quick', '--rounds', '7', '--clients', '2,4'])).toMatchObject({ rounds: 7, clients: [2, 4] });
});

test.each([
  [['--only', 'nothing']],
  [['--modes', 'simple,odd']],
  [['--peers', 'nobody']],
  [['--rounds', '0']],
  [['--clients', '1,x']],
  [['--seconds', '1.5']],
  [['--unknown']],
])('%j is refused', (args) => expect(() => parseOptions(args)).toThrow());
