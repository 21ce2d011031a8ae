import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { peer } from '@sallyport/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { builtCli, type Ran, ran, sallyport } from './built.fixture.js';
import { type StubGateway, stubGateway } from './gateway.fixture.js';

let home: string;
let script: string;
let gateway: StubGateway;

const files = { config: '.aws/config', credentials: '.aws/credentials' };
const own = {
  config: `[default]\nregion = us-east-1\nendpoint_url = http://127.0.0.1:9\n[profile prod]\nrole_arn = arn:aws:iam::999988887777:role/prod\nsource_profile = default\n`,
  credentials: '[default]\naws_access_key_id = CANARYFILEKEY\naws_secret_access_key = canary-file\n',
};

beforeAll(async () => {
  home = mkdtempSync(path.join(tmpdir(), 'sallyport clients '));
  mkdirSync(path.join(home, '.aws'));
  writeFileSync(path.join(home, files.config), own.config);
  writeFileSync(path.join(home, files.credentials), own.credentials);
  script = await builtCli(path.join(home, 'built'));
  gateway = await stubGateway(900);
});
beforeEach(() => gateway.reset());
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  rmSync(home, { recursive: true, force: true });
});

/** Where a person works: keys, profiles and endpoints of their own, every one of which would be used if it could be. */
const surroundings = (): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  ...(process.env['SALLYPORT_PYTHON'] ? { SALLYPORT_PYTHON: process.env['SALLYPORT_PYTHON'] } : {}),
  HOME: home,
  NODE_NO_WARNINGS: '1',
  SALLYPORT_URL: gateway.url,
  SALLYPORT_TOKEN: 'canary-login',
  AWS_ACCESS_KEY_ID: 'CANARYENVKEY',
  AWS_SECRET_ACCESS_KEY: 'canary-env',
  AWS_SESSION_TOKEN: 'canary-session',
  AWS_PROFILE: 'prod',
  AWS_DEFAULT_PROFILE: 'prod',
  AWS_REGION: 'us-east-1',
  AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
  AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:9',
  AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true',
  AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:9/canary',
  AWS_WEB_IDENTITY_TOKEN_FILE: '/nonexistent',
  AWS_ROLE_ARN: 'arn:aws:iam::999988887777:role/canary',
  AWS_USE_FIPS_ENDPOINT: 'true',
  AWS_ENDPOINT_DISCOVERY_ENABLED: 'true',
  HTTPS_PROXY: 'http://127.0.0.1:9',
  https_proxy: 'http://127.0.0.1:9',
  NO_PROXY: '',
  no_proxy: 'amazonaws.com',
});

const run = (...args: string[]): Promise<Ran> => sallyport(script, args, surroundings());

/** With real host names the wish for those of FIPS 140 is kept; here it would only be another name. */
const runByProxy = (command: string, ...args: string[]): Promise<Ran> =>
  sallyport(script, [command, '--proxy', 'staging', ...args], {
    ...surroundings(),
    AWS_USE_FIPS_ENDPOINT: 'false',
    AWS_DISABLE_HOST_PREFIX_INJECTION: 'true',
  });

/** Any other program there. */
const runProgram = (program: string, args: readonly string[]): Promise<Ran> => ran(program, args, surroundings());

const ended = { code: 'FORBIDDEN', detail: 'your grant has ended', hint: 'ask for another' };
const said = 'sallyport: your grant has ended\n  hint: ask for another\n';

const noKeyOfTheirs = () => {
  expect(gateway.wire()).not.toMatch(/canary/i);
  expect(readFileSync(path.join(home, files.config), 'utf8')).toBe(own.config);
  expect(readFileSync(path.join(home, files.credentials), 'utf8')).toBe(own.credentials);
};

/** A call that came by the gateway's own address, signed by a ticket which the client asked for itself. */
const direct = (operation: string, facts: object = {}): unknown =>
  expect.objectContaining({
    operation,
    serverName: undefined,
    host: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    signed: true,
    ...facts,
  });
/** The same by a host name of AWS. */
const tunnelled = (operation: string, host: string): unknown =>
  expect.objectContaining({ operation, serverName: host, host, signed: true });

