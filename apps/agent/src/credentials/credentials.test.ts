import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fromClientCertificate } from './client-certificate.js';
import { fromEnvironment, TakenVariables } from './environment.js';
import { fromFile } from './file.js';
import { fromRdsIam } from './rds-iam.js';
import { fromSecretsManager } from './secrets-manager.js';

const canary = 'canary-5f1d';
const cached = { fresh: false };
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-credentials-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

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
    message: 'the secret "prod/orders" cannot be read (AccessDeniedException)',
  });
  works = true;
  expect(await source.read(cached)).toMatchObject({ password: 'p' });
});

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
  process.env['AWS_ACCESS_KEY_ID'] = 'AKIAIOSFODNN7EXAMPLE';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';

  const credential = await fromSecretsManager({ ...secretConfig, endpoint }).read(cached);

  expect(credential).toEqual({ user: 'app', password: canary });
  expect(requests).toEqual(['secretsmanager.GetSecretValue {"SecretId":"prod/orders"}']);
  server.close();
});

test('an RDS token is signed for the target’s host, port and user', async () => {
  process.env['AWS_ACCESS_KEY_ID'] = 'AKIAIOSFODNN7EXAMPLE';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
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
