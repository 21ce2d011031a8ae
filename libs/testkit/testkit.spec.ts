import {
  createLocalJWKSet,
  createRemoteJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  type JSONWebKeySet,
  jwtVerify,
} from 'jose';
import { describe, expect, test } from 'vitest';
import { pkcePair, testDatabase, testIssuer } from './index.js';

describe('the test database', () => {
  test('keeps its data over a fault, and hands out databases of its own', async () => {
    await using database = await testDatabase({ sql: 'create table kept (id int); insert into kept values (7)' });
    await database.pause();
    await expect(database.query('select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await database.resume();
    expect(await database.query('select id from kept')).toEqual([{ id: 7 }]);
    expect(new URL(await database.createDatabase('second')).pathname).toBe('/second');
  });
});

describe('the test issuer', () => {
  test('grants a person a JWT access token for the API, with groups', async () => {
    await using issuer = await testIssuer();
    const token = await issuer.accessToken('ada');
    const keys = createRemoteJWKSet(new URL(`${issuer.issuer}/jwks`));
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      issuer: issuer.issuer,
      audience: issuer.audience,
    });
    expect(protectedHeader).toMatchObject({ alg: 'RS256', typ: 'at+jwt' });
    expect(payload).toMatchObject({
      sub: 'ada',
      email: 'ada@example.test',
      groups: ['engineers'],
      client_id: issuer.cliClientId,
    });
  });

  test('refuses a name that it does not know', async () => {
    await using issuer = await testIssuer();
    await expect(issuer.accessToken('eve')).rejects.toThrow('nobody here is called');
  });

  test('signs with the new key after a rotation, and keeps logins', async () => {
    await using issuer = await testIssuer();
    const first = await issuer.tokens('ravi');
    const kid = await issuer.rotateKeys();
    const second = await issuer.refresh(first.refresh_token!);
    expect(decodeProtectedHeader(second.access_token).kid).toBe(kid);
    expect(decodeProtectedHeader(first.access_token).kid).not.toBe(kid);
    await issuer.rotateKeys({ forget: true });
    const published = createLocalJWKSet((await (await fetch(`${issuer.issuer}/jwks`)).json()) as JSONWebKeySet);
    await expect(jwtVerify(second.access_token, published)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
  });

  test('lets a machine log in for itself', async () => {
    await using issuer = await testIssuer();
    expect(decodeJwt(await issuer.machineToken())).toMatchObject({ sub: 'nightly-report', groups: ['engineers'] });
  });

  test('sends a browser back with a code, and wants PKCE', async () => {
    await using issuer = await testIssuer({ redirectUris: ['http://127.0.0.1:1/auth/callback'] });
    const ask = (extra: Record<string, string>) =>
      `${issuer.issuer}/auth?${new URLSearchParams({ client_id: issuer.console.id, response_type: 'code', scope: 'openid', redirect_uri: 'http://127.0.0.1:1/auth/callback', state: 's1', ...extra }).toString()}`;
    const { challenge } = pkcePair();
    const back = new URL(
      await issuer.authorize(ask({ code_challenge: challenge, code_challenge_method: 'S256' }), 'ada'),
    );
    expect([back.origin, back.searchParams.get('state')]).toEqual(['http://127.0.0.1:1', 's1']);
    expect(back.searchParams.get('code')).toBeTruthy();
    const refused = new URL(await issuer.authorize(ask({}), 'ada'));
    expect(refused.searchParams.get('error')).toBe('invalid_request');
  });

  test('does not answer to a host name that is not its own', async () => {
    await using issuer = await testIssuer();
    const { request } = await import('node:http');
    const status = await new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port: issuer.port, path: '/jwks', headers: { host: 'evil.test' } }, (answer) =>
        resolve(answer.statusCode),
      )
        .on('error', reject)
        .end();
    });
    expect(status).toBe(421);
  });
});
