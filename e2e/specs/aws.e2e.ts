import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { peer, peerMissing } from '@sallyport/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Upstream } from '../../libs/protocols/testing/aws-upstreams.js';
import { motoUpstream } from '../../libs/protocols/testing/moto.js';
import { Installation, until } from '../testing/installation.js';

/** A key as a detector knows it, and as nobody has it. */
const canary = `AKIA${'CANARYCANARYCANA'}`;
const realSecret = 'real-secret-that-never-leaves-the-agent';
const root = path.resolve(import.meta.dirname, '../..');

let moto: Upstream;
let gate: Installation;
let directory: string;

const allowAws = (also = '') => `
@id("connect") permit(principal, action == Sallyport::Action::"session.connect", resource);
@id("aws") permit(principal, action == Sallyport::Action::"aws.call", resource);
@id("no-credentials")
@message("credentials are not handed out here; use the ones that you have")
forbid(principal, action == Sallyport::Action::"aws.call", resource) when { context.flags.contains("credential-issue") };
${also}`;

const missing = peerMissing('moto') ?? peerMissing('aws');
const neverSkips = {
  skip: (note?: string): never => {
    throw new Error(note);
  },
};

// Where the peers are missing, each test says so for itself.
beforeEach((context) => {
  peer('moto', context);
  peer('aws', context);
});

beforeAll(async () => {
  if (missing !== undefined) return;
  moto = await motoUpstream(peer('moto', neverSkips));
  directory = mkdtempSync(path.join(tmpdir(), 'sallyport-aws-e2e-'));
  const keys = path.join(directory, 'aws-keys.json');
  writeFileSync(keys, JSON.stringify({ AccessKeyId: 'AKIAREALREALREALREAL', SecretAccessKey: realSecret }), {
    mode: 0o600,
  });
  gate = await Installation.start({
    targets: [
      {
        alias: 'cloud',
        protocol: 'aws',
        regions: ['eu-west-1', 'us-east-1'],
        endpoints: { default: moto.url },
        credential: { source: 'file', path: keys },
        masking: { rules: [{ id: 'secrets', kind: 'detector', detector: 'secrets', action: 'redact' }] },
      },
    ],
  });
  await gate.setPolicy(allowAws());
  await gate.api('grace', 'POST', '/v1/connections', {
    name: 'cloud',
    protocol: 'aws',
    target: 'cloud',
    regions: ['eu-west-1', 'us-east-1'],
    record_responses: true,
  });
});
afterAll(async () => {
  await gate?.stop();
  await moto?.stop();
});

interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

function run(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env: { PATH: process.env['PATH']!, HOME: directory, ...env } });
    const text = { out: '', err: '' };
    child.stdout.on('data', (chunk: Buffer) => (text.out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (text.err += chunk.toString()));
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, ...text }));
  });
}

