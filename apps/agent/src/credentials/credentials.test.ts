import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { refusalOf } from '@sallyport/core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { describeError } from '../log.js';
import { fromAwsChain } from './aws-chain.js';
import { fromClientCertificate } from './client-certificate.js';
import { fromEnvironment, keysFromEnvironment, TakenVariables } from './environment.js';
import { fromFile } from './file.js';
import { fromRdsIam } from './rds-iam.js';
import { fromSecretsManager } from './secrets-manager.js';
import type { CredentialSource } from './source.js';

const canary = 'canary-5f1d';
const cached = { fresh: false };
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-credentials-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  vi.unstubAllEnvs();
});

function secretFile(name: string, content: string, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

test('a credential from the environment is taken out of it, and stays readable for every target that names it', async () => {
  const environment: NodeJS.ProcessEnv = { DB_USER: 'app', DB_PASSWORD: canary };
  const variables = new TakenVariables(environment);
  const config = { source: 'environment', user: { variable: 'DB_USER' }, passwordVariable: 'DB_PASSWORD' } as const;

  const sources = [fromEnvironment(config, variables), fromEnvironment(config, variables)];

  expect(environment).toEqual({});
  for (const source of sources) expect(await source.read(cached)).toEqual({ user: 'app', password: canary });
});

test('a variable that is not set is named at once', () => {
  const config = { source: 'environment', user: { name: 'app' }, passwordVariable: 'MISSING' } as const;

  expect(() => fromEnvironment(config, new TakenVariables({}))).toThrow(
    expect.objectContaining({
      code: 'CREDENTIAL_UNAVAILABLE',
      message: 'the environment variable "MISSING" is not set',
    }),
  );
});

test('a file is read again at each use, so that a rotation is noticed', async () => {
  const path = secretFile('password', 'first\n');
  const source = fromFile({ source: 'file', path, user: 'app' });

  expect(await source.read(cached)).toEqual({ user: 'app', password: 'first' });
  writeFileSync(path, 'second');
  expect(await source.read(cached)).toEqual({ user: 'app', password: 'second' });
});

test('a file without a configured user holds both as JSON', async () => {
  const path = secretFile('login.json', JSON.stringify({ username: 'app', password: canary }));

  expect(await fromFile({ source: 'file', path, user: undefined }).read(cached)).toEqual({
    user: 'app',
    password: canary,
  });
});

test.each([
  ['that everybody can read', 0o644, canary, 'everybody may read or write'],
  ['that everybody can write', 0o602, canary, 'everybody may read or write'],
  ['that is empty', 0o600, '\n', 'is empty'],
  ['that is far too large', 0o600, 'x'.repeat(70_000), 'is larger than'],
])('a file %s is refused without a word of it', async (_what, mode, content, reason) => {
  const path = secretFile('password', content, mode);

  const refusal = expect(fromFile({ source: 'file', path, user: 'app' }).read(cached)).rejects;
  await refusal.toMatchObject({ code: 'CREDENTIAL_UNAVAILABLE', message: expect.stringContaining(reason) as string });
  await expect(fromFile({ source: 'file', path, user: 'app' }).read(cached)).rejects.not.toMatchObject({
    message: expect.stringContaining(canary) as string,
  });
});

test.each([canary, `{"username":"app","pass":"${canary}"}`, `{"username":"app","password":"${canary}`, 'null'])(
  'a login that is not one (%#) is refused without a word of it',
  async (content) => {
    const path = secretFile('login.json', content);

    const error: unknown = await fromFile({ source: 'file', path, user: undefined })
      .read(cached)
      .catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ code: 'CREDENTIAL_UNAVAILABLE' });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(canary);
  },
);

test('a client certificate is read with its key, which nobody else may read', async () => {
  const certFile = secretFile('client.pem', 'CERT', 0o644);
  const config = { source: 'client-certificate', user: 'app', certFile } as const;

  expect(await fromClientCertificate({ ...config, keyFile: secretFile('client.key', 'KEY') }).read(cached)).toEqual({
    user: 'app',
    clientCertificate: { cert: 'CERT', key: 'KEY' },
  });
  await expect(
    fromClientCertificate({ ...config, keyFile: secretFile('open.key', 'KEY', 0o644) }).read(cached),
  ).rejects.toMatchObject({ code: 'CREDENTIAL_UNAVAILABLE' });
  await expect(
    fromClientCertificate({ ...config, certFile: '/nowhere', keyFile: certFile }).read(cached),
  ).rejects.toMatchObject({ code: 'CREDENTIAL_UNAVAILABLE' });
});

const secretConfig = {
  source: 'secrets-manager',
  secretId: 'prod/orders',
  region: 'eu-central-1',
  endpoint: undefined,
} as const;

