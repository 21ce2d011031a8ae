import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { peer } from '@sallyport/testkit';
import { expect, test } from 'vitest';
import { credential, secret } from '../testing/requests.js';
import type { AwsRequest } from '../types.js';
import { type Authorization, parseAuthorization, sign, verify } from './index.js';

interface Generated extends Omit<AwsRequest, 'body'> {
  readonly mode: string;
  readonly body: string;
}

const script = fileURLToPath(new URL('../testing/botocore_requests.py', import.meta.url));

let generated: Generated[] | undefined;

const generate = (python: string): Generated[] => {
  const words = [script, credential.accessKeyId, secret, credential.sessionToken];
  generated ??= execFileSync(python, words, { encoding: 'utf8', maxBuffer: 1 << 28 })
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Generated);
  return generated;
};

const read = (request: AwsRequest): Authorization => {
  const authorization = parseAuthorization(request);
  if (!authorization.ok)
    throw new Error(`${authorization.message}: ${request.method} ${request.path}?${request.query}`);
  return authorization;
};

/** Another value for one part that is signed; each part of the request in turn. */
function* tampered(request: AwsRequest, { signedHeaders }: Authorization): Generator<AwsRequest> {
  yield { ...request, method: request.method === 'GET' ? 'DELETE' : 'GET' };
  yield { ...request, path: `${request.path}x` };
  yield { ...request, query: request.query === '' ? 'x' : `${request.query}&x` };
  for (const wanted of signedHeaders)
    yield {
      ...request,
      headers: request.headers.map(([name, value]) => [name, name === wanted ? `${value}0` : value] as const),
    };
}

test('what botocore signs is verified, and no longer with any signed part changed', { timeout: 120_000 }, (context) => {
  const modes = new Map<string, number>();
  for (const { mode, body, ...rest } of generate(peer('boto3', context))) {
    const bytes = Buffer.from(body, 'base64');
    const request: AwsRequest = { ...rest, body: bytes };
    const authorization = read(request);
    const options = { now: authorization.signedAt };
    const verified = verify(request, authorization, secret, options);
    if (!verified.ok)
      throw new Error(`${mode}: ${verified.message}: ${request.method} ${request.path}?${request.query}`);
    expect(authorization).toMatchObject({ accessKeyId: credential.accessKeyId, sessionToken: credential.sessionToken });

    const reader = verified.readBody();
    for (let at = 0; at < bytes.length; at += 50_000) reader.push(bytes.subarray(at, at + 50_000));
    reader.finish();

    for (const changed of tampered(request, authorization)) {
      const again = parseAuthorization(changed);
      expect(again.ok && verify(changed, again, secret, options).ok).toBe(false);
    }
    const key = `${mode}: ${verified.body.kind}`;
    modes.set(key, (modes.get(key) ?? 0) + 1);
  }
  expect([...modes.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThan(400);
  expect([...modes.keys()]).toEqual(
    expect.arrayContaining([
      's3: chunked-unsigned-trailer',
      's3: hash',
      'presigned s3: unsigned',
      'presigned sts: hash',
    ]),
  );
});

test('what is signed for AWS carries the signature that botocore would give it', { timeout: 120_000 }, (context) => {
  let compared = 0;
  for (const { body: _, mode, ...request } of generate(peer('boto3', context))) {
    const theirs = read(request);
    if (theirs.form === 'presigned' || theirs.payload === undefined || theirs.scope.service !== 's3') continue;
    // Signed anew at the same second, by the same key: the same headers have to give the same signature. What botocore says of
    // its attempt it adds once it has signed.
    const { region, service } = theirs.scope;
    const headers = request.headers.filter(([name]) => !name.startsWith('amz-sdk-'));
    const made = sign({ ...request, headers }, credential, {
      region,
      service,
      now: theirs.signedAt,
      payload: theirs.payload,
    });
    const ours = read({ ...request, ...made });
    expect(ours.signedHeaders, mode).toEqual(theirs.signedHeaders);
    expect(ours.signature, mode).toBe(theirs.signature);
    compared += 1;
  }
  expect(compared).toBeGreaterThan(200);
});
