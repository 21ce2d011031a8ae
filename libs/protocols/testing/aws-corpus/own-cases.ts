/** Cases of our own: answers, and ways around a single guard, that the corpus has none of. */
import type { AwsCase } from '../../aws/corpus-cases.fixture.js';
import { object } from './answers.js';
import type { Wire } from './attempt.js';
import { agentCredential } from './canaries.js';
import { type Answer, signedBy, type ToSend } from './client.js';
import { play, unusable } from './verdict.js';
import { leaksOf, type World } from './world.js';

const own = (id: string, expect: string, input: AwsCase['input']): AwsCase => ({
  id,
  class: 'own',
  expect,
  note: '',
  input,
});

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

/** Answers with secrets that no case of the corpus asks for. */
export const ownAnswers: readonly AwsCase[] = [
  own('OWN-001', 'redact', json('api.ecr', 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken')),
  own('OWN-002', 'redact', {
    service: 'codeartifact',
    action: 'GetAuthorizationToken',
    method: 'POST',
    host: 'codeartifact.us-east-1.amazonaws.com',
    path: '/v1/authorization-token',
    query: 'domain=d',
  }),
  own('OWN-003', 'redact', objectAt('/public/credentials')),
  own('OWN-004', 'redact', objectAt('/public/credentials.gz')),
  own(
    'OWN-005',
    'redact',
    json(
      'api.ecr',
      'AmazonEC2ContainerRegistry_V20150921.GetDownloadUrlForLayer',
      '{"repositoryName":"r","layerDigest":"sha256:0"}',
    ),
  ),
];

/** What must not run. */
export const ownDenials: readonly AwsCase[] = [
  // The corpus has it the other way round, where whoever takes the last one denies it anyway.
  own(
    'OWN-006',
    'deny',
    json('dynamodb', 'DynamoDB_20120810.GetItem', '{"TableName":"payroll","TableName":"orders","Key":{}}'),
  ),
];

/** An object that policy lets be read, with what a client or a target adds to it. */
async function readObject(world: World, headers: ToSend['headers'], said: World['answer']): Promise<Answer> {
  const request: ToSend = {
    method: 'GET',
    path: '/public/a',
    query: '',
    headers: [['host', 'app-data.s3.us-east-1.amazonaws.com'], ...headers],
  };
  world.answer = said;
  return play(world, signedBy(world.gateway, request, { region: 'us-east-1', signingName: 's3' }));
}

const nothing: Answer = { status: 0, headers: [], body: Buffer.alloc(0) };

/** S3 repeats in an error what it was asked with. */
const echoed: Wire = async (world) => {
  const { secretAccessKey } = agentCredential;
  const problems: string[] = [];
  for (const text of [secretAccessKey, encodeURIComponent(secretAccessKey)])
    for (const status of [200, 400]) {
      const said = { ...object(`<Error><Code>X</Code><S>${text}</S></Error>`), status };
      // An answer that has begun can only be broken off.
      const answer = await readObject(world, [], said).catch(() => nothing);
      problems.push(...leaksOf(world, answer, (secret) => secret === secretAccessKey));
    }
  return [...problems, ...(await unusable(world))];
};

const clientOnly: ToSend['headers'] = [
  ['cookie', 'a=b'],
  ['x-forwarded-host', 'evil.test'],
  ['x-forwarded-proto', 'http'],
  ['forwarded', 'host=evil.test'],
];

/** What AWS is asked with is what the agent knows, and nothing besides. */
const headersOut: Wire = async (world) => {
  const answer = await readObject(world, clientOnly, object('plain'));
  const [seen] = world.arrived();
  const { sessionToken } = world.gateway.credentials;
  return [
    ...(answer.status === 200 ? [] : [`it says ${answer.status}`]),
    ...clientOnly.flatMap(([name]) => (seen?.headers[name] === undefined ? [] : [`AWS heard ${name}`])),
    ...(JSON.stringify(seen?.headers ?? {}).includes(sessionToken) ? ['AWS heard the ticket'] : []),
    ...(String(seen?.headers.authorization).includes(agentCredential.accessKeyId) ? [] : ['nobody has signed']),
  ];
};

const targetOnly = {
  'set-cookie': 'session=1',
  'www-authenticate': 'Basic realm="aws"',
  'alt-svc': 'h3="evil.test:443"',
  'strict-transport-security': 'max-age=1',
  'proxy-authenticate': 'Basic',
};

/** Nothing that a target says leads a client elsewhere, or has it remember or confess something. */
const headersBack: Wire = async (world) => {
  const plain = await readObject(world, [], object('plain', targetOnly));
  const moved = await readObject(world, [], { ...object('', { location: 'https://evil.test/' }), status: 307 });
  const names = [...plain.headers, ...moved.headers].map(([name]) => name);
  return [
    ...Object.keys(targetOnly).flatMap((name) => (names.includes(name) ? [`the client heard ${name}`] : [])),
    ...(names.includes('location') ? ['the client was sent elsewhere'] : []),
    ...(plain.body.toString() === 'plain' ? [] : ['the object is another one']),
  ];
};

export const ownWires: Readonly<Record<string, Wire>> = {
  'OWN-101': echoed,
  'OWN-102': headersOut,
  'OWN-103': headersBack,
};
