import { type Facts, type Identity, type PersonId, type Risk, risks } from '@sallyport/core';
import { sample } from '@sallyport/testkit/seeded';
import { describe, expect, test } from 'vitest';
import { createPolicyEngine, type PolicyRequest, packs, packsTogether } from './index.js';

const identity: Identity = {
  id: 'person-ada' as PersonId,
  class: 'person',
  issuer: 'https://issuer.test',
  subject: 'ada',
  name: 'ada@example.test',
  groups: ['engineers', 'reviewers'],
  roles: ['admin'],
};

interface Statement {
  readonly risk: Risk;
  readonly verbs: readonly string[];
  readonly where?: boolean;
  readonly flags?: readonly string[];
  readonly opaque?: boolean;
  readonly unresolved?: boolean;
  readonly functions?: readonly string[];
  readonly probed?: readonly string[];
  readonly stored?: readonly string[];
  readonly computed?: readonly string[];
}

const factsOf = (statement: Statement): Facts => {
  const { verbs, where = true, flags = [], opaque = false, unresolved = false } = statement;
  const { functions = [], probed = [], stored = [], computed = [] } = statement;
  return {
    database: 'app',
    verbs,
    relations: ['public.patients'],
    written: [],
    columns: [],
    functions,
    flags,
    has_where: where,
    statements: verbs.length,
    unresolved,
    opaque,
    masked_columns: [...probed, ...stored],
    masked_columns_probed: probed,
    masked_columns_looked_up: [],
    masked_columns_stored: stored,
    masked_columns_computed: computed,
  };
};

function engineOf(name: string, asking: Identity = identity, turn: PolicyRequest['turn'] = {}) {
  const engine = createPolicyEngine();
  engine.load(1, packs.find((pack) => pack.name === name)!.text);
  const connection = { name: 'clinic', labels: [], protocol: 'postgres' } as const;
  const ask = (action: string, risk: Risk, facts: Facts) =>
    engine.decide({ identity: asking, connection, operation: { action, risk, facts }, assurance: 'ticketed', turn });
  return { ask, sql: (statement: Statement) => ask('sql.execute', statement.risk, factsOf(statement)) };
}

const verbs = [
  ...[
    'select',
    'insert',
    'update',
    'delete',
    'merge',
    'drop',
    'truncate',
    'create',
    'alter',
    'grant',
    'copy',
    'do',
  ].map((verb) => [verb]),
  [],
];
const flags = [
  ...['multi-statement', 'program', 'server-file', 'dynamic-sql', 'set-role', 'dblink', 'unknown-function'].map(
    (flag) => [flag],
  ),
  [],
];
const names = packs.map(({ name }) => name).filter((name) => name.startsWith('postgres-'));