describe('the AWS CLI', () => {
  test('calls the gateway by a ticket that it asks for, whatever else surrounds it', async (context) => {
    peer('aws', context);
    const { status, out, err } = await run('aws', '--turn', 'p1', 'staging', 'sts', 'get-caller-identity');
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(JSON.parse(out)).toMatchObject({ Account: '111122223333' });
    expect(gateway.calls).toEqual([direct('GetCallerIdentity', { ticket: 1 })]);
    expect(gateway.asked).toEqual([
      { connection: 'staging', turn: 'p1' },
      { connection: 'staging', turn: 'p1' },
    ]);
    noKeyOfTheirs();
  });

  test('names a bucket in the path, where one certificate is enough', async (context) => {
    peer('aws', context);
    const { status, out } = await run('aws', 'staging', '--', 's3', 'ls', 's3://reports');
    expect({ status, out }).toEqual({ status: 0, out: expect.stringContaining('june.csv') });
    expect(gateway.calls).toEqual([direct('ListObjectsV2', { path: expect.stringMatching(/^\/reports\?/) })]);
    noKeyOfTheirs();
  });

  test('keeps AWS’s host names by the gateway as a proxy', async (context) => {
    peer('aws', context);
    expect(await runByProxy('aws', 'sts', 'get-caller-identity')).toMatchObject({ status: 0, err: '' });
    expect((await runByProxy('aws', 's3', 'ls', 's3://reports')).status).toBe(0);
    expect(gateway.calls).toEqual([
      tunnelled('GetCallerIdentity', 'sts.eu-west-1.amazonaws.com'),
      tunnelled('ListObjectsV2', 'reports.s3.eu-west-1.amazonaws.com'),
    ]);
    expect(gateway.tunnels).toEqual(['sts.eu-west-1.amazonaws.com:443', 'reports.s3.eu-west-1.amazonaws.com:443']);
    noKeyOfTheirs();
  });

  test('ends as it ends, and shows why there is no ticket', async (context) => {
    peer('aws', context);
    expect((await run('aws', 'staging', 'sts', 'no-such-operation')).status).toBe(2);
    gateway.refuse(ended);
    expect(await run('aws', 'staging', 'sts', 'get-caller-identity')).toMatchObject({ status: 4, err: said });
    expect(gateway.calls).toEqual([]);
  });

  test('does the same in a shell that took the printed environment, and shows why it gets no ticket later', async (context) => {
    const aws = peer('aws', context);
    const { out: statements } = await run('connect', 'staging');
    const inShell = () => runProgram('sh', ['-c', `${statements}\nexec "${aws}" sts get-caller-identity`]);
    expect(await inShell()).toMatchObject({ status: 0, err: '' });
    expect(gateway.calls).toEqual([direct('GetCallerIdentity', { ticket: 1 })]);
    noKeyOfTheirs();
    gateway.refuse(ended);
    const { status, err } = await inShell();
    expect(status).not.toBe(0);
    expect(err).toContain(said.trimEnd());
    expect(gateway.calls).toHaveLength(1);
  });
});

describe('a program of the name aws', () => {
  const withPath = (directory: string, ...args: string[]) =>
    sallyport(script, ['aws', 'staging', ...args], { ...surroundings(), PATH: directory });

  test('is given the endpoint as an option too, and its status is the command’s', async () => {
    const directory = path.join(home, 'bin');
    mkdirSync(directory);
    writeFileSync(
      path.join(directory, 'aws'),
      '#!/bin/sh\nfor a; do echo "$a"; done\necho "as $AWS_PROFILE"\nexit 42\n',
      { mode: 0o755 },
    );
    const { status, out } = await withPath(directory, '--', 's3', 'ls', '--region', 'eu-west-1');
    const given = out.split('\n').slice(0, -1);
    expect({ status, given }).toEqual({
      status: 42,
      given: [
        '--endpoint-url',
        expect.stringMatching(/^https:\/\/127\.0\.0\.1:\d+$/),
        '--cli-read-timeout',
        '3600',
        's3',
        'ls',
        '--region',
        'eu-west-1',
        'as botocore', // version 2 prefers this variable, 1 the other
      ],
    });
  });

  test('that is not there is said, with what to do; so is an option that would lead past the gateway', async () => {
    const none = await withPath('/nonexistent', 's3', 'ls');
    expect(none).toMatchObject({ status: 5, err: expect.stringContaining('apt-get install awscli') });
    gateway.reset();
    const past = await withPath('/nonexistent', 's3', 'ls', '--endpoint-url', 'https://s3.amazonaws.com');
    expect(past).toMatchObject({ status: 2, err: expect.stringContaining('lead past the gateway') });
    expect(gateway.asked).toEqual([]);
  });
});

