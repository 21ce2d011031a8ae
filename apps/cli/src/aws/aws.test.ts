import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { applied, assignments, environmentOf, statements } from '../environment.js';
import type { Ticket } from '../ticket.js';
import { refuseDetours } from './arguments.js';
import { configurationText } from './configuration.js';
import { processCredentials } from './credentials.js';
import { turnOf } from './variables.js';

const certificate = '-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n';
const ticket = (over: Partial<Ticket> = {}): Ticket => ({
  id: 't1',
  ticket: 'canary-ticket',
  expires_at: '2026-01-02T03:15:00Z',
  connection: 'staging',
  protocol: 'aws',
  endpoint: { host: 'gate.example.com', port: 7443, databases: [], ca_certificate: certificate },
  aws: { access_key_id: 'SPKEY', secret_access_key: 'canary-secret', region: 'eu-west-1' },
  ...over,
});

let home: string;
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'sallyport-aws-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const environment = (env: NodeJS.ProcessEnv = {}, options = {}, given = ticket()) => {
  const silent = () => undefined;
  const world = {
    env: { XDG_CONFIG_HOME: home, ...env },
    out: silent,
    err: silent,
    program: ['/opt/node', '/opt/it’s here/sallyport.js'],
  };
  return environmentOf(given, options, { world, url: 'https://sallyport.example.com' });
};

