/** Calls to AWS that wait for people longer than their clients do: the same command, signed again, goes on where it was. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { ConnectionId, Identity, OperationId, PersonId, ReviewId, Role, SessionId } from '@sallyport/core';
import { peer } from '@sallyport/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { awsGateway } from '../../../../../libs/protocols/testing/aws-gateway.js';
import { type Scripted, scriptedUpstream } from '../../../../../libs/protocols/testing/aws-upstreams.js';
import { type Session, type TestControlPlane, testControlPlane } from '../../testing/control-plane.js';
import { IdentityModule } from '../identity/identity.module.js';
import { PeopleModule } from '../people/people.module.js';
import { ReviewsModule } from './reviews.module.js';
import { ReviewsService } from './reviews.service.js';

const identityAnswer =
  '<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:role/agent</Arn><UserId>A</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>';
type Gateway = Awaited<ReturnType<typeof awsGateway>>;

let house: TestControlPlane;
let ada: Identity;
let grace: Session;
let upstream: Scripted;
/** Lets its clients go soon. */
let gateway: Gateway;
/** Of the same connection, with all the time that a test may need. */
let patient: Gateway;
let directory: string;
/** How many have been told to wait. */
let waiting = 0;

const session = randomUUID() as SessionId;
const connection = { id: randomUUID() as ConnectionId, name: 'cloud', version: 1, target: 'cloud' };

async function person(roles: Role[], sub: string): Promise<{ at: Session; identity: Identity }> {
  const groups = ['reviewers'];
  const at = await house.as(roles, { sub, groups });
  const { body } = (await at.get('/v1/whoami')) as { body: { id: PersonId; name: string } };
  const { id, name } = body;
  return { at, identity: { id, class: 'person', issuer: house.issuer.url, subject: sub, name, groups, roles } };
}

beforeAll(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'sallyport-holds-'));
  house = await testControlPlane({ features: [IdentityModule, PeopleModule, ReviewsModule] });
  ada = (await person(['user'], 'ada')).identity;
  grace = (await person(['reviewer'], 'grace')).at;
  upstream = await scriptedUpstream(({ body }, response) => {
    const isIdentity = body.includes('GetCallerIdentity');
    response.writeHead(200, { 'content-type': isIdentity ? 'text/xml' : 'application/x-amz-json-1.0' });
    response.end(isIdentity ? identityAnswer : '{}');
  });
  [gateway, patient] = await Promise.all([gatewayWith(400), gatewayWith(30_000)]);
  writeFileSync(path.join(directory, 'ca.pem'), gateway.ca);
});

const gatewayWith = (holdMs: number): Promise<Gateway> =>
  awsGateway({
    settings: { endpoints: { default: upstream.url } },
    holdMs,
    decide: ({ risk, action }) => (action === 'aws.call' && risk !== 'read' ? 'review' : 'allow'),
    review: (operation, decision, { waiting: tell, abandoned }) =>
      house.controlPlane.app.get(ReviewsService).settle(
        {
          session,
          operationId: randomUUID() as OperationId,
          identity: ada,
          turn: {},
          connection,
          database: '',
          operation,
          decision,
        },
        {
          waiting: (notice) => {
            waiting += 1;
            tell(notice);
          },
          abandoned,
          settled: async () => undefined,
        },
      ),
  });

afterAll(async () => {
  await Promise.all([gateway?.[Symbol.asyncDispose](), patient?.[Symbol.asyncDispose]()]);
  await upstream?.stop();
  await house?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});
beforeEach(() => {
  upstream.seen.length = 0;
});

const ran = (): string[] =>
  upstream.seen.map(({ body }) => body.toString()).filter((body) => !body.includes('GetCallerIdentity'));

/** As an SDK is by default: it repeats what it thinks worth it, three times in all. */
const clientOf = ({ region, endpoint, credentials, ca }: Gateway) =>
  new DynamoDBClient({ region, endpoint, credentials, requestHandler: { httpsAgent: new Agent({ ca }) } });
const put = (id: string, at = gateway, options: { readonly abortSignal?: AbortSignal } = {}): Promise<unknown> =>
  clientOf(at).send(new PutItemCommand({ TableName: 'orders', Item: { id: { S: id } } }), options);

const reviews = async (): Promise<{ id: ReviewId; state: string }[]> =>
  house.database.query('select id, state from reviews order by created_at');
const approve = (id: ReviewId) =>
  grace.post(`/v1/reviews/${id}/verdict`, { verdict: 'approve', reason: 'it is fine' }).expect(200);

