/** Targets that mean harm, or fail in every way that a network knows. */
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { FrameKind } from '@sallyport/engine';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import {
  type AgentDriver,
  type AgentOptions,
  agentCredential,
  anOperation,
  openAgent,
} from '../../testing/aws-agent.js';
import { answer, ScriptedAws } from '../../testing/scripted-aws.js';
import { createAwsTargetSide } from '../target-side.js';

vi.setConfig({ testTimeout: 15_000 });

let aws: ScriptedAws;
let url: string;
const drivers: AgentDriver[] = [];

beforeEach(async () => {
  aws = new ScriptedAws();
  url = await aws.listen();
});
afterEach(async () => {
  for (const driver of drivers.splice(0)) await driver.end();
  aws.close();
});

async function agent(options: Partial<AgentOptions> = {}): Promise<AgentDriver> {
  const settings = { regions: ['eu-central-1'], endpoints: { default: url }, ...options.settings };
  const driver = await openAgent(await createAwsTargetSide(), { ...options, settings });
  aws.received.length = 0; // who is asked at the opening is another test's matter
  drivers.push(driver);
  return driver;
}

const getItem = {
  service: 'dynamodb',
  operation: 'GetItem',
  signingName: 'dynamodb',
  headers: [
    ['content-type', 'application/x-amz-json-1.0'],
    ['x-amz-target', 'DynamoDB_20120810.GetItem'],
  ],
} as const;
const getObject = {
  method: 'GET',
  path: '/bucket/key',
  service: 's3',
  operation: 'GetObject',
  signingName: 's3',
} as const;
const putObject = {
  method: 'PUT',
  path: '/bucket/../k%20%2B',
  service: 's3',
  operation: 'PutObject',
  signingName: 's3',
} as const;

