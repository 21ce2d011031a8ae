import type { PersonId } from '@sallyport/core';
import { describe, expect, test } from 'vitest';
import { type Asker, type Budget, countsFor, ownSessions, subjectParts } from './budget.js';
import { outputTokensByDefault, worstCaseOf } from './estimate.js';
import { exhausted, unpriced } from './exhausted.js';
import { type BudgetWindow, windowEnd, windowStart } from './window.js';

const ada = '0192aaaa-0000-7000-8000-000000000001' as PersonId;
const asker = (over: Partial<Asker> = {}): Asker => ({
  identity: { id: ada, groups: ['engineers', 'oncall'] },
  connection: 'claude',
  turn: { client: 'claude-code', aiSession: 's-1' },
  model: 'claude-opus-5',
  ...over,
});
const budget = (over: Partial<Budget> = {}): Budget => ({
  name: 'b',
  appliesTo: { kind: 'everybody' },
  per: 'whole',
  window: 'day',
  models: [],
  limitTokens: 100,
  ...over,
});
const noon = new Date('2026-11-29T12:34:56Z'); // a Sunday
const subjects = (one: Budget, by: Asker = asker()): string[] =>
  countsFor([one], by, noon).map(({ subject }) => subject);

test.each<[BudgetWindow, string, string, string | undefined]>([
  ['hour', '2026-11-29T12:34:56Z', '2026-11-29T12:00:00Z', '2026-11-29T13:00:00Z'],
  ['hour', '2026-11-29T12:00:00Z', '2026-11-29T12:00:00Z', '2026-11-29T13:00:00Z'],
  ['day', '2026-11-29T23:59:59.999Z', '2026-11-29T00:00:00Z', '2026-11-30T00:00:00Z'],
  ['day', '2026-03-29T01:30:00Z', '2026-03-29T00:00:00Z', '2026-03-30T00:00:00Z'], // clocks change in Europe
  ['week', '2026-11-29T12:34:56Z', '2026-11-23T00:00:00Z', '2026-11-30T00:00:00Z'],
  ['week', '2026-11-30T00:00:00Z', '2026-11-30T00:00:00Z', '2026-12-07T00:00:00Z'],
  ['week', '2027-01-01T08:00:00Z', '2026-12-28T00:00:00Z', '2027-01-04T00:00:00Z'],
  ['month', '2026-12-31T23:59:59Z', '2026-12-01T00:00:00Z', '2027-01-01T00:00:00Z'],
  ['month', '2028-02-29T10:00:00Z', '2028-02-01T00:00:00Z', '2028-03-01T00:00:00Z'],
  ['ai-session', '2026-11-29T12:34:56Z', '1970-01-01T00:00:00Z', undefined],
])('a window of one %s at %s begins at %s', (window, at, start, end) => {
  expect(windowStart(window, new Date(at))).toEqual(new Date(start));
  expect(windowEnd(window, new Date(at))).toEqual(end === undefined ? undefined : new Date(end));
});

describe('whom a budget is about', () => {
  test.each<[string, Budget['appliesTo'], boolean]>([
    ['everybody', { kind: 'everybody' }, true],
    ['the person', { kind: 'identity', value: ada }, true],
    ['another person', { kind: 'identity', value: 'somebody' }, false],
    ['a group of theirs', { kind: 'group', value: 'oncall' }, true],
    ['another group', { kind: 'group', value: 'managers' }, false],
    ['the AI session, by client and id', { kind: 'ai-session', value: 'claude-code:s-1' }, true],
    ['the same id of another client', { kind: 'ai-session', value: 'codex:s-1' }, false],
    ['the connection', { kind: 'connection', value: 'claude' }, true],
    ['another connection', { kind: 'connection', value: 'openai' }, false],
  ])('%s', (_name, appliesTo, applies) => {
    expect(subjects(budget({ appliesTo }))).toHaveLength(applies ? 1 : 0);
  });

  test('it may be about some models only, by whatever name they go', () => {
    const opus = budget({ models: ['claude-opus-*'] });
    expect(subjects(opus, asker({ model: 'claude-opus-5' }))).toEqual(['']);
    expect(subjects(opus, asker({ model: 'eu.anthropic.claude-opus-4-5-20251101-v1:0' }))).toEqual(['']);
    expect(subjects(opus, asker({ model: 'claude-haiku-5-5' }))).toEqual([]);
  });
});

