import { expect, test } from 'vitest';
import { parseConfig } from './config.js';

const minimal = `
control_plane: { address: 'gateway.example.com:7401' }
state_dir: /var/lib/sallyport
targets:
  - alias: orders
    protocol: postgres
    host: db.internal
    databases: [orders]
    credential: { source: environment, user: app, password_variable: ORDERS_PASSWORD }
`;

const mistakesIn = (text: string): string[] => {
  try {
    parseConfig(text);
    return [];
  } catch (error) {
    return (error as { details: { mistakes: string[] } }).details.mistakes;
  }
};

test('the smallest configuration has sensible values for the rest', () => {
  expect(parseConfig(minimal)).toMatchObject({
    controlPlane: { address: 'gateway.example.com:7401', enrolmentAddress: undefined },
    healthAddress: '127.0.0.1:7410',
    logLevel: 'info',
    targets: [
      {
        alias: 'orders',
        port: 5432,
        databases: ['orders'],
        masking: [],
        credential: { source: 'environment', user: { name: 'app' } },
      },
    ],
  });
});

test('every source of credentials and the minimum masking rules are read', () => {
  const text = `
control_plane: { address: 'g:7401', enrolment_address: 'g:7402', server_name: gateway, ca_file: /etc/ca.pem }
state_dir: /state
enrolment_key_file: /run/secrets/key
health_address: '[::1]:0'
log_level: debug
masking_key_file: /run/secrets/masking
log_keys: [a-key]
targets:
  - { alias: a, protocol: postgres, host: h, port: 6432, databases: [x], tls: { mode: require }, credential: { source: file, path: /p }, masking: { rules: [{ id: mail, kind: detector, detector: email, action: redact }] } }
  - { alias: b, protocol: postgres, host: h, databases: [x], credential: { source: secrets-manager, secret_id: s, region: eu-central-1, endpoint: 'http://127.0.0.1:1' } }
  - { alias: c, protocol: postgres, host: h, databases: [x], credential: { source: rds-iam, user: iam, port: 5433 } }
  - { alias: d, protocol: postgres, host: h, databases: [x], credential: { source: client-certificate, user: u, cert_file: /c, key_file: /k } }
  - { alias: e, protocol: postgres, host: h, databases: [x], credential: { source: environment, user_variable: U, password_variable: P } }
`;

  const { targets, ...rest } = parseConfig(text);

  expect(rest).toMatchObject({
    enrolmentKeyFile: '/run/secrets/key',
    logLevel: 'debug',
    maskingKeyFile: '/run/secrets/masking',
    logKeys: ['a-key'],
  });
  expect(targets.map(({ credential }) => credential.source)).toEqual([
    'file',
    'secrets-manager',
    'rds-iam',
    'client-certificate',
    'environment',
  ]);
  expect(targets[0]).toMatchObject({ port: 6432, settings: { tls: { mode: 'require' } }, masking: [{ id: 'mail' }] });
});

const model = (fields: string, credential: string): string => `
control_plane: { address: 'gate:7401' }
state_dir: state
targets: [{ alias: claude, protocol: anthropic, ${fields} credential: { ${credential} } }]
`;

test('the API of a model needs a key and nothing else; its own settings are handed over as they stand', () => {
  const { targets } = parseConfig(
    model("endpoint: 'https://models.example/v2',", 'source: environment, key_variable: K'),
  );
  expect(targets).toEqual([
    {
      alias: 'claude',
      protocol: 'anthropic',
      host: '',
      port: 443,
      databases: [],
      settings: { endpoint: 'https://models.example/v2' },
      credential: { source: 'environment', user: { name: 'api-key' }, passwordVariable: 'K' },
      masking: [],
    },
  ]);
  expect(() => parseConfig(model('', 'source: aws'))).toThrow('must be one of environment, file, secrets-manager');
});

const cloud = (fields: string, credential = 'source: aws'): string => `
control_plane: { address: 'gateway.example.com:7401' }
state_dir: /var/lib/sallyport
targets: [{ alias: cloud, protocol: aws, ${fields}, credential: { ${credential} } }]
`;

