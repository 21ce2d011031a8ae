/* eslint-disable @typescript-eslint/no-unsafe-member-access -- answers of emulators are asserted, not typed */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { Agent, request as httpsRequest } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import {
  BatchWriteItemCommand,
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { sign } from '@sallyport/aws';
import type { Operation } from '@sallyport/core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type AwsGatewayOptions, awsGateway } from '../testing/aws-gateway.js';
import {
  dynamoUpstream,
  type Scripted,
  s3Upstream,
  scriptedUpstream,
  type Upstream,
} from '../testing/aws-upstreams.js';

let s3: Upstream;
let dynamo: Upstream;
let scripted: Scripted;
let decide: AwsGatewayOptions['decide'];
let durable: AwsGatewayOptions['durable'];
let review: AwsGatewayOptions['review'];
let gateway: Awaited<ReturnType<typeof awsGateway>>;
let respond: Parameters<typeof scriptedUpstream>[0];

beforeAll(async () => {
  [s3, dynamo] = await Promise.all([s3Upstream(), dynamoUpstream()]);
  scripted = await scriptedUpstream((seen, response) => respond(seen, response));
  gateway = await awsGateway({
    settings: { endpoints: { s3: s3.url, dynamodb: dynamo.url, default: scripted.url } },
    records: true,
    credential: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' }, // the only one that s3rver knows
    decide: (operation) => decide?.(operation),
    durable: (operation) => durable?.(operation) ?? Promise.resolve(),
    review: (...all) => review!(...all),
  });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await Promise.all([s3?.stop(), dynamo?.stop(), scripted?.stop()]);
});
beforeEach(() => {
  decide = undefined;
  durable = undefined;
  review = undefined;
  respond = (_seen, response) => response.writeHead(200, { 'content-type': 'text/xml' }).end(identity);
  gateway.events.length = 0;
  scripted.seen.length = 0;
});

const identity = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:role/agent</Arn><UserId>AROA</UserId><Account>111122223333</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>11111111-2222-3333-4444-555555555555</RequestId></ResponseMetadata></GetCallerIdentityResponse>`;

const common = () => ({
  region: gateway.region,
  endpoint: gateway.endpoint,
  credentials: gateway.credentials,
  maxAttempts: 1,
  requestHandler: { httpsAgent: new Agent({ ca: gateway.ca }) },
});
const s3Client = (more: object = {}) => new S3Client({ ...common(), forcePathStyle: true, ...more });
const dynamoClient = (more: object = {}) => new DynamoDBClient({ ...common(), ...more });
const stsClient = (more: object = {}) => new STSClient({ ...common(), ...more });
const called = () => gateway.events.filter(({ operation }) => operation?.action === 'aws.call');

describe('the SDK for JavaScript', () => {
  test('stores, reads, copies, lists and deletes objects, whatever their keys are called', async () => {
    const client = s3Client();
    await client.send(new CreateBucketCommand({ Bucket: 'app-data' }));
    for (const Key of ['plain', 'with space+plus', 'deep/er/ü', 'a=b&c'])
      await client.send(new PutObjectCommand({ Bucket: 'app-data', Key, Body: `body of ${Key}` }));
    const read = await client.send(new GetObjectCommand({ Bucket: 'app-data', Key: 'with space+plus' }));
    expect(await read.Body!.transformToString()).toBe('body of with space+plus');
    await client.send(new CopyObjectCommand({ Bucket: 'app-data', Key: 'copy', CopySource: 'app-data/plain' }));
    const listed = await client.send(new ListObjectsV2Command({ Bucket: 'app-data' }));
    expect(listed.Contents!.map(({ Key }) => Key).sort()).toEqual(
      ['a=b&c', 'copy', 'deep/er/ü', 'plain', 'with space+plus'].sort(),
    );
    const deleted = await client.send(
      new DeleteObjectsCommand({ Bucket: 'app-data', Delete: { Objects: [{ Key: 'copy' }, { Key: 'a=b&c' }] } }),
    );
    expect(deleted.Deleted).toHaveLength(2);
    const batch = called().find(({ operation }) => operation!.facts['operation'] === 'DeleteObjects')!.operation!;
    expect(batch.resources).toEqual(
      expect.arrayContaining(['arn:aws:s3:::app-data/copy', 'arn:aws:s3:::app-data/a=b&c']),
    );
  });

  test('uploads in parts, and 20 MB stream through unchanged', async () => {
    const client = s3Client();
    await client.send(new CreateBucketCommand({ Bucket: 'parts' }));
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket: 'parts', Key: 'big' }));
    const parts = [];
    for (const PartNumber of [1, 2, 3]) {
      const Body = Buffer.alloc(7_000_000, 96 + PartNumber);
      const { ETag } = await client.send(
        new UploadPartCommand({ Bucket: 'parts', Key: 'big', UploadId, PartNumber, Body }),
      );
      parts.push({ ETag, PartNumber });
    }
    await client.send(
      new CompleteMultipartUploadCommand({ Bucket: 'parts', Key: 'big', UploadId, MultipartUpload: { Parts: parts } }),
    );
    const head = await client.send(new HeadObjectCommand({ Bucket: 'parts', Key: 'big' }));
    expect(head.ContentLength).toBe(21_000_000);
    const read = await client.send(new GetObjectCommand({ Bucket: 'parts', Key: 'big' }));
    const bytes = Buffer.from(await read.Body!.transformToByteArray());
    expect(bytes.length).toBe(21_000_000);
    expect([bytes[0], bytes[7_000_000], bytes[20_999_999]]).toEqual([97, 98, 99]);
  });

  test('keeps items in DynamoDB, and each table of a batch is told', async () => {
    const client = dynamoClient();
    for (const TableName of ['orders', 'people'])
      await client.send(
        new CreateTableCommand({
          TableName,
          AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
          KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
          BillingMode: 'PAY_PER_REQUEST',
        }),
      );
    const item = (id: string) => ({ PutRequest: { Item: { id: { S: id } } } });
    await client.send(new BatchWriteItemCommand({ RequestItems: { orders: [item('1')], people: [item('2')] } }));
    expect((await client.send(new GetItemCommand({ TableName: 'people', Key: { id: { S: '2' } } }))).Item).toEqual({
      id: { S: '2' },
    });
    const batch = called().find(({ operation }) => operation!.facts['operation'] === 'BatchWriteItem')!.operation!;
    expect(batch.resources.map((arn) => arn.split('/')[1]).sort()).toEqual(['orders', 'people']);
    expect(batch.risk).toBe('write');
  });

  test('a presigned URL works at the gateway, is decided when it is used, and not after its time', async () => {
    const client = s3Client();
    await client.send(new CreateBucketCommand({ Bucket: 'signed' }));
    await client.send(new PutObjectCommand({ Bucket: 'signed', Key: 'k', Body: 'hello' }));
    const url = await getSignedUrl(client, new GetObjectCommand({ Bucket: 'signed', Key: 'k' }), { expiresIn: 60 });
    expect((await fetched(url)).body).toBe('hello');
    expect(called().at(-1)!.operation!.facts['flags']).toContain('presigned');
    decide = (operation) => (operation.facts['operation'] === 'GetObject' ? 'deny' : undefined);
    expect((await fetched(url)).body).toContain('<Code>AccessDenied</Code>');
    const changed = await fetched(url.replace('/k?', '/other?'));
    expect([changed.status, changed.body]).toEqual([403, expect.stringContaining('SignatureDoesNotMatch')]);
  });
});

describe('a refusal', () => {
  test.each([
    ['S3', () => s3Client().send(new ListObjectsV2Command({ Bucket: 'app-data' })), 'AccessDenied'],
    ['DynamoDB', () => dynamoClient().send(new GetItemCommand({ TableName: 't', Key: {} })), 'AccessDeniedException'],
    ['STS', () => stsClient().send(new GetCallerIdentityCommand({})), 'AccessDenied'],
  ])('is an error of %s itself, says why and what to do, and nothing reached AWS', async (_service, ask, name) => {
    decide = (operation) => (operation.action === 'aws.call' ? 'deny' : undefined);
    await expect(ask()).rejects.toMatchObject({
      name,
      message: expect.stringContaining('the policy says no; ask'),
      $metadata: { httpStatusCode: 403 },
    });
    expect(scripted.seen).toEqual([]);
    expect(called().map(({ event }) => event)).toEqual(['operation.deny']);
  });

  test('a wrong secret, a wrong key, no signature: the service’s own words, and nobody is admitted', async () => {
    const { credentials } = gateway;
    const attempts = [
      [{ ...credentials, secretAccessKey: 'x'.repeat(40) }, 'InvalidSignatureException'],
      [{ ...credentials, accessKeyId: 'ASIAAAAAAAAAAAAAAAAA' }, 'UnrecognizedClientException'],
      [{ ...credentials, sessionToken: `spt_${'X'.repeat(43)}` }, 'UnrecognizedClientException'],
      [{ accessKeyId: 'AKIAAAAAAAAAAAAAAAAA', secretAccessKey: 'a' }, 'UnrecognizedClientException'],
    ] as const;
    for (const [wrong, name] of attempts)
      await expect(
        dynamoClient({ credentials: wrong }).send(new GetItemCommand({ TableName: 't', Key: {} })),
      ).rejects.toMatchObject({ name });
    const bare = await raw({ path: '/app-data/plain', headers: {} });
    expect([bare.status, bare.body]).toEqual([403, expect.stringContaining('<Code>AccessDenied</Code>')]);
    expect(called()).toEqual([]);
  });

  test('an operation that is not of AWS is on record as unknown, and cannot be let through by anybody', async () => {
    const answer = await raw(signed({ service: 'dynamodb', target: 'DynamoDB_20120810.DropEverything', body: '{}' }));
    expect([answer.status, answer.body]).toEqual([400, expect.stringContaining('cannot tell which operation')]);
    expect(called().find(({ event }) => event === 'operation.allow')!.operation).toMatchObject({
      risk: 'unknown',
      facts: { flags: ['unidentified'] },
    });
  });
});

describe('a request that changes something', () => {
  const put = () =>
    signed({
      service: 'dynamodb',
      target: 'DynamoDB_20120810.PutItem',
      body: JSON.stringify({ TableName: 'orders', Item: { id: { S: 'r' } } }),
    });

  test('is taken once: the same bytes over another connection are refused', async () => {
    const request = put();
    expect((await raw(request)).status).toBe(200);
    const again = await raw(request);
    expect([again.status, again.body]).toEqual([403, expect.stringContaining('used before')]);
    expect(called().at(-1)!.text).toContain('used before'); // whoever tried it is on record
  });

  test('does not reach AWS when its record does not become durable', async () => {
    durable = (operation) =>
      operation.facts['operation'] === 'GetCallerIdentity' || operation.action === 'session.connect'
        ? Promise.resolve()
        : Promise.reject(new Error('disk full'));
    await expect(
      dynamoClient().send(new PutItemCommand({ TableName: 'orders', Item: { id: { S: 'never' } } })),
    ).rejects.toMatchObject({ name: 'ServiceUnavailableException' });
    durable = undefined;
    const { Item } = await dynamoClient().send(
      new GetItemCommand({ TableName: 'orders', Key: { id: { S: 'never' } } }),
    );
    expect(Item).toBeUndefined();
  });

  test('waits for a reviewer and runs once it is approved', async () => {
    decide = (operation) => (operation.risk === 'write' ? 'review' : undefined);
    const asked: Operation[] = [];
    review = async (operation, decision, { waiting }) => {
      asked.push(operation);
      waiting({ review: 'r1' as never, message: 'waiting' });
      await new Promise((resolve) => setTimeout(resolve, 50));
      return { outcome: 'allow', policies: decision.policies, policyVersion: 1 };
    };
    await dynamoClient().send(new PutItemCommand({ TableName: 'orders', Item: { id: { S: 'reviewed' } } }));
    expect(asked.map(({ text }) => text)).toEqual([expect.stringContaining('PutItem')]);
    const { Item } = await dynamoClient().send(
      new GetItemCommand({ TableName: 'orders', Key: { id: { S: 'reviewed' } } }),
    );
    expect(Item).toEqual({ id: { S: 'reviewed' } });
  });
});

test('HTTP/1.1 is spoken to who takes either, as AWS does', async () => {
  const socket = connectTls({
    host: '127.0.0.1',
    port: gateway.port,
    ca: gateway.ca,
    servername: 'localhost',
    ALPNProtocols: ['h2', 'http/1.1'],
  });
  await once(socket, 'secureConnect');
  expect(socket.alpnProtocol).toBe('http/1.1');
  socket.destroy();
});

test('HTTP/2 is spoken to who asks for it', async () => {
  const session = connectHttp2(gateway.endpoint, { ca: gateway.ca });
  const { headers, body } = signed({ service: 'sts', body: 'Action=GetCallerIdentity&Version=2011-06-15' });
  const { host: _, ...rest } = headers;
  const stream = session.request({ ':method': 'POST', ':path': '/', ...rest });
  stream.end(body);
  const [answer] = (await once(stream, 'response')) as [Record<string, unknown>];
  let text = '';
  for await (const chunk of stream as AsyncIterable<Buffer>) text += chunk.toString();
  session.close();
  expect([answer[':status'], text]).toEqual([200, identity]);
});

test('as an HTTPS proxy it answers for AWS under its own certificates, and for nobody else', async () => {
  const through = async (host: string) => {
    const socket = connectTcp(gateway.port, '127.0.0.1');
    socket.write(`CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}:443\r\n\r\n`);
    const [line] = (await once(socket, 'data')) as [Buffer];
    return { socket, line: line.toString().split('\r\n')[0] };
  };
  const refused = await through('example.com');
  expect(refused.line).toBe('HTTP/1.1 403 Forbidden');
  refused.socket.destroy();
  const { socket, line } = await through('sts.eu-west-1.amazonaws.com');
  expect(line).toBe('HTTP/1.1 200 Connection Established');
  const tls = connectTls({ socket, servername: 'sts.eu-west-1.amazonaws.com', ca: gateway.ca });
  await once(tls, 'secureConnect');
  const { headers, body } = signed({
    service: 'sts',
    body: 'Action=GetCallerIdentity&Version=2011-06-15',
    host: 'sts.eu-west-1.amazonaws.com',
  });
  const lines = Object.entries({ ...headers, 'content-length': String(body.length), connection: 'close' });
  tls.write(`POST / HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`);
  let text = '';
  for await (const chunk of tls as AsyncIterable<Buffer>) text += chunk.toString();
  expect(text).toContain(identity);
});

test('plain HTTP is told to use TLS', async () => {
  const socket = connectTcp(gateway.port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  expect(bytes.toString()).toMatch(/^HTTP\/1.1 400 [\s\S]*speaks TLS/);
});

test('what is recorded is what the client got', async () => {
  gateway.responses.clear();
  await stsClient().send(new GetCallerIdentityCommand({}));
  const recorded = [...gateway.responses.values()].find(({ text }) => text.includes('GetCallerIdentity'))!;
  const text = Buffer.concat(recorded.pieces.map(({ bytes }) => bytes)).toString();
  expect(text.slice(text.indexOf('\r\n\r\n') + 4)).toBe(identity);
});

test('the outcome on record says under which credential the call ran', async () => {
  await stsClient().send(new GetCallerIdentityCommand({}));
  const outcome = () =>
    gateway.events.find(({ event, text }) => event === 'operation.completed' && text?.includes('GetCaller'))?.outcome;
  await expect.poll(outcome).toMatchObject({ status: 'done', scoped: 'own' });
});

test('a client that leaves in the middle ends the call at AWS, and its outcome is on record', async () => {
  let closed: () => void;
  const upstreamClosed = new Promise<void>((resolve) => {
    closed = resolve;
  });
  respond = (_seen, response) => {
    response.writeHead(200, { 'content-type': 'text/xml' });
    response.write('<a>');
    response.on('close', () => closed());
  };
  const { headers, body } = signed({ service: 'sts', body: 'Action=GetCallerIdentity&Version=2011-06-15' });
  const request = httpsRequest(`${gateway.endpoint}/`, { method: 'POST', headers, ca: gateway.ca, agent: false });
  request.on('error', () => undefined);
  request.end(body);
  while (scripted.seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  request.destroy();
  await upstreamClosed;
  await expect
    .poll(() =>
      gateway.events.filter(({ event }) => event === 'operation.completed').map(({ outcome }) => outcome!.status),
    )
    .toContain('unknown');
});

// ---------------------------------------------------------------------------------------------------------- by hand

interface RawRequest {
  readonly method?: string;
  readonly path?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

function raw({
  method = 'GET',
  path = '/',
  headers,
  body = '',
}: RawRequest): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const options = { method, headers, ca: gateway.ca, agent: false as const };
    const request = httpsRequest(`${gateway.endpoint}${path}`, options, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('end', () => resolve({ status: response.statusCode!, body: text }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

const fetched = (url: string) => raw({ path: url.slice(gateway.endpoint.length), headers: {} });

interface ToSign {
  readonly service: string;
  readonly body: string;
  readonly target?: string;
  readonly host?: string;
}

function signed({ service, body, target, host = `localhost:${gateway.port}` }: ToSign) {
  const headers: [string, string][] = [
    ['host', host],
    ['content-type', target === undefined ? 'application/x-www-form-urlencoded' : 'application/x-amz-json-1.0'],
    ...(target === undefined ? [] : ([['x-amz-target', target]] as [string, string][])),
  ];
  const request = { method: 'POST', path: '/', query: '', headers };
  const made = sign(request, gateway.credentials, {
    region: gateway.region,
    service,
    now: new Date(),
    payload: createHash('sha256').update(body).digest('hex'),
  });
  return { method: 'POST', path: '/', headers: Object.fromEntries(made.headers) as Record<string, string>, body };
}
