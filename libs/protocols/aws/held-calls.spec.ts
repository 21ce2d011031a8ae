/** A write is in the agent's hands while it is put on record: what must not go wrong there. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { sign } from '@sallyport/aws';
import { GatewayError, type Operation, type ReviewId } from '@sallyport/core';
import { FrameKind } from '@sallyport/engine';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type AgentDriver, openAgent } from '../testing/aws-agent.js';
import { type AwsGatewayOptions, awsGateway } from '../testing/aws-gateway.js';
import { type Scripted, scriptedUpstream } from '../testing/aws-upstreams.js';
import { createAwsTargetSide } from './target-side.js';

let upstream: Scripted;
beforeEach(async () => {
  upstream = await scriptedUpstream((_seen, response) => {
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' });
    response.end('{}');
  });
});
afterEach(() => upstream.stop());

/** Long enough for whatever was going to be sent. */
const aWhile = () => new Promise<void>((resolve) => setTimeout(resolve, 100));
/** Those that AWS was asked to write to, in its order. */
const tables = (): string[] =>
  upstream.seen.flatMap(({ body }) => /"TableName":"(\w+)"/.exec(body.toString())?.[1] ?? []);

describe('at the gateway', () => {
  let gateway: Awaited<ReturnType<typeof awsGateway>>;
  const connections = new Set<Agent>();
  afterEach(async () => {
    for (const connection of connections) connection.destroy();
    await gateway[Symbol.asyncDispose]();
  });

  /** The record of a write, as a test says. */
  const records = new Map<string, { written: () => void; lost: () => void }>();
  const slowly = async ({ text, risk, resources }: Operation): Promise<void> => {
    if (risk !== 'write') return;
    await new Promise<void>((resolve, reject) => {
      const table = /table\/(\w+)/.exec(resources.join(' '))?.[1] ?? text;
      records.set(table, { written: resolve, lost: () => reject(new Error('disk full')) });
    });
  };
  const recordOf = (table: string) =>
    vi.waitFor(() => records.get(table) ?? Promise.reject(new Error(`no record of ${table}`)), 5_000);

  async function begin(options: Partial<AwsGatewayOptions> = {}): Promise<void> {
    records.clear();
    gateway = await awsGateway({
      settings: { endpoints: { default: upstream.url } },
      durable: slowly,
      ...options,
    });
  }

  function put(table: string, { agent = connection(), text = 'x' } = {}): ClientRequest {
    const body = JSON.stringify({ TableName: table, Item: { id: { S: text } } });
    const headers: [string, string][] = [
      ['host', 'dynamodb.eu-west-1.amazonaws.com'],
      ['x-amz-target', 'DynamoDB_20120810.PutItem'],
      ['content-type', 'application/x-amz-json-1.0'],
      ['content-length', String(body.length)],
    ];
    const signed = sign({ method: 'POST', path: '/', query: '', headers }, gateway.credentials, {
      region: gateway.region,
      service: 'dynamodb',
      now: new Date(),
      payload: createHash('sha256').update(body).digest('hex'),
    });
    const asking = request({
      host: '127.0.0.1',
      port: gateway.port,
      method: 'POST',
      path: '/',
      headers: Object.fromEntries(signed.headers),
      agent,
    });
    asking.on('error', () => undefined);
    asking.end(body);
    return asking;
  }

  const connection = (): Agent => {
    const agent = new Agent({ ca: gateway.ca, servername: 'localhost', keepAlive: true, maxSockets: 1 });
    connections.add(agent);
    return agent;
  };

  async function answer(asking: ClientRequest): Promise<string> {
    const heard = once(asking, 'response').catch(() => undefined);
    const response = (await heard)?.[0] as IncomingMessage | undefined;
    if (response === undefined) return 'hung up';
    return `${response.statusCode} ${Buffer.concat(await response.toArray()).toString()}`;
  }

  const outcomes = () => gateway.events.flatMap(({ outcome }) => (outcome === undefined ? [] : [outcome.status]));

  test('it reaches AWS once its record is durable, and not before', async () => {
    await begin();
    const answered = answer(put('orders'));
    const record = await recordOf('orders');
    await aWhile();
    expect(tables()).not.toContain('orders');
    record.written();
    expect(await answered).toBe('200 {}');
    expect(tables().filter((table) => table === 'orders')).toHaveLength(1);
  });

  test('it is dropped where the record cannot be written, and the next one runs', async () => {
    await begin();
    const agent = connection();
    const refused = answer(put('orders', { agent }));
    (await recordOf('orders')).lost();
    expect(await refused).toMatch(/^503 .*nothing was run/s);
    const next = answer(put('parcels', { agent }));
    (await recordOf('parcels')).written();
    expect(await next).toBe('200 {}');
    await aWhile();
    expect(tables()).not.toContain('orders');
  });

  test('it is dropped where its signature turns out to have been used, whenever that is heard', async () => {
    let say: (taken: boolean) => void = () => undefined;
    await begin({ once: () => new Promise((resolve) => (say = resolve)) });
    const answered = answer(put('orders'));
    (await recordOf('orders')).written();
    await aWhile();
    say(false);
    expect(await answered).toContain('this signature has been used before');
    await aWhile();
    expect(tables()).not.toContain('orders');
    expect(outcomes().at(-1)).toBe('failed');
  });

  test('it is dropped where its client leaves before', async () => {
    await begin();
    const asking = put('orders');
    const record = await recordOf('orders');
    asking.destroy();
    await aWhile();
    record.written();
    await aWhile();
    expect(tables()).not.toContain('orders');
    expect(outcomes().at(-1)).toBe('failed');
  });

  test('it is dropped where its session is ended before', async () => {
    await begin();
    const answered = answer(put('orders'));
    const record = await recordOf('orders');
    gateway.endSessions();
    record.written();
    expect(await answered).not.toMatch(/^2/);
    await aWhile();
    expect(tables()).not.toContain('orders');
  });

  test('a call that waits for people hears at once that its session was ended', async () => {
    let asked: () => void = () => undefined;
    const asking = new Promise<void>((resolve) => {
      asked = resolve;
    });
    await begin({
      decide: ({ risk }) => (risk === 'write' ? 'review' : 'allow'),
      durable: () => Promise.resolve(),
      review: (_operation, _decision, { waiting, abandoned }) =>
        new Promise((_resolve, reject) => {
          waiting({ review: 'r-1' as ReviewId, message: 'a reviewer has been asked' });
          abandoned.addEventListener('abort', () => reject(new GatewayError('CANCELLED', 'nobody waits any more')));
          asked();
        }),
    });
    const answered = answer(put('orders'));
    await asking;
    gateway.endSessions();
    expect(await answered).toContain('an administrator ended it');
    expect(tables()).not.toContain('orders');
  });

  test('a body of several frames waits at the gateway, and goes whole', async () => {
    await begin();
    const text = 'x'.repeat(1_500_000);
    const answered = answer(put('orders', { text }));
    const record = await recordOf('orders');
    await aWhile();
    expect(tables()).not.toContain('orders');
    record.written();
    expect(await answered).toBe('200 {}');
    expect(upstream.seen.at(-1)!.body.toString()).toContain(text);
  });
});

