/**
 * What it costs to verify and sign requests and to read bodies, in CPU time of this process: other work on the machine does
 * not count. `npx vitest bench --config .config/vitest.config.ts --project unit --run libs/aws/testing/sigv4.bench.ts`
 */
import { createHash } from 'node:crypto';
import { describe, bench as wallClockBench } from 'vitest';
import { checksumOf } from '../sigv4/checksums.js';
import { parseAuthorization, SigningKeyCache, type SignOptions, sign, type Verified, verify } from '../sigv4/index.js';
import type { AwsRequest } from '../types.js';
import { signedChunks, unsignedChunks } from './chunked.js';
import { credential, now, secret } from './requests.js';

const cpuMilliseconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const bench = (name: string, step: () => void): void =>
  wallClockBench(name, step, { now: cpuMilliseconds, time: 1000, warmupTime: 1000 });
/** Each mean is of so many, as one is too short for the clock. */
const many = 100;
const repeated = (name: string, step: () => void): void =>
  bench(`${many} times: ${name}`, () => {
    for (let count = 0; count < many; count += 1) step();
  });

const keys = new SigningKeyCache();
const body = Buffer.alloc(1024, 'x');
const hash = createHash('sha256').update(body).digest('hex');
const call: AwsRequest = {
  method: 'POST',
  path: '/',
  query: '',
  headers: [
    ['host', 'dynamodb.eu-central-1.amazonaws.com'],
    ['content-type', 'application/x-amz-json-1.0'],
    ['x-amz-target', 'DynamoDB_20120810.GetItem'],
    ['user-agent', 'bench'],
    ['amz-sdk-request', 'attempt=1'],
  ],
  body,
};
const toDynamoDb: SignOptions = { region: 'eu-central-1', service: 'dynamodb', now, payload: hash, keys };
const signedCall = { ...call, ...sign(call, credential, toDynamoDb) };

const verified = (request: AwsRequest): Verified => {
  const authorization = parseAuthorization(request);
  const result = authorization.ok ? verify(request, authorization, secret, { now, keys }) : authorization;
  if (!result.ok) throw new Error(result.message);
  return result;
};

describe('a call with 1 KB of body', () => {
  repeated('verify, with the hash of the body', () => void verified(signedCall));
  repeated('sign, with the hash of the body', () => {
    const payload = createHash('sha256').update(body).digest('hex');
    sign(call, credential, { ...toDynamoDb, payload });
  });
  repeated('verify and sign again', () => {
    verified(signedCall);
    sign(signedCall, credential, toDynamoDb);
  });
  const { keys: _, ...uncached } = toDynamoDb;
  repeated('sign without remembering keys', () => void sign(call, credential, uncached));
});

const megabyte = 2 ** 20;
const object = Buffer.alloc(16 * megabyte, 'abcdefgh');
const uploaded = (payload: string, ...headers: [string, string][]): AwsRequest => {
  const request = {
    method: 'PUT',
    path: '/b/k',
    query: '',
    headers: [['host', 'x'], ...headers] as [string, string][],
  };
  return { ...request, ...sign(request, credential, { region: 'eu-central-1', service: 's3', now, payload }) };
};
const seedOf = (request: AwsRequest) => {
  const authorization = parseAuthorization(request);
  if (!authorization.ok) throw new Error(authorization.message);
  return authorization;
};

const decode = (request: AwsRequest, wire: Uint8Array): void => {
  const reader = verified(request).readBody();
  for (let at = 0; at < wire.length; at += 65_536) reader.push(wire.subarray(at, at + 65_536));
  reader.finish();
};

describe('an object of 16 MB, in pieces of 64 KB', () => {
  const plain = uploaded(createHash('sha256').update(object).digest('hex'));
  bench('with its hash signed', () => decode(plain, object));
  const signed = uploaded('STREAMING-AWS4-HMAC-SHA256-PAYLOAD');
  const signedWire = signedChunks(object, { size: 65_536 }, secret, seedOf(signed));
  bench('in signed chunks of 64 KB', () => decode(signed, signedWire));
  for (const [name, value] of Object.entries(trailerSums())) {
    const unsigned = uploaded('STREAMING-UNSIGNED-PAYLOAD-TRAILER', ['x-amz-trailer', name]);
    const wire = unsignedChunks(object, { size: megabyte, trailers: [`${name}:${value}`] });
    bench(`in unsigned chunks of 1 MB with ${name}`, () => decode(unsigned, wire));
  }
});

function trailerSums(): Record<string, string> {
  const names = ['x-amz-checksum-crc32', 'x-amz-checksum-crc32c', 'x-amz-checksum-crc64nvme', 'x-amz-checksum-sha256'];
  return Object.fromEntries(
    names.map((name) => {
      const checksum = checksumOf(name)!();
      checksum.update(object);
      return [name, checksum.digest()];
    }),
  );
}
