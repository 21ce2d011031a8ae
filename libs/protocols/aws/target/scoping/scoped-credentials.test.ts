import type { AwsCredential } from '@sallyport/engine';
import { expect, test } from 'vitest';
import { labelsOf } from './attribution.js';
import { ScopedCredentials, type ScopeRequest } from './scoped-credentials.js';
import { StsRefusal } from './sts.js';

const role = 'arn:aws:iam::123456789012:role/gateway';
const request: ScopeRequest = {
  role,
  service: 'dynamodb',
  region: 'eu-central-1',
  actions: ['dynamodb:GetItem'],
  resources: ['arn:aws:dynamodb:eu-central-1:123456789012:table/t'],
  attribution: { session: 's-1', person: 'ada@example.com', turn: 't-1' },
};

function sts(refuse: (parameters: ReadonlyMap<string, string>) => StsRefusal | undefined = () => undefined) {
  const asked: ReadonlyMap<string, string>[] = [];
  let now = 1_000_000;
  const logged: string[] = [];
  const scopes = new ScopedCredentials(
    {
      assumeRole: async (list): Promise<AwsCredential> => {
        const parameters = new Map(list);
        asked.push(parameters);
        await new Promise((resolve) => setImmediate(resolve));
        const refusal = refuse(parameters);
        if (refusal !== undefined) throw refusal;
        const id = `ASIA${asked.length}`;
        return { accessKeyId: id, secretAccessKey: 's', sessionToken: 't', expiration: new Date(now + 900_000) };
      },
    },
    (event, details) => logged.push(`${event} ${JSON.stringify(details)}`),
    () => now,
  );
  const idOf = async (changed: Partial<ScopeRequest> = {}, options = {}) =>
    (await scopes.credential({ ...request, ...changed }, options)).credential.accessKeyId;
  return { scopes, asked, logged, idOf, pass: (ms: number) => (now += ms) };
}

test('a role is assumed for one call’s actions and resources, in the name of who asks', async () => {
  const { scopes, asked } = sts();

  expect(await scopes.credential(request)).toMatchObject({ scoped: 'role', credential: { accessKeyId: 'ASIA1' } });
  expect(Object.fromEntries(asked[0]!)).toMatchObject({
    RoleArn: role,
    RoleSessionName: 'ada@example.com.s-1',
    SourceIdentity: 'ada@example.com',
    DurationSeconds: '900',
    Policy: expect.stringContaining('"Action":"dynamodb:GetItem"') as string,
    'Tags.member.1.Key': 'sallyport:person',
    'Tags.member.1.Value': 'ada@example.com',
    'Tags.member.3.Key': 'sallyport:turn',
    'Tags.member.3.Value': 't-1',
  });
});

test('the same call by the same person shares a credential, asked for once, until it nears its end', async () => {
  const { idOf, asked, pass } = sts();

  expect(await Promise.all([idOf(), idOf(), idOf()])).toEqual(['ASIA1', 'ASIA1', 'ASIA1']);
  pass(779_999);
  expect(await idOf()).toBe('ASIA1');
  pass(1);
  expect(await idOf()).toBe('ASIA2');
  expect(asked).toHaveLength(2);
});

test.each<[string, Partial<ScopeRequest>]>([
  ['another action', { actions: ['dynamodb:PutItem'] }],
  ['another resource', { resources: ['arn:aws:dynamodb:eu-central-1:123456789012:table/u'] }],
  ['another role', { role: `${role}2` }],
  ['another person', { attribution: { ...request.attribution, person: 'eve' } }],
  ['another session', { attribution: { ...request.attribution, session: 's-2' } }],
  ['another turn', { attribution: { ...request.attribution, turn: 't-2' } }],
])('%s has a credential of its own', async (_what, changed) => {
  const { idOf } = sts();

  expect(await idOf()).not.toBe(await idOf(changed));
});

