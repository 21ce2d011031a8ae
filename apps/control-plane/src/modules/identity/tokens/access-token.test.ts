import { createSign, generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseConfiguration } from '../../../platform/config.js';
import { Log } from '../../../platform/logging/log.js';
import { Clock } from '../../../platform/providers.js';
import { signingKey, type TestIssuer, testAudience, testIssuer } from '../../../testing/issuer.js';
import { AccessTokens } from './access-token.js';
import { Issuer } from './issuer.js';

class MovedClock extends Clock {
  aheadMs = 0;
  override now(): Date {
    return new Date(Date.now() + this.aheadMs);
  }
}

const minutes = (count: number): number => count * 60_000;
const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

let issuer: TestIssuer;
let clock: MovedClock;
let tokens: AccessTokens;

const verifierFor = (settings: Record<string, string> = {}): AccessTokens => {
  const configuration = parseConfiguration({
    SALLYPORT_OIDC_ISSUER: issuer.url,
    SALLYPORT_OIDC_CLIENT_ID: 'console',
    ...settings,
  });
  return new AccessTokens(new Issuer(configuration, clock, Log.at('silent')), configuration, clock);
};

beforeEach(async () => {
  issuer = await testIssuer();
  clock = new MovedClock();
  tokens = verifierFor();
});
afterEach(() => issuer[Symbol.asyncDispose]());

const refused = { code: 'UNAUTHENTICATED', message: 'the access token is not valid here' };

test('an access token of the issuer for this API is believed', async () => {
  const token = await issuer.accessToken({ sub: 'ada', groups: ['platform'] });
  await expect(tokens.verify(token)).resolves.toMatchObject({ sub: 'ada', groups: ['platform'] });
});

describe('a token is refused', () => {
  const payload = () => {
    const now = Math.floor(Date.now() / 1000);
    return { iss: issuer.url, aud: testAudience, sub: 'ada', iat: now, exp: now + 300 };
  };

  const attacks: Record<string, () => Promise<string>> = {
    'whose algorithm is none': async () => `${encoded({ alg: 'none', typ: 'at+jwt' })}.${encoded(payload())}.`,
    'that is signed by HMAC with the public key as secret': async () => {
      const { createHmac, createPublicKey } = await import('node:crypto');
      const pem = createPublicKey({ key: issuer.key.publicJwk as never, format: 'jwk' }).export({
        type: 'spki',
        format: 'pem',
      });
      const signed = `${encoded({ alg: 'HS256', typ: 'at+jwt', kid: 'first' })}.${encoded(payload())}`;
      return `${signed}.${createHmac('sha256', pem).update(signed).digest('base64url')}`;
    },
    'that brings its own key in jwk': async () => {
      const own = await signingKey('first');
      return issuer.accessToken({ sub: 'ada' }, { key: own, header: { jwk: own.publicJwk } });
    },
    'that names its key by jku': async () =>
      issuer.accessToken({ sub: 'ada' }, { header: { jku: `${issuer.url}/jwks` } }),
    'that names its key by x5u': async () =>
      issuer.accessToken({ sub: 'ada' }, { header: { x5u: `${issuer.url}/cert` } }),
    'that is rightly signed but carries x5c': async () =>
      issuer.accessToken({ sub: 'ada' }, { header: { x5c: ['MIIB'] } }),
    'that is meant for another client': async () => issuer.accessToken({ sub: 'ada', aud: 'another-client' }),
    'of another issuer': async () => issuer.accessToken({ sub: 'ada', iss: 'https://evil.example' }),
    'that has expired': async () => issuer.accessToken({ sub: 'ada' }, { expiresIn: -60 }),
    'that is not valid yet': async () => issuer.accessToken({ sub: 'ada', nbf: Math.floor(Date.now() / 1000) + 600 }),
    'from the future': async () => issuer.accessToken({ sub: 'ada', iat: Math.floor(Date.now() / 1000) + 600 }),
    'that never expires': async () => issuer.accessToken({ sub: 'ada', exp: undefined }),
    'without a subject': async () => issuer.accessToken({}),
    'that is an id_token, by its type': async () => issuer.accessToken({ sub: 'ada' }, { typ: 'JWT' }),
    'that is an id_token, by its claims': async () => issuer.accessToken({ sub: 'ada', nonce: 'n-0S6' }),
    'that a key signed which the issuer did not publish': async () =>
      issuer.accessToken({ sub: 'ada' }, { key: await signingKey('first') }),
    'of a known key with an altered payload': async () => {
      const [header, , signature] = (await issuer.accessToken({ sub: 'eve' })).split('.');
      return `${header}.${encoded({ ...payload(), sub: 'ada' })}.${signature}`;
    },
    'whose ES256 signature is zero': async () => {
      const [header, body] = (await issuer.accessToken({ sub: 'ada' })).split('.');
      return `${header}.${body}.${Buffer.alloc(64).toString('base64url')}`;
    },
    'that is too long': async () => issuer.accessToken({ sub: 'ada', padding: 'x'.repeat(20_000) }),
    'that is no token': async () => 'not-a-token',
  };

  test.each(Object.entries(attacks))('%s', async (_name, attack) => {
    await expect(tokens.verify(await attack())).rejects.toMatchObject(refused);
  });

  test('that is signed by a weak RSA key', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    issuer.publish({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'weak', alg: 'RS256', use: 'sig' }] });
    const signed = `${encoded({ alg: 'RS256', typ: 'at+jwt', kid: 'weak' })}.${encoded(payload())}`;
    const token = `${signed}.${createSign('sha256').update(signed).sign(privateKey, 'base64url')}`;
    await expect(tokens.verify(token)).rejects.toMatchObject(refused);
  });

  test.each([
    [
      'that publishes a shared secret',
      () => ({ keys: [issuer.key.publicJwk, { kty: 'oct', k: 'c2VjcmV0', kid: 'oct' }] }),
    ],
    ['that publishes a private key', () => ({ keys: [{ ...issuer.key.publicJwk, d: 'AA' }] })],
    ['that is larger than 256 KiB', () => ({ keys: [issuer.key.publicJwk], padding: 'x'.repeat(300_000) })],
    ['that is no key set', () => ['surprise']],
  ])('when the key set is one %s', async (_name, document) => {
    issuer.publish(document());
    await expect(tokens.verify(await issuer.accessToken({ sub: 'ada' }))).rejects.toMatchObject(refused);
  });

  test('with claims of an id_token even where access tokens have the type JWT', async () => {
    const lenient = verifierFor({ SALLYPORT_OIDC_ACCESS_TOKEN_TYPE: 'JWT' });
    await expect(lenient.verify(await issuer.accessToken({ sub: 'ada' }, { typ: 'JWT' }))).resolves.toMatchObject({
      sub: 'ada',
    });
    await expect(
      lenient.verify(await issuer.accessToken({ sub: 'ada', at_hash: 'x' }, { typ: 'JWT' })),
    ).rejects.toMatchObject(refused);
    await expect(
      lenient.verify(await issuer.accessToken({ sub: 'ada', aud: 'console' }, { typ: 'JWT' })),
    ).rejects.toMatchObject(refused);
  });
});