describe.each(names)('%s', (name) => {
  const { ask, sql } = engineOf(name);

  test('has no problems', () => {
    expect(createPolicyEngine().validate(packs.find((pack) => pack.name === name)!.text)).toEqual([]);
  });

  test('lets sessions start, read and be notified', () => {
    expect(ask('session.connect', 'read', { database: 'app' }).outcome).toBe('allow');
    expect(ask('sql.notification', 'read', { database: 'app', channel: 'jobs' }).outcome).toBe('allow');
    expect(sql({ risk: 'read', verbs: ['select'] }).outcome).toBe('allow');
    expect(sql({ risk: 'read', verbs: ['begin'], flags: ['transaction-control'] }).outcome).toBe('allow');
    expect(sql({ risk: 'read', verbs: ['set'] }).outcome).toBe('allow');
  });

  test('never permits what is not understood, in any combination, without a review', () => {
    const each = <T, U>(all: readonly T[], to: (one: T) => readonly U[]) => all.flatMap(to);
    const combinations = each(verbs, (verb) =>
      each(flags, (flag) =>
        each([true, false], (where) =>
          each([true, false], (opaque) =>
            [true, false].map((unresolved) => ({ verbs: verb, flags: flag, where, opaque, unresolved })),
          ),
        ),
      ),
    );
    const outcomes = new Set(
      sample(combinations).map((combination) => sql({ risk: 'unknown', ...combination }).outcome),
    );
    expect([...outcomes]).not.toContain('allow');
  });

  test('never permits more than a read without a review', () => {
    for (const risk of risks.filter((each) => each !== 'read'))
      for (const verbs of [['insert'], ['update'], ['delete'], ['create'], []])
        for (const where of [true, false]) expect(sql({ risk, verbs, where }).outcome).not.toBe('allow');
  });

  test('never lets a condition on a masked column pass without a review', () => {
    const outcome = sql({ risk: 'read', verbs: ['select'], probed: ['public.patients.ssn'] }).outcome;
    expect(outcome).toBe(name === 'postgres-strict' ? 'deny' : 'review');
  });

  test('refuses to store a masked value where no rule covers it', () => {
    for (const risk of risks)
      expect(sql({ risk, verbs: ['insert'], stored: ['public.patients.ssn'] })).toMatchObject({
        outcome: 'deny',
        policies: expect.arrayContaining(['no-copies-of-masked-values']) as string[],
      });
  });

  describe.each<[string, Identity, PolicyRequest['turn']]>([
    ['an AI identity', { ...identity, class: 'ai' }, {}],
    ['a person in an AI session', identity, { aiSession: 'session-1' }],
  ])('%s', (_who, asking, turn) => {
    const { sql } = engineOf(name, asking, turn);

    test.each<[string, Statement]>([
      ['SELECT', { risk: 'read', verbs: ['select'], functions: ['pg_catalog.count', 'pg_catalog.lower'] }],
      ['EXPLAIN', { risk: 'read', verbs: ['explain', 'select'], flags: ['explain'] }],
      ['BEGIN', { risk: 'read', verbs: ['begin'], flags: ['transaction-control'] }],
      ['SHOW', { risk: 'read', verbs: ['show'], flags: ['show'] }],
    ])('%s passes', (_what, statement) => {
      expect(sql(statement).outcome).toBe('allow');
    });

    test.each<[string, Statement]>([
      ['a function off the list', { risk: 'read', verbs: ['select'], functions: ['pg_catalog.pg_stat_get_activity'] }],
      ['a function of the same name elsewhere', { risk: 'read', verbs: ['select'], functions: ['public.lower'] }],
      ['a statement off the list', { risk: 'read', verbs: ['listen'] }],
      ['a flag off the list', { risk: 'read', verbs: ['select'], flags: ['row-lock'] }],
      ['a name not resolved', { risk: 'read', verbs: ['select'], unresolved: true }],
      ['a body not seen', { risk: 'read', verbs: ['select'], opaque: true }],
      ['a condition on a masked column', { risk: 'read', verbs: ['select'], probed: ['public.patients.ssn'] }],
      ['a masked column computed with', { risk: 'read', verbs: ['select'], computed: ['public.patients.ssn'] }],
      ['a write', { risk: 'write', verbs: ['update'] }],
      ['what is not understood', { risk: 'unknown', verbs: [] }],
    ])('%s never runs unasked', (_what, statement) => {
      const mayAsk = name === 'postgres-safe' && asking.class !== 'ai';
      expect(sql(statement).outcome).toBe(mayAsk ? 'review' : 'deny');
    });
  });

  test('refuses in words that say what to do', () => {
    const decision = sql({ risk: 'destructive', verbs: ['drop'] });
    expect(decision).toMatchObject({ outcome: 'deny', refusal: { code: 'POLICY_DENIED' } });
    expect(decision).not.toMatchObject({
      refusal: { message: expect.stringContaining('no policy permits') as string },
    });
  });
});

test('postgres-read-only refuses every write with its message', () => {
  const { sql } = engineOf('postgres-read-only');
  for (const risk of risks.filter((each) => each !== 'read'))
    expect(sql({ risk, verbs: ['insert'] })).toMatchObject({
      outcome: 'deny',
      policies: ['read-only'],
      refusal: { message: 'this connection is read-only; rewrite the statement so that it only reads' },
    });
});