interface Told {
  readonly name: string;
  readonly message: string;
  readonly $metadata: { readonly httpStatusCode: number; readonly attempts: number };
}
/** What the client was told that was let go, and which review it names. */
async function letGo(call: Promise<unknown>): Promise<ReviewId> {
  const told = await call.then(
    () => undefined,
    (error: unknown) => error as Told,
  );
  expect(told).toMatchObject({ name: 'AccessDeniedException', $metadata: { httpStatusCode: 403, attempts: 1 } });
  const [, id] = /once review ([0-9a-f-]{36}) is approved/.exec(told!.message) ?? [];
  expect(told!.message).toContain('run exactly the same command again');
  return id as ReviewId;
}

test('the client is told which review it is, joins it when it asks again, and once approved it runs once', async () => {
  const before = await reviews();
  const first = await letGo(put('a'));
  expect(await letGo(put('a'))).toBe(first);
  expect((await reviews()).length).toBe(before.length + 1);
  expect(ran()).toEqual([]);

  await approve(first);
  await put('a');
  expect(ran()).toHaveLength(1);

  const second = await letGo(put('a'));
  expect(second).not.toBe(first);
  expect(ran()).toHaveLength(1);
});

test('an approval that comes while the client waits is answered by the call itself', async () => {
  const known = (await reviews()).length;
  const asked = put('in time', patient);
  await expect.poll(async () => (await reviews()).length, { timeout: 10_000 }).toBe(known + 1);
  expect(ran()).toEqual([]);
  await approve((await reviews()).at(-1)!.id);
  await asked;
  expect(ran()).toHaveLength(1);
});

test('of two that wait for the same review one runs', async () => {
  const id = await letGo(put('two'));
  waiting = 0;
  const both = Promise.allSettled([put('two', patient), put('two', patient)]);
  await expect.poll(() => waiting, { timeout: 10_000 }).toBe(2);
  await approve(id);
  const answers = await both;
  expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(ran()).toHaveLength(1);
});

test('a client that hangs up leaves its review behind, and nothing runs for it when that is approved', async () => {
  const known = (await reviews()).length;
  const hangUp = new AbortController();
  const asked = put('hung up', patient, { abortSignal: hangUp.signal });
  const told = asked.catch((error: unknown) => (error as Error).name);
  await expect.poll(async () => (await reviews()).length, { timeout: 10_000 }).toBe(known + 1);
  hangUp.abort();
  expect(await told).toBe('AbortError');
  const { id } = (await reviews()).at(-1)!;
  await approve(id);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(ran()).toEqual([]);

  await put('hung up');
  expect(ran()).toHaveLength(1);
});

test('another command is another review', async () => {
  const id = await letGo(put('this'));
  await approve(id);
  expect(await letGo(put('that'))).not.toBe(id);
  expect(ran()).toEqual([]);
});

const program = `
import json, os, boto3
from botocore.exceptions import ClientError
table = boto3.client("dynamodb", endpoint_url=os.environ["AT"], verify=os.environ["CA"], region_name=os.environ["REGION"])
try:
    table.put_item(TableName="orders", Item={"id": {"S": "boto"}})
    print(json.dumps({"ran": True}))
except ClientError as error:
    print(json.dumps({"code": error.response["Error"]["Code"], "message": error.response["Error"]["Message"], "retries": error.response["ResponseMetadata"]["RetryAttempts"]}))
`;

interface Boto {
  readonly ran?: boolean;
  readonly code?: string;
  readonly message?: string;
  readonly retries?: number;
}

function boto(python: string): Promise<Boto> {
  const { accessKeyId, secretAccessKey, sessionToken } = gateway.credentials;
  const child = spawn(python, ['-c', program], {
    env: {
      PATH: process.env['PATH'],
      HOME: directory,
      AT: gateway.endpoint,
      CA: path.join(directory, 'ca.pem'),
      REGION: gateway.region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
    },
  });
  let out = '';
  let errors = '';
  child.stdout.on('data', (piece: Buffer) => (out += piece.toString()));
  child.stderr.on('data', (piece: Buffer) => (errors += piece.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => (out === '' ? reject(new Error(errors)) : resolve(JSON.parse(out) as Boto)));
  });
}

test('boto3 in three processes: told, told the same, and run once', async (context) => {
  const python = peer('boto3', context);
  const [first, again] = [await boto(python), await boto(python)];
  expect(first).toMatchObject({ code: 'AccessDeniedException', retries: 0 });
  const [, id] = /once review ([0-9a-f-]{36}) is approved/.exec(first.message!) ?? [];
  expect(again.message).toContain(id!);
  expect(ran()).toEqual([]);
  await approve(id as ReviewId);
  expect(await boto(python)).toEqual({ ran: true });
  expect(ran()).toHaveLength(1);
  expect((await boto(python)).code).toBe('AccessDeniedException');
  expect(ran()).toHaveLength(1);
});