test('a target of AWS has regions and accounts instead of a host', () => {
  const { targets } = parseConfig(cloud(`regions: [eu-central-1], accounts: ['123456789012'], max_body: 1000000`));

  expect(targets).toMatchObject([
    {
      protocol: 'aws',
      host: '',
      databases: [],
      settings: { regions: ['eu-central-1'], accounts: ['123456789012'], max_body: 1_000_000 },
      credential: { source: 'aws', profile: undefined, roleArn: undefined },
    },
  ]);
  expect(mistakesIn(cloud('regions: [eu-central-1], host: h, databases: [d]'))).toEqual([
    'targets[0].host is not known here',
    'targets[0].databases is not known here',
  ]);
});

test('AWS takes keys as credential, from where keys are', () => {
  const sources = [
    'source: aws, profile: p, role_arn: arn:aws:iam::123456789012:role/gateway, external_id: x, region: eu-central-1',
    'source: environment, access_key_id_variable: A, secret_access_key_variable: B, session_token_variable: C',
    'source: file, path: /keys.json',
    'source: secrets-manager, secret_id: keys',
  ];

  expect(sources.map((source) => parseConfig(cloud('regions: []', source)).targets[0]!.credential)).toEqual([
    {
      source: 'aws',
      profile: 'p',
      roleArn: 'arn:aws:iam::123456789012:role/gateway',
      externalId: 'x',
      region: 'eu-central-1',
    },
    { source: 'environment-keys', variables: { accessKeyId: 'A', secretAccessKey: 'B', sessionToken: 'C' } },
    { source: 'file', path: '/keys.json', user: undefined },
    { source: 'secrets-manager', secretId: 'keys', region: undefined, endpoint: undefined },
  ]);
});

test.each([
  ['source: rds-iam, user: u', 'targets[0].credential.source must be one of aws, environment, file, secrets-manager'],
  ['source: file, path: p, user: u', 'targets[0].credential.user is not known here'],
  ['source: aws, role_arn: gateway', 'targets[0].credential.role_arn must be the ARN of a role'],
  ['source: aws, external_id: x', 'targets[0].credential.external_id is of no use without "role_arn"'],
])('of AWS the credential {%s} is a mistake', (credential, mistake) => {
  expect(mistakesIn(cloud('regions: []', credential))).toContain(mistake);
});

test('the AWS credential is for AWS alone', () => {
  expect(mistakesIn(minimal.replace(/source: environment.*/, 'source: aws }'))).toContain(
    'targets[0].credential.source must be one of environment, file, secrets-manager, rds-iam, client-certificate',
  );
});

test('every mistake is named with its place, at once', () => {
  const text = `
control_plane: { adress: 'gateway' }
state_dir: ''
log_level: loud
targets:
  - alias: Orders!
    protocol: oracle
    port: 99999
    databases: orders
    credential: { source: guess }
    masking: { rules: [{ id: x, kind: detector, detector: nonsense, action: redact }] }
`;

  expect(mistakesIn(text)).toEqual([
    'control_plane.address is missing',
    'control_plane.adress is not known here',
    'state_dir must be a text that is not empty',
    'log_level must be one of debug, info, warn, error',
    'targets[0].alias must be 1 to 63 lower-case letters, digits or hyphens, starting with a letter',
    expect.stringContaining('targets[0].protocol must be one of postgres'),
    'targets[0].databases must be a list of texts',
    'targets[0].host is missing',
    'targets[0].port must be a port, 1 to 65535',
    'targets[0].credential.source must be one of environment, file, secrets-manager, rds-iam, client-certificate',
    expect.any(String),
    expect.any(String),
    expect.stringContaining('targets[0].masking.rules cannot be used: '),
  ]);
});

test.each([
  ['nothing', '', 'the file must be a section with fields'],
  ['no target', `${minimal.split('targets')[0]}targets: []`, 'targets must be a list with at least one entry'],
  ['an alias twice', minimal + minimal.split('targets:')[1], 'targets has the alias "orders" twice'],
  ['an address without a port', minimal.replace(':7401', ''), 'control_plane.address must be host:port'],
  [
    'a user twice',
    minimal.replace('user: app', 'user: app, user_variable: U'),
    'targets[0].credential.user_variable and "user" exclude one another',
  ],
])('%s is a mistake', (_what, text, mistake) => {
  expect(mistakesIn(text)).toContain(mistake);
});

test('what is not YAML is refused with its line and without quoting it', () => {
  expect(() => parseConfig('a: [\n  secret-canary')).toThrow(
    expect.objectContaining({ code: 'INVALID_INPUT', message: expect.not.stringContaining('canary') as string }),
  );
});
