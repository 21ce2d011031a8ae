import type { ConnectionId, Digest, Identity, PersonId, PolicyId, ReviewId, ReviewRequirement } from '@sallyport/core';
import { describe, expect, test } from 'vitest';
import {
  type Ballot,
  bindingOf,
  consume,
  expire,
  isRemembered,
  mayRead,
  type Review,
  request,
  reviewStates,
  vote,
} from './index.js';

const start = Date.parse('2026-01-01T12:00:00Z');
const after = (minutes: number) => new Date(start + minutes * 60_000);

const person = (name: string, groups: string[] = ['sre'], more: Partial<Identity> = {}): Identity => ({
  id: `person-${name}` as PersonId,
  class: 'person',
  issuer: 'https://issuer.test',
  subject: name,
  name: `${name}@example.test`,
  groups,
  roles: ['reviewer'],
  ...more,
});

const [ada, grace, linus] = [person('ada'), person('grace'), person('linus')];

const asked = (requirement: Partial<ReviewRequirement> = {}): Review =>
  request({
    id: 'review-1' as ReviewId,
    binding: 'b' as Digest,
    requirement: { groups: ['sre'], approvals: 1, timeoutMs: 10 * 60_000, onTimeout: 'deny', ...requirement },
    requester: { id: ada.id, name: ada.name, behind: ['person-owner' as PersonId] },
    turn: { turn: 'turn-1' },
    at: after(0),
  });

const ballot = (by: Identity, more: Partial<Ballot> = {}): Ballot => ({
  by,
  verdict: 'approve',
  reason: 'looks right',
  at: after(1),
  ...more,
});
const in_ = (state: Review['state']): Review => ({ ...asked(), state });
const code = (expected: string) => expect.objectContaining({ code: expected }) as Error;

describe('a review is settled by', () => {
  test('one approval, with the human and the reason on it', () => {
    const approved = vote(asked(), ballot(grace, { reason: ' looks right ' }));
    expect(approved).toMatchObject({ state: 'approved', settledAt: after(1) });
    expect(approved.votes).toEqual([
      { by: grace.id, name: grace.name, groups: ['sre'], verdict: 'approve', reason: 'looks right', at: after(1) },
    ]);
  });

  test('one rejection, even after an approval of two', () => {
    const half = vote(asked({ approvals: 2 }), ballot(grace));
    expect(half.state).toBe('pending');
    expect(vote(half, ballot(linus, { verdict: 'reject' })).state).toBe('rejected');
  });

  test('as many people as asked for', () => {
    const half = vote(asked({ approvals: 2 }), ballot(grace));
    expect(vote(half, ballot(linus)).state).toBe('approved');
  });

  test('someone of every group, one person in both being enough for both', () => {
    const both = asked({ groups: ['dba', 'sre'] });
    const half = vote(both, ballot(grace));
    expect(half.state).toBe('pending');
    expect(vote(half, ballot(linus)).state).toBe('pending');
    expect(vote(half, ballot(person('edsger', ['dba']))).state).toBe('approved');
    expect(vote(both, ballot(person('edsger', ['dba', 'sre']))).state).toBe('approved');
    expect(
      vote({ ...both, requirement: { ...both.requirement, approvals: 2 } }, ballot(person('edsger', ['dba', 'sre'])))
        .state,
    ).toBe('pending');
  });
});

describe('a vote is refused', () => {
  test.each<[string, Identity, string]>([
    ['of the requester', ada, 'FORBIDDEN'],
    ['of the requester’s second account', person('ada2', ['sre'], { name: ' ADA@Example.test' }), 'FORBIDDEN'],
    ['of the owner behind a service account', person('owner'), 'FORBIDDEN'],
    ['of an AI', person('bot', ['sre'], { class: 'ai' }), 'FORBIDDEN'],
    ['of a machine', person('cron', ['sre'], { class: 'machine' }), 'FORBIDDEN'],
    ['of people outside the groups', person('eve', ['sales']), 'FORBIDDEN'],
    ['of an administrator outside the groups', person('root', [], { roles: ['admin'] }), 'FORBIDDEN'],
  ])('%s', (_who, by, expected) => {
    for (const verdict of ['approve', 'reject'] as const)
      expect(() => vote(asked(), ballot(by, { verdict }))).toThrowError(code(expected));
  });

  test.each(['', '   ', 'x'.repeat(1001)])('without a reason that can be read', (reason) => {
    expect(() => vote(asked(), ballot(grace, { reason }))).toThrowError(code('INVALID_INPUT'));
  });

  test('twice by the same person', () => {
    const half = vote(asked({ approvals: 2 }), ballot(grace));
    expect(() => vote(half, ballot(grace))).toThrowError(code('CONFLICT'));
    expect(() => vote(half, ballot(grace, { verdict: 'reject' }))).toThrowError(code('CONFLICT'));
  });

  test.each(['approved', 'rejected', 'consumed'] as const)('when it is %s already', (state) => {
    expect(() => vote(in_(state), ballot(grace))).toThrowError(code('CONFLICT'));
  });

  test('when its time is over, to the millisecond, whether or not anybody has said so', () => {
    expect(vote(asked(), ballot(grace, { at: new Date(start + 599_999) })).state).toBe('approved');
    expect(() => vote(asked(), ballot(grace, { at: after(10) }))).toThrowError(code('REVIEW_EXPIRED'));
    expect(() => vote(in_('expired'), ballot(grace))).toThrowError(code('REVIEW_EXPIRED'));
  });
});

