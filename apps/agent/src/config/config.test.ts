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