test('one that AWS has refused is not given again', async () => {
  const { idOf } = sts();

  expect([await idOf(), await idOf({}, { fresh: true }), await idOf()]).toEqual(['ASIA1', 'ASIA2', 'ASIA2']);
});

test('a policy that is too large when packed is widened, and that is told', async () => {
  const { scopes, asked } = sts((parameters) =>
    parameters.get('Policy')!.includes('table/b') ? new StsRefusal('PackedPolicyTooLarge', '') : undefined,
  );
  const table = (name: string) => `arn:aws:dynamodb:eu-central-1:123456789012:table/${name}`;

  expect(await scopes.credential({ ...request, resources: [table('b1'), table('c1')] })).toMatchObject({
    scoped: 'narrowed',
  });
  expect(asked.at(-1)!.get('Policy')).toContain('"Resource":"arn:aws:dynamodb:eu-central-1:123456789012:table/*"');
});

test('what the role’s trust does not let us say is left out from then on, and logged once', async () => {
  const { scopes, asked, logged } = sts((parameters) => {
    if (parameters.has('SourceIdentity'))
      return new StsRefusal(
        'AccessDenied',
        'User: x is not authorized to perform: sts:SetSourceIdentity on resource: y',
      );
    if (parameters.has('Tags.member.1.Key'))
      return new StsRefusal('AccessDenied', 'User: x is not authorized to perform: sts:TagSession on resource: y');
    return undefined;
  });

  await scopes.credential(request);
  await scopes.credential({ ...request, actions: ['dynamodb:PutItem'] });

  expect(asked.map((each) => [each.has('SourceIdentity'), each.has('Tags.member.1.Key')])).toEqual([
    [true, true],
    [false, true],
    [false, false],
    [false, false],
  ]);
  expect(logged).toEqual([expect.stringContaining('"sourceIdentity"'), expect.stringContaining('"tags"')]);
});

test('a role that cannot be assumed is told in our words, and asked for again', async () => {
  let refuses = true;
  const { scopes, idOf } = sts(() => (refuses ? new StsRefusal('AccessDenied', 'canary not authorized') : undefined));

  const failure: unknown = await scopes.credential(request).catch((error: unknown) => error);
  expect(failure).toMatchObject({
    code: 'CREDENTIAL_UNAVAILABLE',
    message: `the role "${role}" cannot be assumed (AccessDenied)`,
  });
  expect((failure as Error).message).not.toContain('canary');
  refuses = false;
  expect(await idOf()).toBe('ASIA2');
});

test('a call that no policy can name is refused before anything is asked', async () => {
  const { scopes, asked } = sts();
  const actions = Array.from({ length: 200 }, (_, index) => `ec2:DescribeSomething${index}`);

  await expect(scopes.credential({ ...request, actions })).rejects.toMatchObject({ code: 'CREDENTIAL_UNAVAILABLE' });
  expect(asked).toEqual([]);
});

test('names and tags have the characters and lengths that STS takes', () => {
  const { roleSessionName, sourceIdentity, tags } = labelsOf({
    session: '0f8fad5b-d9cb-469f-a165-70867728950e',
    person: `Ádá Lovelace <ada@example.com> ${'x'.repeat(300)}`,
    aiSession: 'a"b\n🙂',
    toolCall: '',
  });

  expect(roleSessionName).toMatch(/^[\w+=,.@-]{27}\.0f8fad5b-d9cb-469f-a165-70867728950e$/);
  expect(sourceIdentity).toMatch(/^[\w+=,.@-]{2,64}$/);
  expect(labelsOf({ session: 's', person: 'a' }).sourceIdentity).toBe('a-');
  expect(tags.map(([key, value]) => [key, value.length])).toEqual([
    ['sallyport:person', 256],
    ['sallyport:session', 36],
    ['sallyport:ai-session', 5],
  ]);
  for (const [, value] of tags) expect(value).toMatch(/^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u);
});