describe('an AWS client’s environment', () => {
  test('names the gateway, files of ours and a profile, and holds no secret', () => {
    const { set } = environment();
    expect(set).toMatchObject({
      AWS_ENDPOINT_URL: 'https://gate.example.com:7443',
      AWS_DISABLE_HOST_PREFIX_INJECTION: 'true',
      AWS_PROFILE: 'default',
      AWS_REGION: 'eu-west-1',
      AWS_DEFAULT_REGION: 'eu-west-1',
      AWS_EC2_METADATA_DISABLED: 'true',
    });
    expect(readFileSync(set['AWS_CA_BUNDLE']!, 'utf8')).toBe(certificate);
    expect(readFileSync(set['AWS_SHARED_CREDENTIALS_FILE']!, 'utf8')).toBe('');
    const everything = [JSON.stringify(set), ...files().map((file) => readFileSync(file, 'utf8'))].join('\n');
    expect(everything).not.toMatch(/canary|SPKEY/);
  });

  test('is in files for their owner only, the same ones again for the same connection', () => {
    environment();
    environment();
    expect(files()).toHaveLength(3);
    for (const file of files()) expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('has its files back where something wrote to them', () => {
    const { set } = environment();
    const written = ['AWS_SHARED_CREDENTIALS_FILE', 'AWS_CONFIG_FILE'].map((name) => set[name]!);
    const before = written.map((file) => readFileSync(file, 'utf8'));
    for (const file of written) writeFileSync(file, '[default]\naws_access_key_id = AKIA\n');
    environment();
    expect(written.map((file) => readFileSync(file, 'utf8'))).toEqual(before);
  });

  test('loses every other key, place and way, and no more than that', () => {
    const { unset, set } = environment({ AWS_ENDPOINT_URL_S3: 'x', AWS_BEARER_TOKEN_BEDROCK: 'x', AWS_PAGER: 'less' });
    expect(unset).toEqual(
      expect.arrayContaining([
        'AWS_ACCESS_KEY_ID',
        'AWS_SECRET_ACCESS_KEY',
        'AWS_SESSION_TOKEN',
        'AWS_CONTAINER_CREDENTIALS_FULL_URI',
        'AWS_WEB_IDENTITY_TOKEN_FILE',
        'AWS_ROLE_ARN',
        'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS',
        'AWS_ENDPOINT_URL_S3',
        'AWS_BEARER_TOKEN_BEDROCK',
        'AWS_USE_FIPS_ENDPOINT',
      ]),
    );
    expect(unset).not.toContain('AWS_PAGER');
    expect(unset.filter((name) => name in set)).toEqual([]);
    expect(applied({ set, unset }, { AWS_ACCESS_KEY_ID: 'k', AWS_PROFILE: 'prod', LANG: 'C' })).toEqual({
      ...set,
      LANG: 'C',
    });
  });

  test('as a proxy has no endpoint, keeps host names, and excepts nothing but the control plane and this machine', () => {
    const { set, unset } = environment({ no_proxy: 'amazonaws.com' }, { proxy: true });
    expect(set).toMatchObject({
      HTTPS_PROXY: 'http://gate.example.com:7443',
      https_proxy: 'http://gate.example.com:7443',
      NO_PROXY: 'sallyport.example.com,localhost,127.0.0.1,::1',
      no_proxy: 'sallyport.example.com,localhost,127.0.0.1,::1',
    });
    expect(unset).toEqual(expect.arrayContaining(['AWS_ENDPOINT_URL', 'AWS_DISABLE_HOST_PREFIX_INJECTION']));
    expect(unset).not.toContain('AWS_USE_FIPS_ENDPOINT');
    expect(readFileSync(set['AWS_CONFIG_FILE']!, 'utf8')).not.toMatch(/endpoint_url|addressing_style|host_prefix/);
  });

  test('keeps the gateway out of another proxy, and only where there is one', () => {
    expect(environment({ HTTPS_PROXY: 'http://p:1', NO_PROXY: 'intranet' }).set).toMatchObject({
      NO_PROXY: 'intranet,gate.example.com',
      no_proxy: 'intranet,gate.example.com',
    });
    expect(environment().set).not.toHaveProperty('NO_PROXY');
  });

  test('adds the gateway’s CA to what Node was told to trust, once', () => {
    const corporate = path.join(home, 'corporate.pem');
    writeFileSync(corporate, 'corporate\n');
    const both = environment({ NODE_EXTRA_CA_CERTS: corporate }).set['NODE_EXTRA_CA_CERTS']!;
    expect(readFileSync(both, 'utf8')).toBe(`corporate\n${certificate}`);
    expect(environment({ NODE_EXTRA_CA_CERTS: both }).set['NODE_EXTRA_CA_CERTS']).toBe(both);
    const { set } = environment({ NODE_EXTRA_CA_CERTS: '/nonexistent' });
    expect(set['NODE_EXTRA_CA_CERTS']).toBe(set['AWS_CA_BUNDLE']);
  });

  test('has the region that was asked for, else the connection’s, else the person’s own', () => {
    expect(environment({}, { region: 'us-east-2' }).set['AWS_REGION']).toBe('us-east-2');
    const none = ticket({ aws: { ...ticket().aws!, region: null } });
    const { set, unset } = environment({ AWS_REGION: 'sa-east-1' }, {}, none);
    expect([set['AWS_REGION'], unset.includes('AWS_REGION')]).toEqual([undefined, false]);
  });

  test('hands on whom tickets are for, and forgets the turn before', () => {
    const { set, unset } = environment({ SALLYPORT_TURN: 'old' }, { aiSession: 's1', ttl: 60 });
    expect(turnOf(set)).toEqual({ aiSession: 's1', ttl: 60 });
    expect(unset).toContain('SALLYPORT_TURN');
  });

  test('is printed for a shell with what to unset first, and as lines without', () => {
    const given = { set: { A: "it's" }, unset: ['B', 'C'] };
    expect(statements(given)).toBe("unset B C\nexport A='it'\\''s'\n");
    expect(assignments(given)).toBe("A=it's\n");
  });

  test.each([
    ['postgres', { proxy: true }, '--proxy'],
    ['postgres', { region: 'eu-west-1' }, '--region'],
    ['aws', { database: 'app' }, '--database'],
  ])('of %s refuses %j', (protocol, options, said) => {
    expect(() => environment({}, options, ticket({ protocol }))).toThrow(said);
  });

  test('an address of IPv6 stands in brackets', () => {
    const given = ticket({ endpoint: { ...ticket().endpoint, host: '::1' } });
    expect(environment({}, {}, given).set['AWS_ENDPOINT_URL']).toBe('https://[::1]:7443');
  });
});

const files = (): string[] =>
  readdirSync(path.join(home, 'sallyport')).map((name) => path.join(home, 'sallyport', name));

describe('the configuration file', () => {
  const given = {
    connection: 'staging',
    program: ['/opt/node', "/opt/it's here/sallyport.js"],
    url: 'https://sallyport.example.com',
    ca: '/home/ada/ca.pem',
    endpoint: 'https://gate.example.com:7443',
    region: 'eu-west-1',
  };

  test('has a profile for all and one for botocore, which renews too early', () => {
    const settings = `region = eu-west-1
endpoint_url = https://gate.example.com:7443
ca_bundle = /home/ada/ca.pem
credential_process = '/opt/node' '/opt/it'\\''s here/sallyport.js' 'aws-credentials' 'staging' '--url' 'https://sallyport.example.com'`;
    const rest = 'retry_mode = standard\ndisable_host_prefix_injection = true\ns3 =\n  addressing_style = path\n';
    expect(configurationText(given)).toBe(
      `# Of sallyport, for the connection staging: written again whenever it is used.
[default]
${settings}
${rest}
[profile botocore]
${settings} '--renewal-lead' '900'
${rest}`,
    );
  });

  test.each([
    ['region', 'eu-west-1\ncredential_process = evil'],
    ['ca', '/home/ada/my #1/ca.pem'],
    ['program', ['/opt/a ;b']],
  ])('takes no %s that would be read as something else', (name, value) => {
    expect(() => configurationText({ ...given, [name]: value })).toThrow('cannot stand in an AWS configuration');
  });
});

describe('what a credential process prints', () => {
  const now = Date.parse('2026-01-02T03:00:00Z');
  test('is the ticket as a session, to be renewed before it ends', () => {
    expect(processCredentials(ticket(), 0, now)).toEqual({
      Version: 1,
      AccessKeyId: 'SPKEY',
      SecretAccessKey: 'canary-secret',
      SessionToken: 'canary-ticket',
      Expiration: '2026-01-02T03:14:00.000Z',
    });
  });
  test.each([
    ['fifteen minutes', 900, '2026-01-02T03:29:00.000Z'],
    ['nothing', 0, '2026-01-02T03:14:00.000Z'],
  ])('lies %s after that for a client that renews so early', (_, lead, expiration) => {
    expect(processCredentials(ticket(), lead, now).Expiration).toBe(expiration);
  });
  test('of a short ticket is renewed after three quarters, and never said to outlive it', () => {
    expect(processCredentials(ticket({ expires_at: '2026-01-02T03:00:40Z' }), 0, now).Expiration).toBe(
      '2026-01-02T03:00:30.000Z',
    );
    expect(processCredentials(ticket({ expires_at: '2026-01-02T02:00:00Z' }), 0, now).Expiration).toBe(
      '2026-01-02T02:00:00.000Z',
    );
  });
  test('is nothing where the control plane gives no key', () => {
    const { aws: _, ...older } = ticket();
    expect(() => processCredentials(older, 0, now)).toThrow('gives no AWS credential');
  });
});

describe('arguments of aws', () => {
  test.each([
    '--endpoint-url',
    '--endpoint-url=https://x',
    '--endpoint',
    '--e',
    '--no-verify-ssl',
    '--no-v',
    '--ca-bundle',
  ])('%s is refused: it would lead past the gateway', (argument) => {
    expect(() => refuseDetours(['s3', 'ls', argument])).toThrow('past the gateway');
  });
  test.each(['--', '--region', '--no-paginate', '--endpoint-type', '--no-cli-pager', '--cli-read-timeout', '-e'])(
    '%s is taken',
    (argument) => {
      expect(() => refuseDetours(['iot', 'describe-endpoint', argument])).not.toThrow();
    },
  );
});
