/** Uploads that wait for people: what they were asked about is what is sent on. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { Readable } from 'node:stream';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { sign } from '@sallyport/aws';
import type { Decision, Operation } from '@sallyport/core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { awsGateway } from '../testing/aws-gateway.js';
import { type Scripted, scriptedUpstream } from '../testing/aws-upstreams.js';

let upstream: Scripted;
let gateway: Awaited<ReturnType<typeof awsGateway>>;
let decide: (operation: Operation) => Decision['outcome'];
/** What people were asked about. */
const asked: Operation[] = [];

beforeAll(async () => {
  upstream = await scriptedUpstream((_seen, response) => void response.writeHead(200, { etag: '"a"' }).end());
  gateway = await awsGateway({
    settings: { endpoints: { default: upstream.url } },
    decide: (operation) => (operation.action === 'aws.call' ? decide(operation) : 'allow'),
    review: async (operation, { policies, policyVersion }, { waiting }) => {
      asked.push(operation);
      waiting({ review: 'r-1', message: 'it waits' } as never);
      return { outcome: 'allow', policies, policyVersion };
    },
  });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await upstream?.stop();
});
beforeEach(() => {
  asked.length = 0;
  upstream.seen.length = 0;
  decide = () => 'review';
});

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const arrived = (): Buffer[] => upstream.seen.filter(({ method }) => method === 'PUT').map(({ body }) => body);

async function put(body: Buffer, payload = 'UNSIGNED-PAYLOAD'): Promise<{ status: number; text: string }> {
  const made = sign(
    {
      method: 'PUT',
      path: '/bucket/key',
      query: '',
      headers: [
        ['host', `localhost:${gateway.port}`],
        ['content-length', String(body.length)],
        ['amz-sdk-invocation-id', randomUUID()], // no two signatures are equal
      ],
    },
    gateway.credentials,
    { region: gateway.region, service: 's3', now: new Date(), payload },
  );
  return send('/bucket/key', Object.fromEntries(made.headers), body);
}

async function send(path: string, headers: Readonly<Record<string, string>>, body: Buffer) {
  const agent = new Agent({ ca: gateway.ca });
  const asking = request({ host: 'localhost', port: gateway.port, method: 'PUT', path, headers, agent });
  asking.on('error', () => undefined); // an answer that comes before the end of the body
  asking.end(body);
  const [answer] = (await once(asking, 'response')) as [IncomingMessage];
  const text = Buffer.concat(await answer.toArray()).toString();
  agent.destroy();
  return { status: answer.statusCode!, text };
}

test('an unsigned upload is bound to its review by its hash, which the reviewer reads', async () => {
  const [one, other] = [randomBytes(2_000_000), randomBytes(2_000_000)];
  for (const body of [one, other, one]) expect((await put(body)).status).toBe(200);

  expect(asked.map(({ text }) => text.split('\n').at(-1))).toEqual(
    [one, other, one].map((body) => `body: 2000000 bytes, SHA-256 ${sha256(body)}`),
  );
  const [first, second, third] = asked.map(({ digest }) => digest);
  expect(third).toBe(first);
  expect(second).not.toBe(first);
  expect(arrived().map(sha256)).toEqual([one, other, one].map(sha256));
});

test('it is decided as what it is: an upload that nobody has looked into', async () => {
  await put(randomBytes(2_000_000));
  expect(asked[0]?.facts['flags']).toContain('body-not-inspected');
});

test('chunks with a checksum behind them are bound as well', async () => {
  const { region, endpoint, credentials, ca } = gateway;
  const client = new S3Client({
    region,
    endpoint,
    credentials,
    forcePathStyle: true,
    requestHandler: { httpsAgent: new Agent({ ca }) },
  });
  const body = randomBytes(300_000);
  const Body = Readable.from([body.subarray(0, 100_000), body.subarray(100_000)]);
  await client.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'key', Body, ContentLength: body.length }));

  expect(asked[0]?.text).toContain(`body: 300000 bytes, SHA-256 ${sha256(body)}`);
  expect(arrived().map(sha256)).toEqual([sha256(body)]);
});

test('what is put by a presigned link is bound as well', async () => {
  const { region, endpoint, credentials } = gateway;
  const client = new S3Client({
    region,
    endpoint,
    credentials,
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
  const url = new URL(await getSignedUrl(client, new PutObjectCommand({ Bucket: 'bucket', Key: 'key' })));
  const body = randomBytes(300_000);
  const { status } = await send(`${url.pathname}${url.search}`, { host: url.host, 'content-length': '300000' }, body);

  expect(status).toBe(200);
  expect(asked[0]?.text).toContain(sha256(body));
});

test('a hash that the client has signed is what the reviewer reads, and the body streams', async () => {
  const large = randomBytes(20_000_000);
  expect((await put(large, sha256(large))).status).toBe(200);
  expect(asked[0]?.text).toContain(`body: 20000000 bytes, SHA-256 ${sha256(large)}`);
  expect(arrived().map(sha256)).toEqual([sha256(large)]);

  upstream.seen.length = 0;
  expect((await put(large, sha256(randomBytes(8)))).status).toBe(400);
  expect(arrived()).toEqual([]);
});

test('one that is too large to be held and not signed is refused before anybody is asked, and on record', async () => {
  const { status, text } = await put(Buffer.alloc(16 * 1024 * 1024 + 1));
  expect([status, text]).toEqual([400, expect.stringContaining('payload_signing_enabled')]);
  expect(asked).toEqual([]);
  expect(arrived()).toEqual([]);
  expect(gateway.events.at(-1)).toMatchObject({
    event: 'operation.completed',
    outcome: { status: 'skipped', code: 'UNSUPPORTED' },
  });
});

test('where nobody has to be asked it streams at any size', async () => {
  decide = () => 'allow';
  const large = randomBytes(20_000_000);
  expect((await put(large)).status).toBe(200);
  expect(arrived().map(sha256)).toEqual([sha256(large)]);
});

test('a review that could not be foreseen approves no body that it was not bound to', async () => {
  let count = 0;
  decide = ({ facts }) => (facts['operation'] === 'PutObject' && (count += 1) > 1 ? 'review' : 'allow');
  const { status, text } = await put(randomBytes(2_000_000));
  expect([status, text]).toEqual([400, expect.stringContaining('waits for people')]);
  expect(asked).toHaveLength(1);
  expect(arrived()).toEqual([]);
});
