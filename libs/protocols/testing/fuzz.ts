/** Requests that are nearly right, the same ones for the same seed. */

export { seededNumbers as random } from '@sallyport/testkit/seeded';

const junk = [
  ...[
    '/',
    '//',
    '/../',
    '/./',
    '%2e',
    '%2F',
    '%00',
    '%',
    '%zz',
    '%C3',
    '\\',
    ';',
    '?',
    '#',
    ' ',
    '\t',
    '\0',
    '\r\n',
    ':',
    '@',
    '*',
  ],
  ...[
    'v1',
    'messages',
    'models',
    'files',
    'responses',
    'é',
    '🙂',
    '_method=DELETE',
    '&',
    '=',
    '[]',
    'A',
    '~',
    '+',
    '"',
    '{}',
  ],
];

/** @param seeds what is changed: a few pieces of it put in, taken away or doubled */
export function mutated(next: () => number, seeds: readonly string[]): string {
  const pick = <T>(all: readonly T[]): T => all[Math.floor(next() * all.length)]!;
  let text = pick(seeds);
  for (let change = Math.floor(next() * 4); change > 0; change -= 1) {
    const at = Math.floor(next() * (text.length + 1));
    const much = Math.floor(next() * 4);
    text = text.slice(0, at) + (next() < 0.7 ? pick(junk) : '') + text.slice(at + (next() < 0.5 ? much : 0));
  }
  return text;
}
