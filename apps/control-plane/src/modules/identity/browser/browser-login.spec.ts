import type { JWTPayload } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Browser } from '../../../testing/browser.js';
import { type TestControlPlane, testControlPlane } from '../../../testing/control-plane.js';
import { signingKey } from '../../../testing/issuer.js';
import { PeopleModule } from '../../people/people.module.js';
import { IdentityModule } from '../identity.module.js';

let house: TestControlPlane;
let port: number;
const address = (path: string): string => `http://127.0.0.1:${port}${path}`;

beforeAll(async () => {
  port = 20_000 + Math.floor(Math.random() * 20_000); // the callback's address must be known before the start
  house = await testControlPlane({
    features: [IdentityModule, PeopleModule],
    environment: {
      SALLYPORT_HTTP_ADDRESS: `127.0.0.1:${port}`,
      SALLYPORT_OIDC_CLIENT_SECRET: 'canary-client-secret',
      SALLYPORT_TRUSTED_PROXIES: '1',
    },
  });
});
afterAll(() => house?.[Symbol.asyncDispose]());
let logins = 0;
beforeEach(() => {
  logins += 1;
  house.issuer.login.misbehaviour = {};
  house.issuer.login.person = { ...house.issuer.login.person, sid: `browser-${logins}` };
});

/** To the issuer and back: the address of the callback, not yet visited. */
const callbackOf = async (browser: Browser, path = '/auth/login'): Promise<string> => {
  const leaving = await browser.go(address(path));
  expect(leaving.status).toBe(302);
  return Browser.target(await browser.go(Browser.target(leaving)));
};

const logIn = async (browser: Browser, path?: string): Promise<Response> => browser.go(await callbackOf(browser, path));
const whoAmI = async (browser: Browser): Promise<number> => (await browser.go(address('/v1/whoami'))).status;

describe('a browser', () => {
  test('logs in by code flow with PKCE, state and nonce, and is known afterwards', async () => {
    const browser = new Browser();
    const sent = new URL(Browser.target(await browser.go(address('/auth/login')))).searchParams;
    expect(sent.get('code_challenge_method')).toBe('S256');
    expect(sent.get('scope')?.split(' ')).toContain('openid');
    for (const name of ['code_challenge', 'state', 'nonce']) expect(sent.get(name)?.length).toBeGreaterThan(15);

    const arrived = await logIn(browser);
    expect(arrived.status).toBe(303);
    expect(await (await browser.go(address('/v1/whoami'))).json()).toMatchObject({
      name: 'ada@example.test',
      roles: ['user'],
      login: { method: 'cookie' },
    });
    expect(house.logged()).not.toContain('canary-client-secret');
  });

  test('gets a cookie that scripts cannot read and other sites do not send', async () => {
    const browser = new Browser();
    const [line] = (await browser.go(address('/auth/login'))).headers.getSetCookie();
    expect(line).toMatch(/HttpOnly/);
    expect(line).toMatch(/SameSite=Lax/);
  });

  test('gets a new session id at login, so that a planted one is worth nothing', async () => {
    const browser = new Browser();
    const callback = await callbackOf(browser);
    const planted = browser.cookie('sallyport')!;
    await browser.go(callback);
    expect(browser.cookie('sallyport')).not.toBe(planted);
    const thief = new Browser();
    thief.plant('sallyport', planted);
    expect(await whoAmI(thief)).toBe(401);
  });

  test('comes back to a path of this server and to nothing else', async () => {
    expect(Browser.target(await logIn(new Browser(), '/auth/login?return_to=/v1/tickets'))).toBe('/v1/tickets');
    for (const evil of ['https://evil.example', '//evil.example', '/\\evil.example', 'javascript:alert(1)']) {
      expect(Browser.target(await logIn(new Browser(), `/auth/login?return_to=${encodeURIComponent(evil)}`))).toBe(
        '/v1/whoami',
      );
    }
  });

  test('that logs out is out, also with a copy of the cookie', async () => {
    const browser = new Browser();
    await logIn(browser);
    const copy = new Browser();
    copy.plant('sallyport', browser.cookie('sallyport')!);
    expect(await whoAmI(copy)).toBe(200);
    const headers = { origin: address(''), 'x-sallyport-request': '1' };
    expect((await browser.go(address('/auth/logout'), { method: 'POST', headers })).status).toBe(204);
    expect(await whoAmI(browser)).toBe(401);
    expect(await whoAmI(copy)).toBe(401);
  });
});

