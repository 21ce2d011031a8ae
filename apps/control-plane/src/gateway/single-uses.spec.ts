/** Two replicas on one store, and one request to AWS that somebody has read on its way. */
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { sign } from '@sallyport/aws';
import type { SingleUse } from '@sallyport/engine';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { awsGateway } from '../../../../libs/protocols/testing/aws-gateway.js';
import { type Scripted, scriptedUpstream } from '../../../../libs/protocols/testing/aws-upstreams.js';
import { type TestControlPlane, testControlPlane } from '../testing/control-plane.js';
import { SingleUses } from './single-uses.js';

type Gateway = Awaited<ReturnType<typeof awsGateway>>;

let house: TestControlPlane;
let replicas: readonly [SingleUses, SingleUses];
let upstream: Scripted;
let gateways: readonly [Gateway, Gateway];
/** The time that the database needs for a signature. */
let delayMs = 0;
let asked = 0;

beforeAll(async () => {
  house = await testControlPlane();
  const another = await house.replica();
  replicas = [house.controlPlane.app.get(SingleUses), another.app.get(SingleUses)];
  upstream = await scriptedUpstream((_seen, response) => {
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' });
    response.end('{}');
  });
  gateways = [await gatewayOf(replicas[0]), await gatewayOf(replicas[1])];
});

const gatewayOf = (uses: SingleUses): Promise<Gateway> =>
  awsGateway({
    settings: { endpoints: { default: upstream.url } },
    decide: ({ text }) => (text.includes('reviewed') ? 'review' : 'allow'),
    review: async (_operation, decision) => {
      asked += 1;
      return { ...decision, outcome: 'allow' };
    },
    once: async (use) => {
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      return uses.once(use);
    },
  });

afterAll(async () => {
  for (const gateway of gateways ?? []) await gateway[Symbol.asyncDispose]();
  await upstream?.stop();
  await house?.[Symbol.asyncDispose]();
});
beforeEach(() => {
  upstream.seen.length = 0;
  delayMs = 0;
  asked = 0;
});

const puts = (): number => upstream.seen.filter(({ body }) => body.includes('"TableName"')).length;

