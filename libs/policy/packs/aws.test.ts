import { awsFlags } from '@sallyport/aws';
import { type Facts, type Identity, type PersonId, type Risk, risks } from '@sallyport/core';
import { describe, expect, test } from 'vitest';
import { createPolicyEngine, type PolicyEngine, type PolicyRequest, packs } from '../index.js';

const ada: Identity = {
  id: 'person-ada' as PersonId,
  class: 'person',
  issuer: 'https://issuer.test',
  subject: 'ada',
  name: 'ada@example.test',
  groups: ['engineers', 'reviewers'],
  roles: ['admin'],
};
const machine: Identity = { ...ada, class: 'ai' };

const factsOf = (flags: readonly string[]): Facts => ({
  service: 'ec2',
  operation: 'DoThing',
  region: 'eu-west-1',
  account: '111122223333',
  partition: 'aws',
  actions: ['ec2:DoThing'],
  resources: ['*'],
  resource: '*',
  flags,
  bucket: '',
  key: '',
  candidates: 1,
  sql_verbs: [],
  sql_relations: [],
  sql_written: [],
});

const engines = new Map<string, PolicyEngine>();

function engineOf(name: string, identity: Identity = ada, turn: PolicyRequest['turn'] = {}) {
  const engine = engines.get(name) ?? createPolicyEngine();
  if (!engines.has(name)) engine.load(1, packs.find((pack) => pack.name === name)!.text);
  engines.set(name, engine);
  const ask = (action: string, risk: Risk, facts: Facts, protocol: 'aws' | 'postgres' = 'aws') =>
    engine.decide({
      identity,
      connection: { name: 'cloud', labels: [], protocol },
      operation: { action, risk, facts },
      assurance: 'ticketed',
      turn,
    });
  return { ask, call: (risk: Risk, ...flags: string[]) => ask('aws.call', risk, factsOf(flags)) };
}

const names = ['aws-read-only', 'aws-safe'];
const who = [
  ['a person', ada, {}],
  ['an AI session of a person', ada, { aiSession: 'session-1' }],
  ['an AI identity', machine, {}],
] as const;
const refusing = { outcome: 'deny', refusal: { code: 'POLICY_DENIED' } };

describe.each(names)('%s', (name) => {
  test('has no problems, alone or beside a pack of another protocol', () => {
    const text = packs.find((pack) => pack.name === name)!.text;
    expect(createPolicyEngine().validate(text)).toEqual([]);
    expect(createPolicyEngine().validate(packs.find(({ name }) => name === 'postgres-safe')!.text + text)).toEqual([]);
  });

  test('names no flag that no call can carry', () => {
    const text = packs.find((pack) => pack.name === name)!.text;
    const lists = [...text.matchAll(/context\.flags\.contains(?:Any)?\(([^)]*)\)/g)].map(([, list]) => list!);
    const flags = lists.flatMap((list) => [...list.matchAll(/"([^"]+)"/g)].map(([, flag]) => flag!));
    expect(flags.length).toBeGreaterThan(5);
    for (const flag of flags) expect(Object.keys(awsFlags)).toContain(flag);
  });

  test('lets sessions start on AWS, and on nothing else', () => {
    const { ask } = engineOf(name);
    expect(ask('session.connect', 'read', {}).outcome).toBe('allow');
    expect(ask('session.connect', 'read', {}, 'postgres').outcome).toBe('deny');
  });

  describe.each(who)('%s', (_who, identity, turn) => {
    const { call } = engineOf(name, identity, turn);

    test('reads', () => {
      expect(call('read').outcome).toBe('allow');
      expect(call('read', 'secret-inside').outcome).toBe('allow');
      expect(call('read', 'sql').outcome).toBe('allow');
      expect(call('read', 'presigned').outcome).toBe('allow');
      expect(call('read', 'ambiguous').outcome).toBe('allow');
    });

    test('never does more than read without a review', () => {
      for (const risk of risks.filter((each) => each !== 'read'))
        for (const flags of [[], ['dry-run'], ['ambiguous'], ['sql'], ['presigned']])
          expect(call(risk, ...flags).outcome).not.toBe('allow');
    });

    test.each(['credential-issue', 'presign', 'secret-read'])('is never handed what %s marks, at any risk', (flag) => {
      for (const risk of risks) {
        const decision = call(risk, flag);
        expect(decision).toMatchObject(refusing);
        expect(decision).not.toMatchObject({
          refusal: { message: expect.stringContaining('no policy permits') as string },
        });
      }
    });

    test.each([
      'unlisted-action',
      'resource-unresolved',
      'resources-cut',
      'sql-unknown',
      'body-not-inspected',
      'bulk-data-movement',
    ])('does not read unasked what %s marks', (flag) => {
      expect(call('read', flag).outcome).toBe(name === 'aws-safe' ? 'review' : 'deny');
    });
  });
});

test('aws-read-only refuses every change with a message that says what is possible', () => {
  const { call } = engineOf('aws-read-only');
  for (const risk of risks.filter((each) => each !== 'read'))
    expect(call(risk)).toMatchObject({
      outcome: 'deny',
      policies: ['aws-read-only'],
      refusal: { message: 'this connection is read-only: use an operation that lists, describes or gets' },
    });
});

describe('aws-safe', () => {
  const grave = [
    ['public-exposure', 'privilege'],
    ['cross-account-share', 'privilege'],
    ['privilege-escalation', 'privilege'],
    ['backup-delete', 'destructive'],
    ['log-tamper', 'destructive'],
    ['key-delete', 'destructive'],
  ] as const;

  test.each(risks.filter((each) => each !== 'read'))('%s waits for the reviewers', (risk) => {
    for (const [, identity, turn] of who)
      expect(engineOf('aws-safe', identity, turn).call(risk)).toMatchObject({
        outcome: 'review',
        requirement: { groups: ['reviewers'], approvals: 1, timeoutMs: 600_000, onTimeout: 'deny' },
      });
  });

  test.each(grave)('%s waits for a person and is refused to an AI identity', (flag, risk) => {
    expect(engineOf('aws-safe').call(risk, flag).outcome).toBe('review');
    expect(engineOf('aws-safe', ada, { aiSession: 'session-1' }).call(risk, flag).outcome).toBe('review');
    expect(engineOf('aws-safe', machine).call(risk, flag)).toMatchObject({
      outcome: 'deny',
      policies: ['aws-not-by-ai'],
    });
  });

  test.each(['pass-role', 'indirect-execution', 'data-delete', 'bulk-data-movement'])(
    '%s waits for a reviewer, whoever asks',
    (flag) => {
      for (const [, identity, turn] of who)
        expect(engineOf('aws-safe', identity, turn).call('privilege', flag).outcome).toBe('review');
    },
  );
});