test('a browser that begins too many logins has to wait', async () => {
  const browser = new Browser();
  const answers: number[] = [];
  for (let index = 0; index < 22; index += 1) answers.push((await browser.go(address('/auth/login'))).status);
  expect(answers.slice(0, 20)).toEqual(Array(20).fill(302));
  expect(answers.at(-1)).toBe(429);
});

describe('a cookie', () => {
  test('that turns up in another client is not believed', async () => {
    const browser = new Browser();
    await logIn(browser);
    const thief = new Browser('curl/8');
    thief.plant('sallyport', browser.cookie('sallyport')!);
    expect(await whoAmI(thief)).toBe(401);
  });

  test('alone writes nothing: the Origin and a header that other sites cannot send are needed', async () => {
    const browser = new Browser();
    await logIn(browser);
    const forged: Record<string, string>[] = [
      {},
      { origin: 'https://evil.example', 'x-sallyport-request': '1' },
      { origin: address('') },
      { 'x-sallyport-request': '1' },
      { origin: 'null', 'x-sallyport-request': '1' },
    ];
    for (const headers of forged)
      expect((await browser.go(address('/auth/logout'), { method: 'POST', headers })).status).toBe(403);
    expect(await whoAmI(browser)).toBe(200);
  });

  test('that was altered is none', async () => {
    const browser = new Browser();
    await logIn(browser);
    browser.plant('sallyport', `${browser.cookie('sallyport')!.slice(0, -3)}AAA`);
    expect(await whoAmI(browser)).toBe(401);
  });
});

describe('a login is refused', () => {
  const idToken =
    (change: (claims: JWTPayload) => JWTPayload, options = {}) =>
    (claims: JWTPayload) =>
      house.issuer.accessToken(change(claims), { typ: 'JWT', ...options });

  const misbehaviours: Record<string, () => Promise<void> | void> = {
    'with a nonce that is not ours': () => {
      house.issuer.login.misbehaviour = { idToken: idToken((claims) => ({ ...claims, nonce: 'another' })) };
    },
    'with an id_token for another client': () => {
      house.issuer.login.misbehaviour = { idToken: idToken((claims) => ({ ...claims, aud: 'another' })) };
    },
    'with an id_token that another key signed': async () => {
      house.issuer.login.misbehaviour = { idToken: idToken((claims) => claims, { key: await signingKey('first') }) };
    },
    'with an id_token that nobody signed': () => {
      const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
      const now = Math.floor(Date.now() / 1000);
      house.issuer.login.misbehaviour = {
        idToken: async (claims) =>
          `${encoded({ alg: 'none' })}.${encoded({ iss: house.issuer.url, iat: now, exp: now + 60, ...claims })}.`,
      };
    },
    'with an expired id_token': () => {
      house.issuer.login.misbehaviour = { idToken: idToken((claims) => claims, { expiresIn: -60 }) };
    },
    'when the response is of another issuer': () => {
      house.issuer.login.misbehaviour = { callback: (parameters) => parameters.set('iss', 'https://evil.example') };
    },
    'when the response does not say of which issuer it is': () => {
      house.issuer.login.misbehaviour = { callback: (parameters) => parameters.delete('iss') };
    },
    'when the state is not ours': () => {
      house.issuer.login.misbehaviour = { callback: (parameters) => parameters.set('state', 'x'.repeat(24)) };
    },
    'when the state is missing': () => {
      house.issuer.login.misbehaviour = { callback: (parameters) => parameters.delete('state') };
    },
    'when the issuer says no': () => {
      house.issuer.login.misbehaviour = {
        callback: (parameters) => {
          parameters.delete('code');
          parameters.set('error', 'access_denied');
        },
      };
    },
  };

  test.each(Object.entries(misbehaviours))('%s', async (_name, misbehave) => {
    await misbehave();
    const browser = new Browser();
    expect((await logIn(browser)).status).toBe(401);
    expect(await whoAmI(browser)).toBe(401);
  });

  test('when the callback is forged, or used in another browser', async () => {
    expect(
      (await new Browser().go(address(`/auth/callback?code=abc&state=zzz&iss=${encodeURIComponent(house.issuer.url)}`)))
        .status,
    ).toBe(401);
    const victim = new Browser();
    const callback = await callbackOf(new Browser());
    await victim.go(address('/auth/login'));
    expect((await victim.go(callback)).status).toBe(401);
  });

  test('when the code is used twice', async () => {
    const browser = new Browser();
    const callback = await callbackOf(browser);
    expect((await browser.go(callback)).status).toBe(303);
    expect((await browser.go(callback)).status).toBe(401);
  });
});
