import { describe, expect, test } from 'vitest';
import { parseConfiguration } from './config.js';

const least = { SALLYPORT_OIDC_ISSUER: 'https://login.example.com' };
const mistakesOf = (environment: Record<string, string>): readonly string[] => {
  try {
    parseConfiguration(environment);
    return [];
  } catch (error) {
    return (error as { details: { mistakes: string[] } }).details.mistakes;
  }
};

test('an issuer is all that must be told', () => {
  expect(parseConfiguration(least)).toMatchObject({
    http: { host: '127.0.0.1', port: 7400, publicUrl: 'http://127.0.0.1:7400' },
    postgres: { host: '127.0.0.1', port: 7432 },
    oidc: {
      issuer: 'https://login.example.com',
      audience: 'urn:sallyport:api',
      accessTokenType: 'at+jwt',
      groupsClaim: 'groups',
    },
    roleGroups: { admin: [], reviewer: [], auditor: [], user: [] },
    recordings: { store: 'database' },
  });
});

test('prompts are kept unless it is told for how many days', () => {
  expect(parseConfiguration(least)).not.toHaveProperty('promptDays');
  expect(parseConfiguration({ ...least, SALLYPORT_PROMPT_DAYS: ' ' })).not.toHaveProperty('promptDays');
  for (const days of [1, 30, 3650])
    expect(parseConfiguration({ ...least, SALLYPORT_PROMPT_DAYS: String(days) }).promptDays).toBe(days);
});

test('every mistake is named at once', () => {
  expect(
    mistakesOf({
      SALLYPORT_HTTP_ADDRESS: 'nowhere',
      SALLYPORT_TICKET_SECONDS: '3600',
      SALLYPORT_LOG_LEVEL: 'loud',
      SALLYPORT_REQUIRE_DATABASE_URL: '1',
      DATABASE_URL: '',
    }).map((mistake) => mistake.split(' ')[0]),
  ).toEqual([
    'SALLYPORT_HTTP_ADDRESS',
    'DATABASE_URL',
    'SALLYPORT_OIDC_ISSUER',
    'SALLYPORT_TICKET_SECONDS',
    'SALLYPORT_LOG_LEVEL',
  ]);
});

describe('a mistake', () => {
  const cases: Record<string, [Record<string, string>, RegExp]> = {
    'an issuer without TLS': [{ SALLYPORT_OIDC_ISSUER: 'http://login.example.com' }, /must use https outside loopback/],
    'an audience that is a client id': [
      { ...least, SALLYPORT_OIDC_CLIENT_ID: 'console', SALLYPORT_OIDC_AUDIENCE: 'console' },
      /must differ from the client ids/,
    ],
    'a secret both in the environment and in a file': [
      {
        ...least,
        SALLYPORT_OIDC_CLIENT_ID: 'console',
        SALLYPORT_OIDC_CLIENT_SECRET: 'canary-secret',
        SALLYPORT_OIDC_CLIENT_SECRET_FILE: '/nowhere',
      },
      /are both set/,
    ],
    'a secret file that is not there': [
      { ...least, SALLYPORT_OIDC_CLIENT_ID: 'console', SALLYPORT_OIDC_CLIENT_SECRET_FILE: '/nowhere' },
      /cannot be read/,
    ],
    'a client secret without a client': [
      { ...least, SALLYPORT_OIDC_CLIENT_SECRET: 'canary-secret' },
      /SALLYPORT_OIDC_CLIENT_ID is missing/,
    ],
    'a database of another kind': [
      { ...least, DATABASE_URL: 'mysql://root:canary-secret@db/x' },
      /DATABASE_URL must be an address/,
    ],
    'a database address file that is not there': [
      { ...least, DATABASE_URL_FILE: '/nowhere' },
      /DATABASE_URL_FILE names "\/nowhere", which cannot be read/,
    ],
    'half a certificate': [{ ...least, SALLYPORT_HTTP_TLS_CERT_FILE: 'cert.pem' }, /belong together/],
    'no days': [
      { ...least, SALLYPORT_PROMPT_DAYS: '0' },
      /SALLYPORT_PROMPT_DAYS must be a whole number from 1 to 3650/,
    ],
    'more days than ten years': [{ ...least, SALLYPORT_PROMPT_DAYS: '3651' }, /from 1 to 3650, not "3651"/],
    'half a day': [{ ...least, SALLYPORT_PROMPT_DAYS: '0.5' }, /from 1 to 3650, not "0.5"/],
    'days in words': [{ ...least, SALLYPORT_PROMPT_DAYS: 'thirty' }, /from 1 to 3650, not "thirty"/],
    'a port that is none': [{ ...least, SALLYPORT_POSTGRES_ADDRESS: '127.0.0.1:70000' }, /must be host:port/],
  };

  test.each(Object.entries(cases))('%s', (_name, [environment, expected]) => {
    const mistakes = mistakesOf(environment);
    expect(mistakes.join('\n')).toMatch(expected);
    expect(mistakes.join('\n')).not.toContain('canary-secret');
  });
});

test('addresses may be every interface, a name or IPv6', () => {
  const { http, tunnel, postgres } = parseConfiguration({
    ...least,
    SALLYPORT_HTTP_ADDRESS: ':80',
    SALLYPORT_TUNNEL_ADDRESS: '[::1]:81',
    SALLYPORT_POSTGRES_ADDRESS: 'db.internal:82',
  });
  expect([http.host, tunnel.host, postgres.host]).toEqual(['0.0.0.0', '::1', 'db.internal']);
});

test('groups of a role are a list without repetitions', () => {
  expect(parseConfiguration({ ...least, SALLYPORT_ROLE_ADMIN: 'ops, platform,ops' }).roleGroups.admin).toEqual([
    'ops',
    'platform',
  ]);
});
