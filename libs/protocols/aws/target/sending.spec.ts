/** How bodies go out over TLS: S3 keeps the checksum that the client asked for, and nobody but AWS is believed to be it. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TLSSocket } from 'node:tls';
import { crc32 } from 'node:zlib';
import type { Header } from '@sallyport/http';
import { createAuthority, issueServerCertificate } from '@sallyport/tunnel';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type AgentDriver, openAgent } from '../../testing/aws-agent.js';
import { answer, ScriptedAws } from '../../testing/scripted-aws.js';
import { createAwsTargetSide } from '../target-side.js';

let folder: string;
let aws: ScriptedAws;
let url: string;
let driver: AgentDriver;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'sallyport-aws-'));
  const authority = await createAuthority({});
  const { privateKey, certificate } = await issueServerCertificate(authority, ['127.0.0.1']);
  writeFileSync(path.join(folder, 'ca.pem'), authority.certificate);
  aws = new ScriptedAws({ key: privateKey, cert: certificate });
  url = await aws.listen();
  driver = await open({ tls: { ca_file: path.join(folder, 'ca.pem') } });
});
beforeEach(() => {
  aws.received.length = 0;
});
afterAll(async () => {
  await driver?.end();
  aws?.close();
  rmSync(folder, { recursive: true });
});

const open = async (settings: object): Promise<AgentDriver> =>
  openAgent(await createAwsTargetSide(), {
    settings: { regions: ['eu-central-1'], endpoints: { default: url }, ...settings },
  });

const base64Crc = (bytes: Buffer): string => {
  const word = Buffer.alloc(4);
  word.writeUInt32BE(crc32(bytes));
  return word.toString('base64');
};

const putObject = (headers: readonly Header[]) =>
  ({ method: 'PUT', path: '/bucket/key', service: 's3', operation: 'PutObject', signingName: 's3', headers }) as const;

const withTrailer: readonly Header[] = [
  ['content-encoding', 'aws-chunked'],
  ['x-amz-trailer', 'x-amz-checksum-crc32'],
  ['x-amz-sdk-checksum-algorithm', 'CRC32'],
  ['x-amz-decoded-content-length', '1'],
];

async function put(body: Buffer, headers: readonly Header[]) {
  const exchange = driver.begin({ ...putObject(headers), length: body.length }, body.subarray(0, 200_000), true);
  await driver.more(exchange, body.subarray(200_000), false);
  return driver.answer();
}

/** Of a body in unsigned chunks. */
function decoded(encoded: Buffer): { body: Buffer; trailers: string } {
  const pieces: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = encoded.indexOf('\r\n', at);
    const size = Number.parseInt(encoded.subarray(at, end).toString(), 16);
    if (size === 0) return { body: Buffer.concat(pieces), trailers: encoded.subarray(end + 2).toString() };
    pieces.push(encoded.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}

test('a checksum that comes after a streamed body comes after it at S3 too', async () => {
  const body = Buffer.alloc(450_000, 'abcdefg');
  const { outcome } = await put(body, [...withTrailer.slice(1), ['content-encoding', 'aws-chunked,gzip']]);

  const [received] = aws.received;
  const sent = await received!.body;
  expect(outcome.status).toBe('done');
  expect(decoded(sent).body.equals(body)).toBe(true);
  expect(decoded(sent).trailers).toBe(`x-amz-checksum-crc32:${base64Crc(body)}\r\n\r\n`);
  expect(received!.headers).toMatchObject({
    'content-length': String(sent.length),
    'content-encoding': 'aws-chunked,gzip',
    'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    'x-amz-decoded-content-length': '450000',
    'x-amz-sdk-checksum-algorithm': 'CRC32',
    'x-amz-trailer': 'x-amz-checksum-crc32',
  });
});

test('a checksum that comes after a body that is there already goes ahead of it', async () => {
  const body = Buffer.from('small');
  await driver.call(putObject(withTrailer), body);

  const [received] = aws.received;
  expect(await received!.body).toEqual(body);
  expect(received!.headers).toMatchObject({
    'x-amz-checksum-crc32': base64Crc(body),
    'x-amz-sdk-checksum-algorithm': 'CRC32',
    'x-amz-content-sha256': createHash('sha256').update(body).digest('hex'),
  });
  expect(Object.keys(received!.headers)).not.toContain('content-encoding');
  expect(Object.keys(received!.headers)).not.toContain('x-amz-trailer');
});

test('over plain HTTP a checksum that comes after a body goes ahead of it, up to the size of a part', async () => {
  const plain = new ScriptedAws();
  const endpoints = { default: await plain.listen() };
  const other = await open({ endpoints });
  for (const [size, name] of [
    [450_000, base64Crc(Buffer.alloc(450_000, 'b'))],
    [17_000_000, undefined],
  ] as const) {
    plain.received.length = 0;
    const body = Buffer.alloc(size, 'b');
    const exchange = other.begin({ ...putObject(withTrailer), length: size }, body.subarray(0, 200_000), true);
    await other.more(exchange, body.subarray(200_000), false);
    expect((await other.answer()).outcome.status).toBe('done');
    const [received] = plain.received;
    expect((await received!.body).equals(body)).toBe(true);
    expect(received!.headers['x-amz-checksum-crc32']).toBe(name);
    expect(Object.keys(received!.headers)).not.toContain('x-amz-trailer');
  }
  await other.end();
  plain.close();
});

test('a checksum that went ahead stays where it is', async () => {
  const body = Buffer.alloc(300_000);
  await put(body, [
    ['x-amz-checksum-crc32', base64Crc(body)],
    ['x-amz-sdk-checksum-algorithm', 'CRC32'],
  ]);

  expect((await aws.received[0]!.body).equals(body)).toBe(true);
  expect(aws.received[0]!.headers).toMatchObject({
    'x-amz-checksum-crc32': base64Crc(body),
    'x-amz-sdk-checksum-algorithm': 'CRC32',
    'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
  });
});

test('a body that the client has hashed goes out under that hash', async () => {
  const body = Buffer.alloc(300_000, 'x');
  const bodySha256 = createHash('sha256').update(body).digest('hex');
  const exchange = driver.begin({ ...putObject([]), length: body.length, bodySha256 }, body.subarray(0, 9), true);
  await driver.more(exchange, body.subarray(9), false);

  expect((await driver.answer()).outcome.status).toBe('done');
  expect(aws.received[0]!.headers['x-amz-content-sha256']).toBe(bodySha256);
});

test('a streamed body whose length nobody said is refused', async () => {
  const exchange = driver.begin(putObject([]), Buffer.from('a'), true);
  await driver.more(exchange, Buffer.from('b'), false);

  expect((await driver.answer()).outcome).toMatchObject({ status: 'skipped', refusal: { code: 'UNSUPPORTED' } });
});

test('an endpoint whose certificate nobody vouches for gets nothing', async () => {
  const stranger = await open({});
  aws.received.length = 0;
  aws.script = (received) => received.say(answer('200 OK', ''));

  const { outcome } = await stranger.call(putObject([]), 'body');

  expect(outcome).toMatchObject({ status: 'skipped', refusal: { code: 'TARGET_UNREACHABLE' } });
  expect(outcome.refusal!.message).toMatch(/shows no certificate that is trusted/);
  expect(aws.received).toEqual([]);
  await stranger.end();
});

test('a target whose certificate is another’s is told nothing', async () => {
  const endpoints = { default: url.replace('127.0.0.1', 'localhost') };
  const other = await open({ tls: { ca_file: path.join(folder, 'ca.pem') }, endpoints });

  const { outcome } = await other.call(putObject([]), 'body');
  await other.end();

  expect(outcome).toMatchObject({ status: 'skipped', refusal: { code: 'TARGET_UNREACHABLE' } });
  expect(outcome.refusal!.message).toMatch(/ERR_TLS_CERT_ALTNAME_INVALID/);
  expect(aws.received).toEqual([]);
});

test('connections over TLS are kept, and those that come after them go on from their session', async () => {
  for (let count = 0; count < 3; count += 1) await put(Buffer.from('abc'), []);
  expect(new Set(aws.received.map(({ socket }) => socket)).size).toBe(1);
  aws.received[0]!.socket.destroy();
  await put(Buffer.from('abc'), []).catch(() => undefined); // a write may meet the connection that is just being closed
  await put(Buffer.from('abc'), []);

  expect((aws.received.at(-1)!.socket as TLSSocket).isSessionReused()).toBe(true);
});
