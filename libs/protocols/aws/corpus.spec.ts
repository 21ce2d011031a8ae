/** The evasion corpus of AWS, case by case, through both gates before an AWS that answers with secrets. */
import { loadParser } from '@sallyport/sql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasAnswer } from '../testing/aws-corpus/answers.js';
import { allowed, denied, hidden, reviewed } from '../testing/aws-corpus/verdict.js';
import { wireCases } from '../testing/aws-corpus/wire-cases.js';
import { awsWorld, openPolicy, type World } from '../testing/aws-corpus/world.js';
import { type AwsCase, awsCases, notIdentified, onTheWire } from './corpus-cases.fixture.js';

let world: World;
let open: World;
beforeAll(async () => {
  await loadParser();
  [world, open] = await Promise.all([awsWorld(), awsWorld(openPolicy)]);
});
afterAll(async () => {
  await Promise.all([world?.[Symbol.asyncDispose](), open?.[Symbol.asyncDispose]()]);
});

const reviewedHere = new Set(['AWS-050', 'AWS-055', 'AWS-060', 'AWS-065', 'AWS-070']);
const verdicts = { allow: allowed, deny: denied, deny_or_approve: reviewed, redact_or_deny: denied };
const verdictOf = ({ id, expect: expected }: AwsCase) =>
  expected === 'deny_or_approve' && !reviewedHere.has(id)
    ? denied
    : (verdicts[expected as keyof typeof verdicts] as typeof denied | undefined);

const here = awsCases.filter(({ id }) => onTheWire[id] === undefined);

describe('under the reference policy', () => {
  test.each(here.map((each) => [each.id, each.expect, each.input.action, each] as const))(
    '%s must %s: %s',
    async (id, _expected, _action, one) => {
      expect(await verdictOf(one)!(world, one)).toEqual([]);
      const reason = notIdentified[id];
      if (reason !== undefined) expect(JSON.stringify(world.gateway.events)).toMatch(reason);
    },
  );
});

describe('on the wire, under the reference policy', () => {
  test('each case that only a wire can show is here', () => {
    expect(Object.keys(wireCases).sort()).toEqual(Object.keys(onTheWire).sort());
  });

  test.each(Object.entries(wireCases))('%s', async (_id, wire) => {
    expect(await wire(world)).toEqual([]);
  });
});

const own = (id: string, input: AwsCase['input']): AwsCase => ({ id, class: 'own', expect: 'redact', note: '', input });
const json = (service: string, target: string, body = '{}'): AwsCase['input'] => ({
  service,
  action: target,
  method: 'POST',
  host: `${service}.us-east-1.amazonaws.com`,
  headers: { 'X-Amz-Target': target },
  body,
});
const objectAt = (path: string): AwsCase['input'] => ({
  service: 's3',
  action: `GetObject ${path}`,
  method: 'GET',
  host: 'app-data.s3.us-east-1.amazonaws.com',
  path,
});

/** Answers that the corpus has no case for. */
const ours = [
  own('OWN-001', json('api.ecr', 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken')),
  own('OWN-002', {
    service: 'codeartifact',
    action: 'GetAuthorizationToken',
    method: 'POST',
    host: 'codeartifact.us-east-1.amazonaws.com',
    path: '/v1/authorization-token',
    query: 'domain=d',
  }),
  own('OWN-003', objectAt('/public/credentials')),
  own('OWN-004', objectAt('/public/credentials.gz')),
  own(
    'OWN-005',
    json(
      'api.ecr',
      'AmazonEC2ContainerRegistry_V20150921.GetDownloadUrlForLayer',
      '{"repositoryName":"r","layerDigest":"sha256:0"}',
    ),
  ),
];

const redacted = awsCases.filter(({ expect: expected }) => expected === 'redact' || expected === 'inspect');
const secret = here.filter(({ id, expect: expected }) => hasAnswer(id) && expected !== 'allow' && !notIdentified[id]);

describe('where the policy allows everything', () => {
  test.each([...secret, ...redacted, ...ours].map((each) => [each.id, each.input.action, each] as const))(
    '%s: %s shows no secret',
    async (_id, _action, one) => {
      expect(await hidden(open, one)).toEqual([]);
    },
  );
});