describe('postgres-safe', () => {
  const { sql } = engineOf('postgres-safe');

  test.each<[string, Statement]>([
    ['a DELETE with a WHERE', { risk: 'write', verbs: ['delete'] }],
    ['an UPDATE with a WHERE', { risk: 'write', verbs: ['update'] }],
    ['an INSERT', { risk: 'write', verbs: ['insert'] }],
    ['what the parser did not take', { risk: 'unknown', verbs: [] }],
    ['a DO block', { risk: 'unknown', verbs: ['do'], opaque: true }],
  ])('%s waits for the reviewers', (_what, statement) => {
    expect(sql(statement)).toMatchObject({
      outcome: 'review',
      requirement: { groups: ['reviewers'], approvals: 1, timeoutMs: 600_000, onTimeout: 'deny' },
    });
  });

  test.each<[string, Statement, string | undefined]>([
    ['DROP', { risk: 'destructive', verbs: ['drop'] }, 'no-drop'],
    ['TRUNCATE', { risk: 'destructive', verbs: ['truncate'] }, 'no-drop'],
    ['a DROP hidden behind something not understood', { risk: 'unknown', verbs: ['do', 'drop'] }, 'no-drop'],
    ['a DELETE without WHERE', { risk: 'destructive', verbs: ['delete'], where: false }, 'no-unbounded-change'],
    [
      'an UPDATE without WHERE called a write',
      { risk: 'write', verbs: ['update'], where: false },
      'no-unbounded-change',
    ],
    ['GRANT', { risk: 'privilege', verbs: ['grant'] }, 'no-privilege'],
    ['COPY TO PROGRAM', { risk: 'unknown', verbs: ['copy'], flags: ['program'] }, 'no-privilege'],
    ['SET ROLE', { risk: 'privilege', verbs: ['set'], flags: ['set-role'] }, 'no-privilege'],
    ['a write of unknown extent', { risk: 'write', verbs: ['merge'], where: false }, undefined],
  ])('%s is refused', (_what, statement, policy) => {
    const decision = sql(statement);
    expect(decision.outcome).toBe('deny');
    expect(decision.policies).toEqual(policy === undefined ? [] : expect.arrayContaining([policy]));
  });
});

test('strict mode says what of a statement is on no list', () => {
  const { sql } = engineOf('postgres-strict');
  const functions = ['pg_catalog.count', 'pg_catalog.pg_sleep'];
  expect(sql({ risk: 'read', verbs: ['select'], functions, probed: ['public.patients.ssn'] })).toMatchObject({
    refusal: {
      hint: 'beyond what is allowed: masked columns probed public.patients.ssn; functions pg_catalog.pg_sleep; refused by policy "strict"; an administrator can change it',
    },
  });
  expect(sql({ risk: 'read', verbs: ['select'], unresolved: true })).toMatchObject({
    refusal: { hint: 'refused by policy "strict"; an administrator can change it' },
  });
});

describe('several packs together', () => {
  const firstParts = packs.map(({ name }) => [name, name.split('-')[0]!] as const);
  const pairs = firstParts.flatMap(([one, protocol]) =>
    firstParts.filter(([, other]) => other > protocol).map(([other]) => [one, other] as const),
  );

  test.each(pairs)('%s and %s are one text without problems, and each keeps its own', (one, other) => {
    const text = packsTogether([one, other]);
    expect(createPolicyEngine().validate(text)).toEqual([]);
    for (const name of [one, other]) expect(text).toContain(packs.find((pack) => pack.name === name)!.text);
  });

  test('two of one protocol do not go together', () => {
    expect(() => packsTogether(['postgres-safe', 'aws-safe', 'postgres-strict'])).toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT', hint: 'name one pack for each protocol' }) as Error,
    );
  });
});