describe('rotation', () => {
  test('a new key is found at once, an old one is dead within five minutes', async () => {
    const old = await issuer.accessToken({ sub: 'ada' }, { expiresIn: 3600 });
    await tokens.verify(old);
    const next = await signingKey('second');
    issuer.publish({ keys: [next.publicJwk] });
    clock.aheadMs = minutes(1);
    await expect(
      tokens.verify(await issuer.accessToken({ sub: 'ada' }, { key: next, expiresIn: 3600 })),
    ).resolves.toMatchObject({ sub: 'ada' });
    clock.aheadMs = minutes(5);
    await expect(tokens.verify(old)).rejects.toMatchObject(refused);
  });

  test('an old key dies within five minutes also when nobody shows a new one', async () => {
    const old = await issuer.accessToken({ sub: 'ada' }, { expiresIn: 3600 });
    await tokens.verify(old);
    issuer.publish({ keys: [(await signingKey('second')).publicJwk] });
    clock.aheadMs = minutes(5);
    await expect(tokens.verify(old)).rejects.toMatchObject(refused);
  });

  test('unknown key ids make us ask the issuer at most once in 30 seconds', async () => {
    await tokens.verify(await issuer.accessToken({ sub: 'ada' }));
    const before = issuer.fetches();
    clock.aheadMs = 31_000;
    for (let index = 0; index < 20; index += 1) {
      const forged = await issuer.accessToken({ sub: 'ada' }, { key: await signingKey(`forged-${index}`) });
      await expect(tokens.verify(forged)).rejects.toMatchObject(refused);
    }
    expect(issuer.fetches() - before).toBe(1);
  });

  test('while the issuer is down its last keys count for an hour, then nobody gets in', async () => {
    const token = await issuer.accessToken({ sub: 'ada' }, { expiresIn: 7200 });
    await tokens.verify(token);
    issuer.fail(503);
    clock.aheadMs = minutes(50);
    await expect(tokens.verify(token)).resolves.toMatchObject({ sub: 'ada' });
    clock.aheadMs = minutes(61);
    await expect(tokens.verify(token)).rejects.toMatchObject(refused);
    issuer.fail(undefined);
    clock.aheadMs = minutes(62);
    await expect(tokens.verify(token)).resolves.toMatchObject({ sub: 'ada' });
  });
});
