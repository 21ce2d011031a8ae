import { expect, test } from 'vitest';
import { parseAwsSettings } from './settings.js';

const mistakesIn = (settings: Readonly<Record<string, unknown>>): string[] => {
  try {
    parseAwsSettings(settings);
    return [];
  } catch (error) {
    return (error as { details: { mistakes: string[] } }).details.mistakes;
  }
};

test('regions alone are enough', () => {
  expect(parseAwsSettings({ regions: ['eu-central-1', 'us-gov-west-1'] })).toMatchObject({
    regions: new Set(['eu-central-1', 'us-gov-west-1']),
    region: 'eu-central-1',
    accounts: new Set(),
    roles: [],
    binary: 'scan',
    maxBody: 72 * 1024 * 1024,
    deadlines: { connect: 10_000, answer: 910_000, idle: 300_000, total: 21_600_000 },
  });
});

test('every region must be said', () => {
  expect(mistakesIn({})).toContain('"regions" must list the regions that calls may go to, or be "*"');
  for (const regions of ['*', ['*']])
    expect(parseAwsSettings({ regions })).toMatchObject({ regions: undefined, region: 'us-east-1' });
  expect(parseAwsSettings({ regions: '*', region: 'eu-west-1' })).toMatchObject({ region: 'eu-west-1' });
});

test('every mistake is named at once', () => {
  expect(
    mistakesIn({
      regions: ['europe', 'eu-west-1'],
      region: 'us-east-1',
      accounts: [123456789012, '12345'],
      roles: ['arn:aws:iam::123456789012:user/ada'],
      fips: 'yes',
      endpoints: {
        s3: 'http://s3.example.com',
        sqs: 'ftp://x',
        sts: 'https://a:b@c',
        kms: 'https://c/path',
        'S 3': 'https://c',
      },
      tls: { ca_file: '/nowhere.pem', mode: 'disable' },
      binary: 'maybe',
      max_body: '1GB',
      connections: 0,
      deadlines: { answer: 'soon', later: 1 },
      bucket: 'x',
    }),
  ).toEqual([
    '"bucket" is not known here',
    '"regions" must list regions, not "europe"',
    '"region" must be one of "regions"',
    '"accounts" must list account ids: twelve digits, in quotes, not 123456789012',
    '"accounts" must list account ids: twelve digits, in quotes, not "12345"',
    '"roles" must list ARNs of roles, not "arn:aws:iam::123456789012:user/ada"',
    '"fips" must be true or false',
    '"endpoints.s3" must be https: plain http only to a private address, unless "allow_plain_http" is true',
    '"endpoints.sqs" must be an http or https URL',
    '"endpoints.sts" must not hold a credential',
    '"endpoints.kms" must be scheme, host and port only',
    '"endpoints.S 3" is no name of a service',
    '"tls.mode" is not known here',
    '"tls.ca_file" "/nowhere.pem": ENOENT',
    '"binary" must be one of scan, deny, pass',
    '"max_body" must be a whole number, 65536 to 268435456',
    '"connections" must be a whole number, 1 to 1000',
    '"deadlines.later" is not known here',
    '"deadlines.answer" must be a whole number, 1 to 86400',
  ]);
});

test.each([
  'http://127.0.0.1:4566',
  'http://[::1]:1',
  'http://10.1.2.3',
  'http://172.31.0.1',
  'http://moto:5000',
  'http://s3.internal',
])('plain http may go to %s', (url) => {
  expect(
    parseAwsSettings({ regions: ['eu-west-1'], endpoints: { default: url } }).endpoints.get('default'),
  ).toMatchObject({ tls: false });
});

test.each([
  'http://169.254.169.254',
  'http://8.8.8.8',
  'http://172.32.0.1',
  'http://example.com',
  'http://[2001:db8::1]',
])('plain http may not go to %s, unless that is said', (url) => {
  const settings = { regions: ['eu-west-1'], endpoints: { default: url } };

  expect(mistakesIn(settings)).toHaveLength(1);
  expect(mistakesIn({ ...settings, allow_plain_http: true })).toEqual([]);
});