describe('an approval', () => {
  const approved = vote(asked(), ballot(grace, { at: after(9) }));

  test('is used once', () => {
    const consumed = consume(approved, after(10));
    expect(consumed.state).toBe('consumed');
    expect(() => consume(consumed, after(10))).toThrowError(code('CONFLICT'));
  });

  test('is good for as long again as it was waited for, and then void', () => {
    expect(consume(approved, after(18)).state).toBe('consumed');
    expect(() => consume(approved, after(19))).toThrowError(code('REVIEW_EXPIRED'));
    expect(expire(approved, after(19)).state).toBe('expired');
  });

  test.each(['pending', 'rejected', 'expired'] as const)('that is %s cannot be used', (state) => {
    expect(() => consume(in_(state), after(1))).toThrowError(code('CONFLICT'));
  });
});

describe('time-out', () => {
  test('expires what is pending, but not early', () => {
    expect(() => expire(asked(), after(9))).toThrowError(code('CONFLICT'));
    expect(expire(asked(), after(10))).toMatchObject({ state: 'expired', settledAt: after(10) });
  });

  test.each(reviewStates.filter((state) => state !== 'pending' && state !== 'approved'))(
    'leaves what is %s alone',
    (state) => {
      expect(() => expire(in_(state), after(60))).toThrowError(code('CONFLICT'));
    },
  );
});

describe('a rejection', () => {
  const rejected = vote(asked(), ballot(grace, { verdict: 'reject' }));

  test('is remembered for its turn, however late, and not for another', () => {
    expect(isRemembered(rejected, { turn: { turn: 'turn-1' }, at: after(600) })).toBe(true);
    expect(isRemembered(rejected, { turn: { turn: 'turn-2' }, at: after(2) })).toBe(false);
    expect(isRemembered(rejected, { turn: {}, at: after(2) })).toBe(false);
  });

  test('without a turn is remembered for ten minutes', () => {
    const bare = { ...rejected, turn: {} };
    expect(isRemembered(bare, { turn: {}, at: after(10) })).toBe(true);
    expect(isRemembered(bare, { turn: {}, at: after(11) })).toBe(false);
    expect(isRemembered(bare, { turn: { turn: 'turn-1' }, at: after(2) })).toBe(false);
  });

  test('is the only thing remembered', () => {
    expect(isRemembered(in_('expired'), { turn: { turn: 'turn-1' }, at: after(1) })).toBe(false);
  });
});

test('a review is read by who asked, by the groups asked and by administrators and auditors, and by nobody else', () => {
  expect(mayRead(asked(), person('ada', []))).toBe(true);
  expect(mayRead(asked(), person('owner', []))).toBe(true);
  expect(mayRead(asked(), grace)).toBe(true);
  expect(mayRead(asked(), person('root', [], { roles: ['admin'] }))).toBe(true);
  expect(mayRead(asked(), person('ida', [], { roles: ['auditor'] }))).toBe(true);
  expect(mayRead(asked(), person('eve', ['sales'], { roles: ['reviewer', 'user'] }))).toBe(false);
});

describe('a binding', () => {
  const bound = {
    identity: ada.id,
    aiSession: 's1',
    connectionId: 'c1' as ConnectionId,
    connectionVersion: 3,
    targetRole: 'app',
    database: 'clinic',
    operation: 'd1' as Digest,
    policies: ['p1', 'p2'] as PolicyId[],
    requirement: { groups: ['dba', 'sre'], approvals: 1 },
  };

  test('is the same for the same operation, in whatever order policies and groups come', () => {
    expect(bindingOf(bound)).toMatch(/^[0-9a-f]{64}$/);
    expect(
      bindingOf({
        ...bound,
        policies: ['p2', 'p1'] as PolicyId[],
        requirement: { groups: ['sre', 'dba'], approvals: 1 },
      }),
    ).toBe(bindingOf(bound));
  });

  test('is another one as soon as anything differs', () => {
    const others = [
      { identity: grace.id },
      { aiSession: 's2' },
      { aiSession: undefined },
      { connectionId: 'c2' as ConnectionId },
      { connectionVersion: 4 },
      { targetRole: 'root' },
      { database: 'other' },
      { operation: 'd2' as Digest },
      { policies: ['p1'] as PolicyId[] },
      { requirement: { groups: ['sre'], approvals: 1 } },
      { requirement: { groups: ['dba', 'sre'], approvals: 2 } },
      { targetRole: 'appclinic', database: '' },
    ].map((other) => {
      const { aiSession, ...rest } = { ...bound, ...other };
      return bindingOf(aiSession === undefined ? rest : { ...rest, aiSession });
    });
    expect(new Set([...others, bindingOf(bound)]).size).toBe(others.length + 1);
  });
});