test('a secret is kept for a minute, and asked for again when the target has refused it', async () => {
  let now = 0;
  let asked = 0;
  const fetch = async () => {
    asked += 1;
    return JSON.stringify({ username: 'app', password: `v${asked}` });
  };
  const source = fromSecretsManager(secretConfig, { fetch, now: () => now });

  expect(await Promise.all([source.read(cached), source.read(cached)])).toEqual([
    expect.objectContaining({ password: 'v1' }),
    expect.objectContaining({ password: 'v1' }),
  ]);
  now = 59_999;
  expect(await source.read(cached)).toMatchObject({ password: 'v1' });
  expect(await source.read({ fresh: true })).toMatchObject({ password: 'v2' });
  now += 60_000;
  expect(await source.read(cached)).toMatchObject({ password: 'v3' });
});

test('a secret that cannot be read is not remembered as such', async () => {
  let works = false;
  const fetch = async () => {
    if (!works) throw Object.assign(new Error(`denied ${canary}`), { name: 'AccessDeniedException' });
    return JSON.stringify({ username: 'app', password: 'p' });
  };
  const source = fromSecretsManager(secretConfig, { fetch });

  await expect(source.read(cached)).rejects.toMatchObject({
    code: 'CREDENTIAL_UNAVAILABLE',
    message: 'the secret with the agent’s credential cannot be read (AccessDeniedException)',
  });
  works = true;
  expect(await source.read(cached)).toMatchObject({ password: 'p' });
});

const nowhere = '/nowhere/credential-of-orders';
const noSecret = async (): Promise<string> => {
  throw new Error('no');
};
const noIdentity = async (): Promise<never> => {
  throw new Error('no');
};
const awsOf = { source: 'aws', roleArn: undefined, externalId: undefined, region: undefined } as const;

test.each<[string, () => CredentialSource, string]>([
  ['a file that is not there', () => fromFile({ source: 'file', path: nowhere, user: 'app' }), nowhere],
  ['a file that everybody reads', () => readableByAll(), 'open-to-all'],
  [
    'a file that is empty',
    () => fromFile({ source: 'file', path: secretFile('is-empty', ''), user: 'app' }),
    'is-empty',
  ],
  [
    'a file that is too large',
    () => fromFile({ source: 'file', path: secretFile('huge', 'x'.repeat(70_000)), user: 'a' }),
    'huge',
  ],
  [
    'a file that is no login',
    () => fromFile({ source: 'file', path: secretFile('no-login', '{}'), user: undefined }),
    'no-login',
  ],
  [
    'a certificate that is not there',
    () =>
      fromClientCertificate({
        source: 'client-certificate',
        user: 'app',
        certFile: nowhere,
        keyFile: secretFile('k', 'K'),
      }),
    nowhere,
  ],
  ['a secret that is not given', () => fromSecretsManager(secretConfig, { fetch: noSecret }), secretConfig.secretId],
  [
    'a secret that is no login',
    () => fromSecretsManager(secretConfig, { fetch: async () => '{}' }),
    secretConfig.secretId,
  ],
  [
    'a profile that gives nothing',
    () => fromAwsChain({ ...awsOf, profile: 'prod-orders' }, new TakenVariables({}), { ask: noIdentity }),
    'prod-orders',
  ],
])('of %s a client is not told where it is, and the agent’s log is', async (_what, sourceOf, place) => {
  const error: unknown = await sourceOf()
    .read(cached)
    .catch((thrown: unknown) => thrown);

  const refusal = refusalOf(error);
  expect(refusal).toMatchObject({ code: 'CREDENTIAL_UNAVAILABLE', hint: expect.any(String) as string });
  expect(JSON.stringify(refusal)).not.toContain(place);
  expect(JSON.stringify(refusal)).not.toContain(folder);
  expect(JSON.stringify(describeError(error))).toContain(place);
});

const readableByAll = () => fromFile({ source: 'file', path: secretFile('open-to-all', 'p', 0o644), user: 'app' });

test('a secret is asked for with the AWS client, at the configured endpoint', async () => {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      requests.push(`${String(request.headers['x-amz-target'])} ${body}`);
      response.setHeader('content-type', 'application/x-amz-json-1.1');
      response.end(
        JSON.stringify({ Name: 'prod/orders', SecretString: JSON.stringify({ username: 'app', password: canary }) }),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAIOSFODNN7EXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY');

  const credential = await fromSecretsManager({ ...secretConfig, endpoint }).read(cached);

  expect(credential).toEqual({ user: 'app', password: canary });
  expect(requests).toEqual(['secretsmanager.GetSecretValue {"SecretId":"prod/orders"}']);
  server.close();
});

test('an RDS token is signed for the target’s host, port and user', async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAIOSFODNN7EXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY');
  const config = {
    source: 'rds-iam',
    user: 'iam_user',
    region: 'eu-central-1',
    host: undefined,
    port: undefined,
  } as const;

  const { user, password } = await fromRdsIam(config, { host: 'db.example.com', port: 5432 }).read(cached);

  expect(user).toBe('iam_user');
  expect(password).toMatch(
    /^db\.example\.com:5432\/\?Action=connect&DBUser=iam_user&.*X-Amz-Expires=900.*X-Amz-Signature=[0-9a-f]{64}/,
  );
});

const chain = {
  source: 'aws',
  profile: undefined,
  roleArn: undefined,
  externalId: undefined,
  region: undefined,
} as const;
const keys = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: canary };