interface Sealed {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function sealed(operation: string, table: string): Sealed {
  const body = JSON.stringify({ TableName: table, Key: { id: { S: randomUUID() } } });
  const { headers } = sign(
    {
      method: 'POST',
      path: '/',
      query: '',
      headers: [
        ['host', 'dynamodb.eu-west-1.amazonaws.com'],
        ['x-amz-target', `DynamoDB_20120810.${operation}`],
        ['content-type', 'application/x-amz-json-1.0'],
      ],
    },
    gateways[0].credentials,
    {
      region: gateways[0].region,
      service: 'dynamodb',
      now: new Date(),
      payload: createHash('sha256').update(body).digest('hex'),
    },
  );
  return { headers: Object.fromEntries(headers), body };
}

/** Over a connection of its own. @returns the status, and what was said */
async function send(at: Gateway, { headers, body }: Sealed): Promise<string> {
  const agent = new Agent({ ca: at.ca, servername: 'localhost' });
  const asking = request({ host: '127.0.0.1', port: at.port, method: 'POST', path: '/', headers, agent });
  asking.end(body);
  const [answer] = (await once(asking, 'response')) as [IncomingMessage];
  const text = Buffer.concat(await answer.toArray()).toString();
  agent.destroy();
  return `${answer.statusCode} ${text}`;
}

test('a write that was read on its way does not run again on another replica', async () => {
  const write = sealed('DeleteItem', 'orders');
  expect(await send(gateways[0], write)).toBe('200 {}');
  const replayed = await send(gateways[1], write);
  expect(replayed).toMatch(/^4\d\d /);
  expect(replayed).toContain('this signature has been used before');
  expect(puts()).toBe(1);
  expect(gateways[1].events.at(-1)).toMatchObject({ event: 'operation.completed', outcome: { status: 'failed' } });
});

test('sent to both at the same time it runs once', async () => {
  delayMs = 30;
  for (let round = 0; round < 10; round += 1) {
    upstream.seen.length = 0;
    const write = sealed('DeleteItem', 'orders');
    const answers = await Promise.all(gateways.map((gateway) => send(gateway, write)));
    expect(answers.map((answer) => answer.slice(0, 3)).sort()).toEqual(['200', '403']);
    expect(puts()).toBe(1);
  }
});

test('nobody is asked about a write that was sent before', async () => {
  const write = sealed('DeleteItem', 'reviewed');
  expect(await send(gateways[0], write)).toBe('200 {}');
  expect(asked).toBe(1);
  expect(await send(gateways[1], write)).toContain('this signature has been used before');
  expect(asked).toBe(1);
  expect(puts()).toBe(1);
});

test('a read may be sent again, and the store is not asked for it', async () => {
  const before = await rows();
  const read = sealed('GetItem', 'orders');
  expect(await send(gateways[0], read)).toBe('200 {}');
  expect(await send(gateways[1], read)).toBe('200 {}');
  expect(await rows()).toBe(before);
});

test('an SDK that tries again at another replica within the second is served, and one time only', async () => {
  const write = sealed('DeleteItem', 'orders');
  const attempt = (count: number): Sealed => ({
    ...write,
    headers: { ...write.headers, 'amz-sdk-invocation-id': 'one', 'amz-sdk-request': `attempt=${count}; max=3` },
  });
  expect(await send(gateways[0], attempt(1))).toBe('200 {}');
  expect(await send(gateways[1], attempt(1))).toMatch(/^403 /);
  expect(await send(gateways[1], attempt(2))).toMatch(/^200 /);
});

const rows = async (): Promise<number> =>
  Number((await house.database.query<{ n: string }>('select count(*) as n from single_uses'))[0]!.n);

const use = (more: Partial<SingleUse> = {}): SingleUse => ({
  key: randomUUID(),
  keptMs: 900_000,
  origin: '192.0.2.1',
  repeatMs: 2_000,
  ...more,
});

test('another attempt passes from the same origin, shortly after the first, and once', async () => {
  const [here, there] = replicas;
  const first = use({ attempt: 'a 1' });
  expect(await here.once(first)).toBe(true);
  expect(await there.once({ ...first, attempt: 'a 2', origin: '192.0.2.2' })).toBe(false);
  const { attempt: _, ...silent } = first;
  expect(await there.once(silent)).toBe(false);
  expect(await there.once({ ...first, attempt: 'a 2' })).toBe(true);
  expect(await there.once({ ...first, attempt: 'a 2' })).toBe(false);
  expect(await here.once({ ...first, attempt: 'a 3', repeatMs: 0 })).toBe(false);
  const more = await Promise.all(
    Array.from({ length: 20 }, (_each, index) => there.once({ ...first, attempt: `b ${index}` })),
  );
  expect(more.filter(Boolean)).toHaveLength(6);
});

test('of many at once each is taken once, whichever replica is first', async () => {
  const uses = Array.from({ length: 200 }, () => use());
  const [here, there] = replicas;
  const asked = await Promise.all([
    ...uses.map((one) => here.once(one)),
    ...[...uses].reverse().map((one) => there.once(one)),
  ]);
  const [first, second] = [asked.slice(0, 200), asked.slice(200).reverse()];
  expect(first.map((taken, index) => taken !== second[index])).toEqual(uses.map(() => true));
  expect(await Promise.all(uses.map((one) => here.once(one)))).toEqual(uses.map(() => false));
});

test('it is remembered for its time, swept afterwards, and only hashes of it are in the store', async () => {
  const [here, there] = replicas;
  const long = use({ key: 'the signature', origin: 'the address', attempt: 'the attempt' });
  const short = use({ keptMs: -1 });
  expect([await here.once(long), await here.once(short)]).toEqual([true, true]);
  const stored = JSON.stringify(await house.database.query("select encode(key, 'escape'), * from single_uses"));
  for (const text of ['the signature', 'the address', 'the attempt']) expect(stored).not.toContain(text);
  await there.sweep();
  expect(await there.once({ ...long, attempt: 'x', origin: 'y' })).toBe(false);
  expect(await there.once(short)).toBe(true);
});

test('where the store cannot tell, nothing runs, and the same write runs once it can', async () => {
  await house.database.query('alter table single_uses rename to hidden');
  const write = sealed('DeleteItem', 'orders');
  const refused = await send(gateways[0], write);
  await house.database.query('alter table hidden rename to single_uses');
  expect(refused).toMatch(/^503 /);
  expect(refused).toContain('nothing was run');
  expect(puts()).toBe(0);
  expect(await send(gateways[1], write)).toBe('200 {}');
  expect(await send(gateways[0], { ...write })).toMatch(/^403 /);
  expect(puts()).toBe(1);
});
