/** The evasion corpus as far as identification, description and policy decide it: nothing of it may pass. */
import { describeCall, identify, loadCatalogue } from '@sallyport/aws';
import type { Decision, PersonId } from '@sallyport/core';
import { hideSecrets } from '@sallyport/masking';
import { createPolicyEngine, type PolicyEngine, packs } from '@sallyport/policy';
import { loadParser } from '@sallyport/sql';
import { beforeAll, describe, expect, test } from 'vitest';
import { awsReadOnlyReference } from '../testing/corpus/aws-policies.js';
import {
  type AwsCase,
  addressingOf,
  awsCases,
  notIdentified,
  onTheWire,
  requestOf,
  scopeOf,
} from './corpus-cases.fixture.js';

const catalogue = loadCatalogue();
const engine = createPolicyEngine();

beforeAll(async () => {
  engine.load(1, awsReadOnlyReference);
  await loadParser();
});

type Judged =
  | { readonly outcome: 'not identified'; readonly reason: string }
  | {
      readonly outcome: Decision['outcome'];
      readonly operation: string;
      readonly flags: readonly string[];
      readonly text: string;
    };

const judge = (one: AwsCase, by: PolicyEngine = engine): Judged => {
  const request = requestOf(one);
  const scope = scopeOf(one);
  const addressing = addressingOf(one);
  const found = identify(catalogue, request, scope, addressing);
  if (!found.identified) return { outcome: 'not identified', reason: found.reason };
  const { risk, facts, text } = describeCall(found, request, {
    partition: 'aws',
    account: '111122223333',
    region: scope.region,
    bodyStreams: false,
    presigned: false,
    addressing,
    hide: hideSecrets,
  });
  const decision = by.decide({
    identity: { id: 'ai' as PersonId, class: 'ai', issuer: 'i', subject: 's', name: 'ai', groups: [], roles: [] },
    connection: { name: 'cloud', labels: [], protocol: 'aws' },
    operation: { action: 'aws.call', risk, facts },
    assurance: 'ticketed',
    turn: {},
  });
  return {
    outcome: decision.outcome,
    operation: `${found.service}:${found.operation}`,
    flags: facts['flags'] as string[],
    text,
  };
};

/** What a description says of each class, whatever policy makes of it. */
const flagsOfClass: Readonly<Record<string, readonly string[]>> = {
  credential_issuance: ['credential-issue'],
  secret_read: ['secret-read', 'credential-issue', 'public-exposure'],
  iam_escalation: ['privilege-escalation'],
  passrole: ['pass-role', 'indirect-execution'],
  remote_exec: ['indirect-execution', 'credential-issue'],
  sql_over_api: ['sql'],
};

const accepted: Readonly<Record<string, readonly string[]>> = {
  deny: ['deny', 'not identified'],
  allow: ['allow'],
  deny_or_approve: ['deny', 'review', 'not identified'],
  redact_or_deny: ['deny'],
};

const here = awsCases.filter(({ id }) => onTheWire[id] === undefined);

test('the whole corpus is here, and what only a wire can show is listed', () => {
  expect(awsCases).toHaveLength(94);
  for (const id of Object.keys(onTheWire)) expect(awsCases.map((each) => each.id)).toContain(id);
  for (const { id, expect: expected } of here) expect(Object.keys(accepted), id).toContain(expected);
});

describe('under the reference policy', () => {
  test.each(here.map((each) => [each.id, each.expect, each.input.action, each] as const))(
    '%s must %s: %s',
    (id, expected, _action, one) => {
      const judged = judge(one);
      expect(accepted[expected], JSON.stringify(judged)).toContain(judged.outcome);
      const reason = judged.outcome === 'not identified' ? judged.reason : undefined;
      if (notIdentified[id] === undefined) expect(reason).toBeUndefined();
      else expect(reason).toMatch(notIdentified[id]);
    },
  );
});

const flagged = here.filter((one) => flagsOfClass[one.class] !== undefined);

describe.each(['aws-read-only', 'aws-safe'])('under the pack %s', (name) => {
  const packEngine = createPolicyEngine();
  packEngine.load(1, packs.find((pack) => pack.name === name)!.text);

  test.each(flagged.map((each) => [each.id, each.class, each.input.action, each] as const))(
    '%s (%s, %s) never runs unasked, and is called by its name',
    (_id, kind, _action, one) => {
      const judged = judge(one, packEngine);
      if (judged.outcome === 'not identified') throw new Error(judged.reason);
      expect(judged.outcome, JSON.stringify(judged)).not.toBe('allow');
      expect(
        judged.flags.some((flag) => flagsOfClass[kind]!.includes(flag)),
        JSON.stringify(judged),
      ).toBe(true);
    },
  );
});