test('keys for AWS are taken out of the environment, whatever they are called there', async () => {
  const environment: NodeJS.ProcessEnv = { A: keys.accessKeyId, B: canary, C: 'token' };
  const variables = { accessKeyId: 'A', secretAccessKey: 'B', sessionToken: 'C' };

  const source = keysFromEnvironment({ source: 'environment-keys', variables }, new TakenVariables(environment));

  expect(environment).toEqual({});
  expect(await source.read(cached)).toEqual({ user: keys.accessKeyId, aws: { ...keys, sessionToken: 'token' } });
  expect(() =>
    keysFromEnvironment({ source: 'environment-keys', variables }, new TakenVariables({ A: 'a', B: 'b' })),
  ).toThrow(expect.objectContaining({ message: 'the environment variable "C" is not set' }));
});

test('the chain of AWS begins with the environment, which has no keys afterwards', async () => {
  const environment: NodeJS.ProcessEnv = {
    AWS_ACCESS_KEY_ID: keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: canary,
    AWS_SESSION_TOKEN: 'token',
    AWS_REGION: 'eu-central-1',
  };
  const variables = new TakenVariables(environment);

  const sources = [fromAwsChain(chain, variables), fromAwsChain(chain, variables)];

  expect(environment).toEqual({ AWS_REGION: 'eu-central-1' });
  for (const source of sources)
    expect(await source.read(cached)).toEqual({ user: keys.accessKeyId, aws: { ...keys, sessionToken: 'token' } });
});

test('a named profile is read from the shared configuration, again each time that is asked for', async () => {
  const path = secretFile('credentials', `[work]\naws_access_key_id = first\naws_secret_access_key = ${canary}\n`);
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', path);
  vi.stubEnv('AWS_CONFIG_FILE', join(folder, 'none'));
  const variables = new TakenVariables({ AWS_ACCESS_KEY_ID: 'other', AWS_SECRET_ACCESS_KEY: 'other' });
  const source = fromAwsChain({ ...chain, profile: 'work' }, variables);

  expect(await source.read(cached)).toMatchObject({ aws: { accessKeyId: 'first', secretAccessKey: canary } });
  writeFileSync(path, `[work]\naws_access_key_id = second\naws_secret_access_key = ${canary}\n`);
  expect(await source.read(cached)).toMatchObject({ aws: { accessKeyId: 'first' } });
  expect(await source.read({ fresh: true })).toMatchObject({ aws: { accessKeyId: 'second' } });
});

test('an AWS identity is kept until shortly before it ends', async () => {
  let now = 0;
  let asked = 0;
  const ask = async () => ({ ...keys, accessKeyId: `k${(asked += 1)}`, expiration: new Date(now + 3_600_000) });
  const source = fromAwsChain(chain, new TakenVariables({}), { ask, now: () => now });
  const idOf = async (options = cached) => (await source.read(options)).user;

  expect(await Promise.all([idOf(), idOf()])).toEqual(['k1', 'k1']);
  now = 3_600_000 - 5 * 60_000 - 1;
  expect(await idOf()).toBe('k1');
  now += 1;
  expect(await idOf()).toBe('k2');
  expect(await idOf({ fresh: true })).toBe('k3');
});

test('an AWS identity that cannot be had is told without the chain’s words, and asked for again', async () => {
  let works = false;
  const ask = async () => {
    if (!works) throw Object.assign(new Error(`process printed ${canary}`), { name: 'CredentialsProviderError' });
    return keys;
  };
  const source = fromAwsChain(chain, new TakenVariables({}), { ask });

  await expect(source.read(cached)).rejects.toMatchObject({
    code: 'CREDENTIAL_UNAVAILABLE',
    message: 'the agent finds no AWS credential (CredentialsProviderError)',
  });
  works = true;
  expect(await source.read(cached)).toMatchObject({ aws: keys });
});

test('a role is assumed with the chain’s identity where one is configured', async () => {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      requests.push(`${String(request.headers['authorization'])} ${body}`);
      response.setHeader('content-type', 'text/xml');
      response.end(
        '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>' +
          '<AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>role-secret</SecretAccessKey>' +
          '<SessionToken>role-token</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration>' +
          '</Credentials></AssumeRoleResult></AssumeRoleResponse>',
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  vi.stubEnv('AWS_ENDPOINT_URL_STS', `http://127.0.0.1:${(server.address() as { port: number }).port}`);
  const variables = new TakenVariables({ AWS_ACCESS_KEY_ID: keys.accessKeyId, AWS_SECRET_ACCESS_KEY: canary });
  const roleArn = 'arn:aws:iam::123456789012:role/gateway';

  const credential = await fromAwsChain(
    { ...chain, roleArn, externalId: 'ext', region: 'eu-central-1' },
    variables,
  ).read(cached);

  expect(credential).toMatchObject({ user: 'ASIAROLE', aws: { sessionToken: 'role-token' } });
  expect(requests).toEqual([expect.stringMatching(/Credential=AKIAIOSFODNN7EXAMPLE.*ExternalId=ext/)]);
  server.close();
});