describe('what is counted separately', () => {
  test('each person', () => {
    expect(subjects(budget({ per: 'identity' }))).toEqual([ada]);
  });

  test('each group of the person, and those without one together', () => {
    expect(subjects(budget({ per: 'group' }))).toEqual(['engineers', 'oncall']);
    expect(subjects(budget({ per: 'group' }), asker({ identity: { id: ada, groups: [] } }))).toEqual(['']);
  });

  test('of a budget of one group that group, whatever others the person is in', () => {
    expect(subjects(budget({ per: 'group', appliesTo: { kind: 'group', value: 'oncall' } }))).toEqual(['oncall']);
  });

  test('each AI session of a person; and leaving its name out gives no new count', () => {
    const per = budget({ per: 'ai-session', window: 'ai-session' });
    const [one] = subjects(per);
    const others = [
      asker({ turn: { client: 'codex', aiSession: 's-1' } }),
      asker({ turn: { client: 'claude-code', aiSession: 's-2' } }),
      asker({ identity: { id: 'bob' as PersonId, groups: [] } }),
    ].flatMap((other) => subjects(per, other));
    expect(new Set([one, ...others]).size).toBe(4);
    expect(subjects(per, asker({ turn: { client: 'x' } }))).toEqual(subjects(per, asker({ turn: { client: 'y' } })));
    expect(one?.startsWith(ownSessions(ada))).toBe(true);
  });

  test('a session id of any length and content fits a key of the database', () => {
    const [subject] = subjects(
      budget({ per: 'ai-session' }),
      asker({ turn: { aiSession: `\u0000"${'x'.repeat(9000)}` } }),
    );
    expect(subject!.length).toBeLessThan(300);
    const [short] = subjects(budget({ per: 'ai-session' }), asker({ turn: { aiSession: 'a\u0000b' } }));
    expect(short).not.toContain('\u0000');
  });

  test('a subject can be told in words again', () => {
    expect(subjectParts('ai-session', subjects(budget({ per: 'ai-session' }))[0]!)).toEqual({
      identity: ada,
      aiSession: 'claude-code:s-1',
    });
    expect(subjectParts('ai-session', subjects(budget({ per: 'ai-session' }), asker({ turn: {} }))[0]!)).toEqual({
      identity: ada,
    });
    expect(subjectParts('identity', ada)).toEqual({ identity: ada });
    expect(subjectParts('group', 'oncall')).toEqual({ group: 'oncall' });
    expect(subjectParts('group', '')).toEqual({});
    expect(subjectParts('whole', '')).toEqual({});
  });
});

describe('what is said when there is no room', () => {
  test('the budget, what is left, what is wanted, when it begins anew and what can be done', () => {
    const error = exhausted(budget({ name: 'team-day' }), { tokens: 1200 }, { tokens: 35_000 }, noon);
    expect(error).toMatchObject({
      code: 'BUDGET_EXHAUSTED',
      message: 'budget "team-day" has 1,200 tokens left, and this request may take 35,000 tokens',
      details: { budget: 'team-day', left_tokens: 1200, resets_at: '2026-11-30T00:00:00.000Z' },
    });
    expect(error.hint).toContain('it begins anew at 2026-11-30 00:00 UTC');
  });

  test('money as money, and an overdrawn budget has nothing left', () => {
    const left = { tokens: 900, microUsd: -20 };
    expect(exhausted(budget(), left, { tokens: 10, microUsd: 1_500_000 }, noon).message).toBe(
      'budget "b" has $0.00 left, and this request may take $1.50',
    );
  });

  test('a budget of an AI session never begins anew', () => {
    const error = exhausted(budget({ window: 'ai-session' }), { tokens: 0 }, { tokens: 1 }, noon);
    expect(error.hint).toContain('it does not begin anew');
    expect(error.details).toMatchObject({ resets_at: null });
  });

  test('a model without a price is refused with the way to set one', () => {
    const error = unpriced(budget({ name: 'money' }), 'new-model');
    expect(error).toMatchObject({ code: 'BUDGET_EXHAUSTED', details: { budget: 'money' } });
    expect(error.hint).toContain('sallyport model-prices set');
  });
});

test('a request without a limit of its own is taken to answer at the default length', () => {
  expect(worstCaseOf({ inputTokensAtMost: 10 })).toEqual({ inputTokens: 10, outputTokens: outputTokensByDefault });
  expect(worstCaseOf({ inputTokensAtMost: 10, maxOutputTokens: 5 })).toEqual({ inputTokens: 10, outputTokens: 5 });
});