describe('at the agent', () => {
  let driver: AgentDriver;
  beforeEach(async () => {
    const settings = { regions: ['eu-central-1'], endpoints: { default: upstream.url } };
    driver = await openAgent(await createAwsTargetSide(), { settings });
    upstream.seen.length = 0;
  });
  afterEach(() => driver.end());

  const put = (table: string, held: boolean) =>
    driver.begin(
      {
        service: 'dynamodb',
        operation: 'PutItem',
        signingName: 'dynamodb',
        headers: [
          ['content-type', 'application/x-amz-json-1.0'],
          ['x-amz-target', 'DynamoDB_20120810.PutItem'],
        ],
        held,
      },
      Buffer.from(JSON.stringify({ TableName: table, Item: {} })),
    );

  test('a call that is held is sent when it may proceed, and only by its own number', async () => {
    const exchange = put('orders', true);
    driver.write(FrameKind.PROCEED, exchange + 1);
    driver.write(FrameKind.PROCEED, 0);
    await aWhile();
    expect(tables()).toEqual([]);
    driver.write(FrameKind.PROCEED, exchange);
    expect((await driver.answer()).outcome).toMatchObject({ status: 'done' });
    expect(tables()).toEqual(['orders']);
  });

  test('what came for the call before does not let the next one go', async () => {
    const first = put('orders', false);
    await driver.answer();
    const second = put('parcels', true);
    driver.write(FrameKind.PROCEED, first);
    await aWhile();
    expect(tables()).toEqual(['orders']);
    driver.write(FrameKind.PROCEED, second);
    await driver.answer();
    expect(tables()).toEqual(['orders', 'parcels']);
  });

  test('a call that is cancelled while it is held is skipped, whatever comes then', async () => {
    const exchange = put('orders', true);
    driver.write(FrameKind.CANCEL, exchange);
    expect((await driver.answer()).outcome).toMatchObject({ status: 'skipped', refusal: { code: 'CANCELLED' } });
    driver.write(FrameKind.PROCEED, exchange);
    await aWhile();
    expect(tables()).toEqual([]);
  });

  test('of a session that ends nothing that is held is sent', async () => {
    put('orders', true);
    await driver.end();
    await aWhile();
    expect(tables()).toEqual([]);
  });
});