test('a call goes out as it was asked for and comes back as it was answered', async () => {
  aws.script = (received) =>
    void received.say(answer('200 OK', '{"Item":{}}', { 'x-amzn-RequestId': 'REQ1', 'Set-Cookie': 'a=b' }));
  const driver = await agent();

  const { status, headers, body, outcome } = await driver.call(getItem, '{"TableName":"t"}');

  expect([status, body.toString(), headers.get('x-amzn-requestid'), headers.has('set-cookie')]).toEqual([
    200,
    '{"Item":{}}',
    'REQ1',
    false,
  ]);
  expect(outcome).toMatchObject({ status: 'done', bytes: 11, joinKey: 'REQ1', scoped: 'own', maskedFields: 0 });
  expect(await aws.received[0]!.body).toEqual(Buffer.from('{"TableName":"t"}'));
  expect(aws.received[0]!.headers).toMatchObject({
    host: url.slice('http://'.length),
    'x-amz-target': 'DynamoDB_20120810.GetItem',
    authorization: expect.stringMatching(/Credential=AKIAAGENTSOWN0000001\/\d{8}\/eu-central-1\/dynamodb\//),
    'accept-encoding': 'identity',
  });
});

test('several calls follow one another over one connection to AWS', async () => {
  const driver = await agent();
  for (let count = 0; count < 5; count += 1) await driver.call(getItem, '{}');

  expect(new Set(aws.received.map(({ socket }) => socket)).size).toBe(1);
});

test('answers without a body leave their connection to the next call', async () => {
  aws.script = (received) => void received.say(answer('200 OK', '', { etag: '"a"' }));
  const driver = await agent();
  for (let count = 0; count < 5; count += 1) {
    await driver.call(putObject, 'text');
    await sleep(5); // the outcome is told while the connection is being freed
  }

  expect(new Set(aws.received.map(({ socket }) => socket)).size).toBe(1);
});

test('what the client says of credentials, hosts and encodings does not go on', async () => {
  const driver = await agent();

  const { outcome } = await driver.call({
    ...getItem,
    headers: [
      ...getItem.headers,
      ['host', 'evil.example.com'],
      ['authorization', 'theirs'],
      ['x-amz-security-token', 'theirs'],
      ['x-amz-date', 'theirs'],
      ['x-amz-user-agent', 'theirs'],
      ['accept-encoding', 'zstd'],
      ['cookie', 'theirs'],
      ['x-forwarded-for', 'theirs'],
      ['te', 'theirs'],
      ['x-amz-meta-a', 'b'],
    ],
  });

  expect(outcome).toMatchObject({ status: 'done' });
  const { headers } = aws.received[0]!;
  expect(Object.values(headers).join()).not.toMatch(/theirs|evil|zstd/);
  expect(headers).toMatchObject({ 'x-amz-meta-a': 'b', 'x-amz-security-token': agentCredential.sessionToken });
});

test('the path goes out raw', async () => {
  const driver = await agent();

  await driver.call({ ...putObject, query: 'x-id=PutObject' }, 'body');

  expect(aws.received[0]!.path).toBe('/bucket/../k%20%2B?x-id=PutObject');
});

test('an answer of the target that is an error keeps its status and tells its code', async () => {
  aws.script = (received) =>
    void received.say(answer('404 Not Found', '<Error><Code>NoSuchKey</Code></Error>', { 'x-amz-request-id': 'R' }));
  const driver = await agent();

  const { status, body, outcome } = await driver.call(getObject);

  expect([status, body.toString()]).toEqual([404, '<Error><Code>NoSuchKey</Code></Error>']);
  expect(outcome).toMatchObject({ status: 'failed', code: 'NoSuchKey', joinKey: 'R' });
});

test('a response is recorded piece by piece as it is sent, and its footer comes with the outcome', async () => {
  const driver = await agent();
  aws.script = (received) => void received.say(answer('200 OK', 'x'.repeat(600_000)));

  const { body, outcome } = await driver.call({ ...getObject, record: anOperation });

  const sent = driver.frames.filter(({ kind }) => kind === FrameKind.DATA);
  expect(body).toHaveLength(600_000);
  expect(Buffer.concat(sent.map(({ body: piece }) => piece)).equals(Buffer.concat(driver.recorded))).toBe(true);
  expect(sent.map(({ body: piece }) => piece.length)).toEqual(driver.recorded.map(({ length }) => length));
  expect(sent.every(({ body: piece }) => piece.length <= 256 * 1024)).toBe(true);
  expect(outcome.footer).toBe(`footer of ${sent.length}`);
});

test.each([
  ['HEAD', '200 OK', 'content-length: 1000\r\n'],
  ['GET', '204 No Content', ''],
  ['GET', '304 Not Modified', 'etag: "a"\r\n'],
])('an answer to %s with %s has no body', async (method, status, header) => {
  const driver = await agent();
  aws.script = (received) => void received.say(`HTTP/1.1 ${status}\r\n${header}\r\n`);
  const operation = method === 'HEAD' ? 'HeadObject' : 'GetObject';

  const answered = await driver.call({ ...getObject, method, operation });

  expect(answered).toMatchObject({
    status: Number(status.slice(0, 3)),
    body: Buffer.alloc(0),
    outcome: { status: 'done' },
  });
});

// ---------------------------------------------------------------------------------------------------- bodies on the way

test('a large body streams, is held back while the target is slow, and arrives whole', async () => {
  const driver = await agent();
  const piece = Buffer.alloc(256 * 1024, 'p');
  const exchange = driver.begin({ ...putObject, length: 40 * piece.length }, piece, true);
  for (let count = 1; count < 40; count += 1) await driver.more(exchange, piece, count < 39);
  const { outcome } = await driver.answer();

  expect(outcome.status).toBe('done');
  expect(await aws.received[0]!.body).toHaveLength(40 * piece.length);
  expect(aws.received[0]!.headers).toMatchObject({
    'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
    'content-length': String(40 * piece.length),
    expect: '100-continue',
  });
});

test('a target that never says that it wants the body gets it all the same', async () => {
  aws.continues = false;
  const driver = await agent();
  const exchange = driver.begin({ ...putObject, length: 2_000_000 }, Buffer.alloc(1_000_000), true);
  await driver.more(exchange, Buffer.alloc(1_000_000), false);

  expect((await driver.answer()).outcome.status).toBe('done');
  expect(await aws.received[0]!.body).toHaveLength(2_000_000);
});

test('a target that refuses a large body before it has come is heard at once', async () => {
  aws.continues = false;
  aws.script = ({ socket }) => socket.write(answer('403 Forbidden', '<Error><Code>AccessDenied</Code></Error>'));
  const driver = await agent();
  driver.begin({ ...putObject, length: 50_000_000 }, Buffer.alloc(100_000), true);

  const { status, outcome } = await driver.answer();

  expect([status, outcome.code]).toEqual([403, 'AccessDenied']);
  aws.script = (received) => void received.say(answer('200 OK', '{}'));
  expect((await driver.call(getItem, '{}')).status).toBe(200);
});

test('the target never gets all of a body that is not the one the client signed', async () => {
  const driver = await agent();
  const bodySha256 = createHash('sha256').update('what was signed').digest('hex');
  const exchange = driver.begin({ ...putObject, length: 300_000, bodySha256 }, Buffer.alloc(100_000), true);
  await driver.more(exchange, Buffer.alloc(100_000), true);
  await vi.waitFor(() => expect(aws.received).not.toEqual([]));
  await driver.more(exchange, Buffer.alloc(100_000), false);

  const { status, outcome } = await driver.answer();

  expect(status).toBeUndefined();
  expect(outcome).toMatchObject({ status: 'failed', refusal: { code: 'PROTOCOL_VIOLATION' } });
  await expect(aws.received[0]!.body).rejects.toThrow();
});

test('a body that is not the one the client signed never begins where it was read whole', async () => {
  const driver = await agent();
  const { outcome } = await driver.call({ ...getItem, bodySha256: 'ab'.repeat(32) }, '{}');

  expect(outcome).toMatchObject({ status: 'skipped', refusal: { code: 'PROTOCOL_VIOLATION' } });
  expect(aws.received).toEqual([]);
});

test('a body that must be read and is too large is refused', async () => {
  const driver = await agent({ settings: { max_body: 65_536 } });

  expect((await driver.call(getItem, 'x'.repeat(65_537))).outcome).toMatchObject({
    status: 'skipped',
    refusal: { code: 'TOO_LARGE' },
  });
});

// -------------------------------------------------------------------------------------------- targets that do not behave

const secret = agentCredential.secretAccessKey;
const token = agentCredential.sessionToken!;

test.each([
  ['is broken off in its body', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc', 'TARGET_UNREACHABLE'],
  ['is broken off in its chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab', 'TARGET_UNREACHABLE'],
  ['is broken off in its head', 'HTTP/1.1 200 OK\r\ncontent-le', 'TARGET_UNREACHABLE'],
  ['is nothing', '', 'TARGET_UNREACHABLE'],
  ['is no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n', 'RESPONSE_NOT_UNDERSTOOD'],
  [
    'has two lengths',
    'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 5\r\n\r\nabcde',
    'RESPONSE_NOT_UNDERSTOOD',
  ],
  [
    'has a length and chunks',
    'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n',
    'RESPONSE_NOT_UNDERSTOOD',
  ],
  ['has a head without end', `HTTP/1.1 200 OK\r\nx-a: ${'a'.repeat(100_000)}\r\n\r\n`, 'RESPONSE_NOT_UNDERSTOOD'],
  ['has a chunk of no length', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n', ''],
])('an answer that %s ends the call in our words', async (_what, text, code) => {
  aws.script = async (received) => {
    await received.say(text);
    await sleep(20);
    received.socket.end();
  };
  const driver = await agent();

  const { outcome } = await driver.call(getItem, `{"a":"${'b'.repeat(100)}"}`);

  expect(outcome.status).toBe('unknown');
  expect(outcome.refusal?.code).toEqual(code === '' ? expect.any(String) : code);
  expect(driver.told).not.toMatch(/OpenSSH/);
});

test('a connection that is reset in the middle of an answer ends it, and the next call has a new one', async () => {
  aws.script = async (received) => {
    await received.say('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc');
    await sleep(20);
    received.socket.resetAndDestroy();
  };
  const driver = await agent();

  expect((await driver.call(getObject)).outcome).toMatchObject({
    status: 'unknown',
    refusal: { code: 'TARGET_UNREACHABLE' },
  });
  aws.script = (received) => void received.say(answer('200 OK', 'good'));
  expect((await driver.call(getObject)).body.toString()).toBe('good');
});

test.each([301, 302, 307, 308])('a redirect by %i is an answer, and nobody follows it', async (code) => {
  aws.script = (received) =>
    void received.say(
      answer(`${code} Moved`, '<Error><Code>PermanentRedirect</Code></Error>', {
        location: 'http://127.0.0.1:1/elsewhere',
        'x-amz-bucket-region': 'us-west-2',
      }),
    );
  const driver = await agent();

  const { status, headers } = await driver.call(getObject);

  expect([status, headers.get('location'), headers.get('x-amz-bucket-region')]).toEqual([code, undefined, 'us-west-2']);
  expect(aws.received).toHaveLength(1);
});

test.each([
  ['in a header', answer('200 OK', '', { 'x-amz-meta-a': `a ${secret}` }), true],
  ['in a body', answer('200 OK', `a${token}b`), true],
  [
    'in chunks',
    `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${[...token].map((c) => `1\r\n${c}\r\n`).join('')}0\r\n\r\n`,
    true,
  ],
  [
    'in an error',
    answer('403 Forbidden', `<Error><Code>Other</Code><CanonicalRequest>${token}</CanonicalRequest></Error>`),
    true,
  ],
  ['in the reason', `HTTP/1.1 400 ${secret}\r\ncontent-length: 0\r\n\r\n`, false],
  ['as no HTTP', secret, true],
  [
    'in a redirect',
    answer('307 Temporary', '', { location: `http://a/?X-Amz-Security-Token=${encodeURIComponent(token)}` }),
    false,
  ],
  ['in a cookie', answer('200 OK', '', { 'set-cookie': secret }), false],
])('the agent’s own credential never comes back %s', async (_where, text, ends) => {
  const driver = await agent();
  aws.script = async (received) => {
    await received.say(text);
    received.socket.end();
  };

  const { outcome } = await driver.call({ ...getObject, record: anOperation });

  expect(outcome.refusal?.code).toBe(ends ? 'RESPONSE_NOT_UNDERSTOOD' : undefined);
  expect(driver.told + Buffer.concat(driver.recorded).toString('latin1')).not.toMatch(/canary/);
});

test('an error about the agent’s own credential is told in our words only', async () => {
  aws.script = (received) =>
    void received.say(answer('403 Forbidden', '<Error><Code>SignatureDoesNotMatch</Code><A>AKIAAGENTSOWN</A></Error>'));
  const driver = await agent();

  const { status, outcome } = await driver.call(getObject);

  expect(status).toBeUndefined();
  expect(outcome).toMatchObject({
    status: 'failed',
    code: 'SignatureDoesNotMatch',
    refusal: { code: 'TARGET_REFUSED_CREDENTIAL' },
  });
  expect(driver.told).not.toMatch(/AKIAAGENTSOWN/);
  expect(aws.received).toHaveLength(2);
});

test('a credential that has expired is read afresh once', async () => {
  const asked: boolean[] = [];
  let isExpired = false;
  aws.script = (received) =>
    void received.say(
      !isExpired || received.headers['x-amz-security-token'] === 'new'
        ? answer('200 OK', '{}')
        : answer('400 Bad Request', '{"__type":"com.amazon.coral.service#ExpiredTokenException"}'),
    );
  const driver = await agent({
    credential: async ({ fresh = false } = {}) => {
      asked.push(fresh);
      return { user: 'u', aws: { ...agentCredential, sessionToken: fresh ? 'new' : 'old' } };
    },
  });
  asked.length = 0;
  isExpired = true;

  expect((await driver.call(getItem, '{"a":1}')).outcome.status).toBe('done');
  expect(asked).toEqual([true]);
  expect(await aws.received[1]!.body).toEqual(Buffer.from('{"a":1}'));
});

test('a credential that has become another account’s is not used', async () => {
  let account = '111111111111';
  aws.script = (received) =>
    received.say(
      answer(
        '200 OK',
        `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>${account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`,
      ),
    );
  const driver = await agent({
    settings: { accounts: ['111111111111'] },
    credential: async () => ({ user: 'u', aws: { ...agentCredential, accessKeyId: `AKIA${account}` } }),
  });
  expect((await driver.call(getObject)).outcome.status).not.toBe('skipped');
  account = '222222222222';
  await sleep(1_100); // a credential is read again once a second

  expect((await driver.call(getObject)).outcome).toMatchObject({
    status: 'skipped',
    refusal: { code: 'TARGET_UNKNOWN' },
  });
});

// --------------------------------------------------------------------------------------------------------------- waiting

test('a target that does not answer is given up when its time is over', async () => {
  const driver = await agent({ settings: { deadlines: { answer: 1 } } });
  aws.script = () => undefined;

  expect((await driver.call(getItem, '{}')).outcome).toMatchObject({
    status: 'unknown',
    refusal: { code: 'TIMED_OUT', message: 'AWS does not answer this call in time' },
  });
});

test('an answer that stops coming is given up when its time is over', async () => {
  const driver = await agent({ settings: { deadlines: { idle: 1 } } });
  aws.script = (received) => void received.say('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc');

  expect((await driver.call(getObject)).outcome).toMatchObject({ status: 'unknown', refusal: { code: 'TIMED_OUT' } });
});

test('a client that reads slowly is no reason to give a target up, and holds it back', async () => {
  const size = 64 * 1024 * 1024;
  let sent = 0;
  const driver = await agent({ settings: { deadlines: { idle: 1 } } });
  aws.script = async (received) => {
    await received.say(`HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n`);
    const piece = Buffer.alloc(1024 * 1024);
    const go = () => {
      while (sent < size) {
        sent += piece.length;
        if (!received.socket.write(piece)) return received.socket.once('drain', go);
      }
      return undefined;
    };
    go();
  };
  driver.begin(getObject);
  await driver.next();

  await sleep(1_500);
  expect(sent).toBeLessThan(size / 2);
  const { outcome } = await driver.answer();
  expect(outcome).toMatchObject({ status: 'done', bytes: size });
});

test('nobody listening is told without the system’s words', async () => {
  aws.close();
  const driver = await agent();

  expect((await driver.call(getItem, '{}')).outcome).toMatchObject({
    status: 'skipped',
    refusal: { code: 'TARGET_UNREACHABLE', message: '"127.0.0.1" cannot be reached: nobody listens there' },
  });
});

test.each(['while it waits for an answer', 'while it reads one', 'while it sends'])(
  'a call that is cancelled %s leaves the target at once',
  async (when) => {
    const driver = await agent();
    aws.script = (received) => {
      if (when === 'while it reads one') void received.say('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc');
    };
    const exchange =
      when === 'while it sends'
        ? driver.begin({ ...putObject, length: 900_000 }, Buffer.alloc(10_000), true)
        : driver.begin(getObject);
    if (when === 'while it sends') await driver.more(exchange, Buffer.alloc(10_000), true);
    await vi.waitFor(() => expect(aws.received).not.toEqual([]));
    if (when === 'while it reads one') await driver.next();
    const gone = new Promise((resolve) => aws.received[0]!.socket.once('close', resolve));

    driver.write(FrameKind.CANCEL, exchange);

    await gone;
    expect((await driver.answer()).outcome).toMatchObject({ refusal: { code: 'CANCELLED' } });
    aws.script = (received) => void received.say(answer('200 OK', '{}'));
    expect((await driver.call(getItem, '{}')).outcome.status).toBe('done');
  },
);

test.each<[string, (driver: AgentDriver) => void]>([
  ['a channel that ends', (driver) => driver.channel.end()],
  ['a session that is closed', (driver) => driver.write(FrameKind.CLOSE, 0)],
  ['a frame that is not for an agent', (driver) => driver.write(FrameKind.OPENED, 0)],
])('%s takes the call with it', async (_what, end) => {
  const driver = await agent();
  aws.script = () => undefined;
  driver.begin(getObject);
  await vi.waitFor(() => expect(aws.received).not.toEqual([]));
  const gone = new Promise((resolve) => aws.received[0]!.socket.once('close', resolve));

  end(driver);

  await gone;
  await driver.served;
});

test.each<[string, (socket: Socket) => void]>([
  ['was closed', (socket) => socket.end()],
  ['was reset', (socket) => socket.resetAndDestroy()],
])('a kept connection that %s meanwhile is noticed: a read is asked again, a write is not', async (_what, how) => {
  const driver = await agent();
  const closing = async () => {
    await driver.call(getItem, '{}');
    await sleep(5); // the outcome is told while the connection is being freed
    aws.script = (received) => {
      how(received.socket);
      aws.script = (next) => void next.say(answer('200 OK', '{}'));
    };
  };

  await closing();
  expect((await driver.call(getObject)).outcome.status).toBe('done');
  await closing();
  expect((await driver.call(getItem, '{}')).outcome).toMatchObject({
    status: 'unknown',
    refusal: { code: 'TARGET_UNREACHABLE' },
  });
});
