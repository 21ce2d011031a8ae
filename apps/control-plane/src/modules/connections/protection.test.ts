import { expect, test } from 'vitest';
import type { LinkedDatabase } from '../agents/self-checks.js';
import { accepts, protectionOf } from './protection.js';

const now = new Date('2026-06-01T12:00:00Z');
const connection = { target: 'shop-db', protocol: 'postgres', databases: ['shop'], acceptedProblems: [] } as const;
const said = (more: Partial<LinkedDatabase> = {}): LinkedDatabase => ({
  agent: 'eu',
  target: 'shop-db',
  protocol: 'postgres',
  database: 'shop',
  received_at: new Date('2026-06-01T11:50:00Z'),
  problems: [],
  more: 0,
  failure: null,
  ...more,
});
const writes = { problem: 'can write', what: 'app.orders (INSERT)' };

const cases: [title: string, linked: LinkedDatabase[], state: string, change?: object][] = [
  ['protected while every linked agent’s login can do nothing else', [said(), said({ agent: 'us' })], 'protected'],
  ['unprotected while one of them can', [said(), said({ agent: 'us', problems: [writes] })], 'unprotected'],
  ['unprotected while something was found and not listed', [said({ more: 1 })], 'unprotected'],
  [
    'unprotected even if another agent could not ask',
    [said({ problems: [writes] }), said({ agent: 'us', received_at: null, problems: null, more: null })],
    'unprotected',
  ],
  ['unchecked where no agent is linked', [], 'unchecked'],
  ['unchecked where the agents serve another target', [said({ target: 'other' })], 'unchecked'],
  ['unchecked where the agents serve it by another protocol', [said({ protocol: 'mysql' })], 'unchecked'],
  [
    'unchecked while one agent has said nothing',
    [said(), said({ received_at: null, problems: null, more: null })],
    'unchecked',
  ],
  [
    'unchecked while the target could not be asked',
    [said({ failure: { code: 'TARGET_UNREACHABLE', message: 'it is away' } })],
    'unchecked',
  ],
  [
    'unchecked after nothing was heard for a while',
    [said({ received_at: new Date('2026-06-01T11:34:59Z') })],
    'unchecked',
  ],
  ['unchecked while nobody offers one of its databases', [said()], 'unchecked', { databases: ['shop', 'stock'] }],
  [
    'protected whatever is found in a database that it does not use',
    [said(), said({ database: 'stock', problems: [writes] })],
    'protected',
  ],
  [
    'protected while all that is found was accepted',
    [said({ problems: [writes] })],
    'protected',
    { acceptedProblems: ['can write: app.*'] },
  ],
  [
    'unprotected while more is found than was accepted',
    [said({ problems: [writes, { problem: 'can run', what: 'app.f()' }] })],
    'unprotected',
    { acceptedProblems: ['can write: app.*'] },
  ],
  [
    'unprotected by what is not listed, whatever was accepted',
    [said({ more: 1 })],
    'unprotected',
    { acceptedProblems: ['can write: *'] },
  ],
];

test.each(cases)('a connection is %s', (...given) => {
  const [, linked, state, change] = given;
  expect(protectionOf({ ...connection, ...change }, linked, now).state).toBe(state);
});

test('the reasons name agent, database and what is to be accepted', () => {
  const failure = { code: 'TARGET_UNREACHABLE', message: 'it is away' } as const;
  const { findings, unasked } = protectionOf(
    { ...connection, databases: ['shop', 'stock'] },
    [said({ problems: [writes] }), said({ agent: 'us', problems: [], failure })],
    now,
  );
  expect(findings).toEqual([{ agent: 'eu', database: 'shop', problem: 'can write: app.orders (INSERT)' }]);
  expect(unasked).toEqual([
    { database: 'stock', reason: 'no agent that offers it is linked' },
    { agent: 'us', database: 'shop', reason: 'it is away' },
  ]);
});

test.each([
  ['can write: app.orders (INSERT)', true],
  ['can write: app.*', true],
  ['can write: * (INSERT)', true],
  ['can write: *app*orders*INSERT*', true],
  ['can write: app.orders', false],
  ['can write: app.orders (INSERT)*(INSERT)', false],
  ['can write: *orders*app*', false],
  ['can write: * (DELETE)', false],
  ['can run: *', false],
  ['can write: app.orders (INSERT.', false],
])('the pattern "%s" accepts an INSERT into app.orders: %s', (pattern, expected) => {
  expect(accepts(pattern, 'can write: app.orders (INSERT)')).toBe(expected);
});

test('a pattern of many stars takes no time', () => {
  const begun = performance.now();
  expect(accepts(`can run: ${'a*'.repeat(300)}b`, `can run: ${'a'.repeat(590)}`)).toBe(false);
  expect(performance.now() - begun).toBeLessThan(100);
});
