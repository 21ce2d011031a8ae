import { describe, expect, test } from 'vitest';
import type { VerifiedToken } from './access-token.js';
import { groupsOf, isClientItself, loginKeyOf, personClaimsOf } from './claims.js';

const token = (claims: object): VerifiedToken => ({
  iss: 'https://login.example.com',
  sub: 'ada',
  iat: 1000,
  ...claims,
});

describe('groups', () => {
  test.each([
    [
      ['b', 'a', 'b'],
      ['a', 'b'],
    ],
    ['one', ['one']],
    [undefined, []],
    [{ admins: true }, []],
    [['a', 7, null, '', 'x'.repeat(201), ['nested']], ['a']],
  ])('of %j are %j', (value, expected) => {
    expect(groupsOf({ teams: value }, 'teams')).toEqual(expected);
  });
});

describe('an e-mail address', () => {
  test('counts as verified only when the issuer says exactly that', () => {
    for (const value of [undefined, false, 'true', 1])
      expect(personClaimsOf(token({ email: 'a@b.test', email_verified: value }), 'groups').emailVerified).toBe(false);
    expect(personClaimsOf(token({ email: 'a@b.test', email_verified: true }), 'groups')).toMatchObject({
      name: 'a@b.test',
      email: 'a@b.test',
      emailVerified: true,
    });
  });
});

describe('a login’s key', () => {
  test('is the session at the issuer where there is one', () => {
    expect(loginKeyOf(token({ sid: 's', jti: '1' })).key).toBe(
      loginKeyOf(token({ sid: 's', jti: '2', iat: 2000 })).key,
    );
    expect(loginKeyOf(token({ sid: 's' })).key).not.toBe(loginKeyOf(token({ sid: 't' })).key);
    expect(loginKeyOf(token({ sid: 's' })).key).not.toBe(loginKeyOf({ ...token({ sid: 's' }), sub: 'eve' }).key);
  });

  test('cannot be made to look like another’s by clever names', () => {
    expect(loginKeyOf({ ...token({ sid: 'x","y' }), sub: 'ada' }).key).not.toBe(
      loginKeyOf({ ...token({ sid: 'y' }), sub: 'ada","x' }).key,
    );
  });

  test('repeats with a later login only, never with a refreshed token of an old one', () => {
    expect(loginKeyOf(token({ sid: 's', auth_time: 500 }))).toMatchObject({
      repeatable: 'always',
      authenticatedAt: new Date(500_000),
    });
    expect(loginKeyOf(token({ sid: 's' })).repeatable).toBe('never');
    expect(loginKeyOf(token({ auth_time: 500 })).repeatable).toBe('never');
    expect(loginKeyOf(token({ client_id: 'cli' }))).toMatchObject({
      repeatable: 'always',
      authenticatedAt: new Date(1_000_000),
    });
  });
});

test('a client that speaks for itself is told from a person', () => {
  expect(
    [{ client_id: 'ada' }, { azp: 'ada' }, { gty: 'client-credentials' }, { client_id: 'cli' }, {}].map((claims) =>
      isClientItself(token(claims)),
    ),
  ).toEqual([true, true, true, false, false]);
});
