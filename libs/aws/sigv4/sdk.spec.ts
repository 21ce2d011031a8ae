import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createHttp2Server, type Http2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { BedrockRuntimeClient, InvokeModelCommand } from '@aws-sdk/client-bedrock-runtime';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { credential, secret } from '../testing/requests.js';
import type { AwsRequest } from '../types.js';
import { attemptOf, type BodyProtection, parseAuthorization, verify } from './index.js';

/** What came over the wire, and how the signature protects its body, which has been checked. */
interface Arrived {
  readonly request: AwsRequest;
  readonly protection: BodyProtection;
  readonly decoded: Buffer;
}

let arrived: Arrived[] = [];
let failures: string[] = [];
let answer: { status: number; body: string } = { status: 200, body: '{}' };

const take = (method: string, target: string, headers: AwsRequest['headers'], body: Buffer): void => {
  const [path = '', query = ''] = target.split(/\?(.*)/s);
  const request = { method, path, query, headers, body };
  const authorization = parseAuthorization(request);
  const verified = authorization.ok ? verify(request, authorization, secret, { now: new Date() }) : authorization;
  if (!verified.ok) return void failures.push(`${verified.message}: ${method} ${target}`);
  const reader = verified.readBody();
  const decoded = Buffer.concat([...reader.push(body)]);
  reader.finish();
  arrived.push({ request, protection: verified.body, decoded });
};

const pairsOf = ({ rawHeaders }: IncomingMessage): AwsRequest['headers'] =>
  rawHeaders.flatMap((name, index) => (index % 2 ? [] : [[name.toLowerCase(), rawHeaders[index + 1]!] as const]));

let server: Server;
let http2: Http2Server;
const portOf = (listening: Server | Http2Server): number => (listening.address() as AddressInfo).port;

beforeAll(async () => {
  server = createServer((incoming, response) => {
    void buffer(incoming).then((body) => {
      take(incoming.method!, incoming.url!, pairsOf(incoming), body);
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
    });
  });
  http2 = createHttp2Server();
  http2.on('stream', (stream, headers) => {
    void buffer(stream).then((body) => {
      const plain = Object.entries(headers).filter(([name]) => !name.startsWith(':') && name !== 'host') as [
        string,
        string,
      ][];
      const host = (headers[':authority'] ?? headers.host)!;
      take(headers[':method']!, headers[':path']!, [['host', host], ...plain], body);
      stream.respond({ ':status': 200, 'content-type': 'application/json' });
      stream.end('{}');
    });
  });
  for (const each of [server, http2]) {
    each.listen(0, '127.0.0.1');
    await once(each, 'listening');
  }
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  http2.close();
});
beforeEach(() => {
  [arrived, failures, answer] = [[], [], { status: 200, body: '{}' }];
});

const options = (port = portOf(server)) => ({
  region: 'eu-central-1',
  endpoint: `http://127.0.0.1:${port}`,
  credentials: credential,
  maxAttempts: 3,
});
const s3 = (): S3Client => new S3Client({ ...options(), forcePathStyle: true });
const keys = ['a', 'a b+c', 'a/../b', '../a', 'a//b', '//a', 'é€😀', "!'()*", '%20', 'a=b&c?d#e', ':@$,;', '~._-'];

test('objects with odd keys are signed as the gateway verifies them', async () => {
  const client = s3();
  for (const Key of keys) {
    await client.send(
      new PutObjectCommand({ Bucket: 'bucket', Key, Body: Key, ContentType: 'text/plain', Metadata: { a: ' b  c ' } }),
    );
    await client.send(new GetObjectCommand({ Bucket: 'bucket', Key, VersionId: Key, Range: 'bytes=0-1' }));
  }
  expect(failures).toEqual([]);
  expect(arrived).toHaveLength(2 * keys.length);
});

test('a body that streams comes in chunks with a trailer, and is decoded', async () => {
  const piece = Buffer.alloc(100_000, 'x');
  const Body = Readable.from([piece, piece]);
  await s3().send(new PutObjectCommand({ Bucket: 'bucket', Key: 'a', Body, ContentLength: 200_000 }));
  expect(failures).toEqual([]);
  expect(arrived[0]!.protection).toEqual({
    kind: 'chunked-unsigned-trailer',
    length: 200_000,
    trailers: ['x-amz-checksum-crc32'],
  });
  expect(arrived[0]!.decoded.equals(Buffer.concat([piece, piece]))).toBe(true);
});

test('presigned URLs with odd keys are verified', async () => {
  for (const Key of keys) {
    const get = await getSignedUrl(s3(), new GetObjectCommand({ Bucket: 'bucket', Key, ResponseContentType: Key }), {
      expiresIn: 60,
    });
    const put = await getSignedUrl(s3(), new PutObjectCommand({ Bucket: 'bucket', Key, ContentType: 'a/b' }), {
      expiresIn: 604_800,
    });
    for (const [method, url] of [
      ['GET', get],
      ['PUT', put],
    ] as const) {
      const target = url.slice(url.indexOf('/', 8)); // not through URL, which would take dots out of the path
      take(method, target, [['host', `127.0.0.1:${portOf(server)}`]], Buffer.alloc(0));
    }
  }
  expect(failures).toEqual([]);
  expect(arrived.map(({ protection }) => protection.kind)).toEqual(keys.flatMap(() => ['unsigned', 'unsigned']));
});

test('a query with any characters is verified', async () => {
  answer = { status: 200, body: '<ListBucketResult/>' };
  for (const Prefix of keys)
    await s3().send(new ListObjectsV2Command({ Bucket: 'bucket', Prefix, StartAfter: Prefix }));
  expect(failures).toEqual([]);
});

test('calls of other services are verified, over HTTP/2 too', async () => {
  answer = { status: 200, body: '{}' };
  await new DynamoDBClient(options()).send(new PutItemCommand({ TableName: 't', Item: { a: { S: 'é' } } }));
  answer = { status: 200, body: '<GetCallerIdentityResponse><GetCallerIdentityResult/></GetCallerIdentityResponse>' };
  await new STSClient(options()).send(new GetCallerIdentityCommand({}));
  const bedrock = new BedrockRuntimeClient(options(portOf(http2)));
  const modelId = 'arn:aws:bedrock:eu-central-1::foundation-model/a.b-v1:0';
  await bedrock.send(new InvokeModelCommand({ modelId, body: '{}' }));
  bedrock.destroy();
  expect(failures).toEqual([]);
  expect(arrived.map(({ protection }) => protection.kind)).toEqual(['hash', 'hash', 'hash']);
});

test('an attempt is signed with its number, so that no two have the same signature', async () => {
  answer = { status: 500, body: '{"__type":"InternalServerError"}' };
  const put = new PutItemCommand({ TableName: 't', Item: { a: { S: 'b' } } });
  await expect(new DynamoDBClient(options()).send(put)).rejects.toThrow();
  const read = arrived.map(({ request }) => parseAuthorization(request));
  expect(arrived.map(({ request }) => attemptOf(request.headers)!.split(' ')[1])).toEqual(['1', '2', '3']);
  expect(new Set(read.map((authorization) => authorization.ok && authorization.signature)).size).toBe(3);
  expect(read[0]).toMatchObject({
    signedHeaders: expect.arrayContaining(['amz-sdk-invocation-id', 'amz-sdk-request']),
  });
});