describe('boto3', () => {
  const calls = `
import boto3
sts = boto3.client("sts")
for _ in range(3): print(sts.get_caller_identity()["Account"])
print(boto3.client("s3").list_objects_v2(Bucket="reports")["Contents"][0]["Key"])
machine = "arn:aws:states:eu-west-1:111122223333:stateMachine:m"
print(boto3.client("stepfunctions").start_sync_execution(stateMachineArn=machine)["output"])
`;
  test('takes the endpoint, the CA and one ticket for all of its calls from the environment', async (context) => {
    const python = peer('boto3', context);
    const { status, out, err } = await run('connect', 'staging', '--exec', '--', python, '-c', calls);
    expect({ status, out, err }).toEqual({
      status: 0,
      out: `${'111122223333\n'.repeat(3)}june.csv\n"done"\n`,
      err: '',
    });
    const facts = { ticket: 1 };
    expect(gateway.calls.map((call) => call.path.split('?')[0])).toEqual(['/', '/', '/', '/reports', '/']);
    expect(gateway.calls).toEqual(
      ['GetCallerIdentity', 'GetCallerIdentity', 'GetCallerIdentity', 'ListObjectsV2', 'StartSyncExecution'].map(
        (operation) => direct(operation, facts),
      ),
    );
    expect(gateway.asked).toHaveLength(2); // one to find the gateway, one for the session
    noKeyOfTheirs();
  });

  test('goes by the proxy where it is one', async (context) => {
    const python = peer('boto3', context);
    const { status, err } = await runByProxy('connect', '--exec', '--', python, '-c', calls);
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(gateway.calls.map(({ serverName, signed }) => [serverName, signed])).toEqual([
      ...Array.from({ length: 3 }, () => ['sts.eu-west-1.amazonaws.com', true]),
      ['reports.s3.eu-west-1.amazonaws.com', true],
      ['sync-states.eu-west-1.amazonaws.com', true],
    ]);
    noKeyOfTheirs();
  });

  test('trusts the gateway’s CA alone: what a program sends past the gateway does not leave', async (context) => {
    const python = peer('boto3', context);
    await using elsewhere = await stubGateway(900);
    const past = `
import boto3, botocore.exceptions
try: boto3.client("sts", endpoint_url="${elsewhere.endpoint}").get_caller_identity()
except botocore.exceptions.SSLError: print("not trusted")
`;
    expect(await run('connect', 'staging', '--exec', '--', python, '-c', past)).toMatchObject({ out: 'not trusted\n' });
    expect(elsewhere.wire()).toBe('');
  });
});

describe('the SDK for JavaScript', () => {
  const call = (options: string) => `
import { STSClient, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import http from 'node:http';
import https from 'node:https';
import tls from 'node:tls';
class ByProxy extends https.Agent {
  createConnection({ host, port, ...options }, done) {
    const { hostname, port: at } = new URL(process.env.HTTPS_PROXY);
    http.request({ host: hostname, port: at, method: 'CONNECT', path: host + ':' + port, agent: false })
      .on('connect', (_, socket) => done(null, tls.connect({ ...options, socket, servername: host })))
      .on('error', done).end();
  }
}
const sts = new STSClient(${options});
for (let i = 0; i < 3; i += 1) console.log((await sts.send(new GetCallerIdentityCommand({}))).Account);
process.exit();
`;
  const node = (options: string) => ['--exec', '--', process.execPath, '--input-type=module', '-e', call(options)];

  test('takes the endpoint, the CA and one ticket for all of its calls from the environment', async () => {
    const { status, out, err } = await run('connect', 'staging', ...node('{}'));
    expect({ status, out, err }).toEqual({ status: 0, out: '111122223333\n'.repeat(3), err: '' });
    expect(gateway.calls).toEqual(Array.from({ length: 3 }, () => direct('GetCallerIdentity', { ticket: 1 })));
    expect(gateway.asked).toHaveLength(2);
    noKeyOfTheirs();
  });

  test('with an agent for proxies keeps AWS’s host names', async () => {
    const options = '{ requestHandler: { httpsAgent: new ByProxy() } }';
    const { status, err } = await runByProxy('connect', ...node(options));
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(gateway.calls).toEqual(
      Array.from({ length: 3 }, () => tunnelled('GetCallerIdentity', 'sts.eu-west-1.amazonaws.com')),
    );
    noKeyOfTheirs();
  });
});