const sallyport = async (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> =>
  run(process.execPath, [path.join(root, 'apps/cli/bin/sallyport.js'), ...args], {
    SALLYPORT_URL: gate.url,
    SALLYPORT_TOKEN: await gate.accessToken('ada'),
    XDG_CONFIG_HOME: path.join(directory, 'config'),
    ...env,
  });
const aws = (...args: string[]) => sallyport(['aws', 'cloud', ...args]);

describe('the AWS CLI', () => {
  test('works on AWS by one command, and no key of AWS is near it', async () => {
    const who = await aws('sts', 'get-caller-identity');
    expect([who.status, who.err]).toEqual([0, '']);
    expect(JSON.parse(who.out)).toMatchObject({ Account: '123456789012' });

    const file = path.join(directory, 'upload.txt');
    writeFileSync(file, 'x'.repeat(20_000_000));
    for (const args of [
      ['s3', 'mb', 's3://cli-bucket', '--region', 'eu-west-1'],
      ['s3', 'cp', file, 's3://cli-bucket/deep/upload.txt'],
      ['s3', 'cp', 's3://cli-bucket/deep/upload.txt', `${file}.back`],
    ]) {
      const { status, err } = await aws(...args);
      expect([args, status, err]).toEqual([args, 0, '']);
    }
    expect(readFileSync(`${file}.back`).equals(readFileSync(file))).toBe(true);
    expect((await aws('s3', 'ls', 's3://cli-bucket/deep/')).out).toContain('20000000 upload.txt');
  });

  test('a refusal is an error of the service, says what to do, and is on record', async () => {
    const refused = await aws(
      'sts',
      'assume-role',
      '--role-arn',
      'arn:aws:iam::123456789012:role/a',
      '--role-session-name',
      'session',
    );
    expect(refused.status).not.toBe(0);
    expect(refused.err).toMatch(/AccessDenied.*credentials are not handed out here/s);
    const operations = await recorded();
    expect(operations.at(-1)).toMatchObject({
      action: 'aws.call',
      decision: { outcome: 'denied', policies: ['no-credentials'] },
    });
  });

  test('leaves nothing secret in the files and arguments that it is started with', async () => {
    const connected = await sallyport(['connect', 'cloud']);
    expect(connected.status).toBe(0);
    const files = readdirSync(path.join(directory, 'config'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(path.join(entry.parentPath, entry.name), 'utf8'));
    expect([connected.out, ...files].join('\n')).not.toMatch(/spt_|aws_secret_access_key/);
  });
});

test('boto3 uses seventeen services through the gateway, and what is secret stays where it is', async (context) => {
  const python = peer('boto3', context);
  const ran = await sallyport(
    ['connect', 'cloud', '--exec', '--', python, path.join(root, 'e2e/testing/boto_client.py')],
    { CANARY: canary },
  );
  expect(ran.err).toBe('');
  expect(JSON.parse(ran.out)).toEqual({
    sts: '123456789012',
    'sts.assume_role': 'AccessDenied',
    'sts.get_session_token': 'AccessDenied',
    's3 keys': ['a/../b c+d'],
    's3 secret': true,
    's3 ranges': [10, 10, 10, 3],
    's3 gzip': true,
    's3 versions': '1',
    's3 links': 'by link',
    's3 bucket policy': '{"Version":"2012-10-17","Statement":[]}',
    's3 checksums': [true, true, true],
    's3 batch delete': 2,
    's3 multipart': true,
    dynamodb: ['stays', 3],
    iam: 'ci',
    'iam.create_access_key': 'AccessDenied',
    secretsmanager: true,
    ssm: true,
    kms: true,
    sqs: true,
    sns: true,
    'ec2 user data': true,
    logs: true,
    cloudwatch: 1,
    ecr: 'repo',
    'ecr.get_authorization_token': 'AccessDeniedException',
    ecs: 'c',
    rds: 0,
    lambda: 0,
    cloudformation: 'st',
  });
  const seen = await gate.everythingSeen();
  expect(seen).not.toContain(realSecret);
  // What the client itself has sent is on record, redacted like what comes back.
  expect(seen).not.toContain(canary);
});

test('a change waits for a reviewer: the client is told, asks again, and it runs once', async () => {
  await gate.setPolicy(
    allowAws(`
@id("reviewed") @review("reviewers") @timeout("10m") @on_timeout("deny") @message("deleting waits for a reviewer")
permit(principal, action == Sallyport::Action::"aws.call", resource) when { context.operation == "DeleteBucket" };
`).replace(
      '@id("aws") permit(principal, action == Sallyport::Action::"aws.call", resource);',
      '@id("aws") permit(principal, action == Sallyport::Action::"aws.call", resource) unless { context.operation == "DeleteBucket" };',
    ),
  );
  try {
    expect(
      (
        await aws(
          's3api',
          'create-bucket',
          '--bucket',
          'doomed',
          '--create-bucket-configuration',
          'LocationConstraint=eu-west-1',
        )
      ).status,
    ).toBe(0);
    await aws('s3api', 'put-object', '--bucket', 'kept', '--key', 'k');
    const deleting = aws('s3api', 'delete-bucket', '--bucket', 'doomed');
    const review = await until('the review is there', async () => {
      const { items } = await gate.api<{ items: { id: string; preview: string }[] }>(
        'ravi',
        'GET',
        '/v1/reviews?state=pending',
      );
      return items.find(({ preview }) => preview.includes('DeleteBucket'));
    });
    const shown = await gate.api<Record<string, unknown>>('ravi', 'GET', `/v1/reviews/${review.id}`);
    expect(JSON.stringify(shown)).toContain('the bucket holds 0 objects');
    await gate.api('ravi', 'POST', `/v1/reviews/${review.id}/verdict`, { verdict: 'approve', reason: 'it is empty' });
    const deleted = await deleting;
    expect([deleted.status, deleted.err]).toEqual([0, '']);
    expect((await aws('s3', 'ls')).out).not.toContain('doomed');
  } finally {
    await gate.setPolicy(allowAws());
  }
});

async function recorded() {
  return until('the last operation is on record', async () => {
    const sessions = (await gate.sessions()).filter((session) => session['connection'] === 'cloud');
    for (const { id } of sessions) {
      const operations = await gate.operations(id);
      if (operations.some(({ text }) => text.includes('AssumeRole')))
        return operations.filter(({ text }) => text.includes('AssumeRole'));
    }
    return undefined;
  });
}
