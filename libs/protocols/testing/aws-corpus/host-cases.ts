/** Where a request says that it goes, in every way that HTTP has for it: the gateway goes where it went to. */
import type { AwsCase } from '../../aws/corpus-cases.fixture.js';
import { object } from './answers.js';
import { attempted, caseOf, dynamoDb, onTable, type Wire, withHeader } from './attempt.js';
import { sendBytes, signedBy } from './client.js';
import { sendOverHttp2 } from './http2-client.js';
import { denied, play, reached, requestFor, unusable } from './verdict.js';
import type { World } from './world.js';

const endpoints = [
  'app-data.s3-accelerate.dualstack.amazonaws.com',
  'app-data.s3-accelerate.amazonaws.com',
  'app-data.s3.dualstack.us-east-1.amazonaws.com',
  'app-data.s3-fips.us-east-1.amazonaws.com',
  'app-data.s3-fips.dualstack.us-east-1.amazonaws.com',
  'app-data.s3-website-us-east-1.amazonaws.com',
  'app-data.s3-us-east-1.amazonaws.com',
  'app-data.s3.amazonaws.com',
  'point-abcdef-s3alias.s3.us-east-1.amazonaws.com',
  'point-111122223333.s3-accesspoint.us-east-1.amazonaws.com',
  'lambda-111122223333.s3-object-lambda.us-east-1.amazonaws.com',
  'point-111122223333.op-1.s3-outposts.us-east-1.amazonaws.com',
  'app-data--use1-az4--x-s3.s3express-use1-az4.us-east-1.amazonaws.com',
];

const getObject = (host: string, path: string): AwsCase => ({
  ...caseOf('AWS-104'),
  input: { ...caseOf('AWS-104').input, host, path },
});

/** Whoever is asked, the target is the agent's: it hears its own name, not that of the client. */
async function dialled(world: World): Promise<string[]> {
  const request = requestFor(getObject('app-data.s3.us-east-1.amazonaws.com', '/public/a'));
  world.answer = object('plain');
  await play(world, signedBy(world.gateway, request, { region: 'us-east-1', signingName: 's3' }));
  const { host } = new URL(world.upstream.url);
  const [seen] = world.arrived();
  return seen?.headers.host === host ? [] : [`it was called ${String(seen?.headers.host)}`];
}

/** Two requests to one server, one and a half to another. */
const smuggled = (world: World): string => {
  const { method, path, headers, body } = signedBy(world.gateway, onTable('DeleteTable', {}), dynamoDb);
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const inner = `${method} ${path} HTTP/1.1\r\n${lines}content-length: ${body!.length}\r\n\r\n${Buffer.from(body!).toString()}`;
  return `POST / HTTP/1.1\r\nHost: ec2.us-east-1.amazonaws.com\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`;
};

export const hostCases: Readonly<Record<string, Wire>> = {
  'AWS-108': async (world) => {
    const problems: string[] = [];
    for (const host of endpoints) {
      const found = await denied(world, getObject(host, '/private/secret'));
      problems.push(...found.map((problem) => `${host}: ${problem}`));
    }
    return problems;
  },
  'AWS-109': async (world) => [
    ...(await denied(world, caseOf('AWS-109'))),
    ...(await denied(world, getObject('52.216.0.1', '/app-data/private/secret'))),
    ...(await denied(world, getObject('app.data.s3.us-east-1.amazonaws.com', '/private/secret'))),
    ...(await dialled(world)),
  ],
  'AWS-114': (world) => attempted(world, 'AWS-114', { says: /policy/i, scope: iam, recorded: 'operation.deny' }),
  'AWS-115': async (world) => {
    world.forget();
    const heard = await sendBytes(world.gateway, smuggled(world));
    return [
      ...(/^HTTP\/1\.1 400 /.test(heard) ? [] : [`it says ${heard.slice(0, 100)}`]),
      ...(heard.split('HTTP/1.1 ').length === 2 ? [] : ['it was answered twice']),
      ...reached(world),
      ...(world.gateway.events.some(({ operation }) => operation?.action === 'aws.call') ? ['it was decided'] : []),
      ...(await unusable(world)),
    ];
  },
  'AWS-118': (world) =>
    attempted(world, 'AWS-118', {
      says: /host/,
      scope: iam,
      change: () => ({
        ...requestFor(caseOf('AWS-041')),
        body: Buffer.from('Action=ListUsers&Version=2010-05-08'),
      }),
      send: (request) => sendOverHttp2(world.gateway, request, 'ec2.us-east-1.amazonaws.com'),
    }),
  'AWS-121': (world) =>
    attempted(world, 'AWS-121', {
      says: /Connection header names/,
      tamper: (request) => withHeader(request, 'connection', 'X-Amz-Target'),
    }),
};

const iam = { region: 'us-east-1', signingName: 'iam' };
