import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import { AuthorizationServer } from './authorization-server.js';

type PrivateKey = Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];

export interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: PrivateKey;
  readonly publicJwk: JWK;
}

export interface MintOptions {
  readonly key?: SigningKey;
  readonly typ?: string;
  readonly header?: Readonly<Record<string, unknown>>;
  /** Seconds from now. */
  readonly expiresIn?: number;
}

/** A local issuer: discovery, a key set that tests can change, and tokens signed by it. */
export interface TestIssuer extends AsyncDisposable {
  readonly url: string;
  readonly key: SigningKey;
  /** How often the key set was fetched. */
  readonly fetches: () => number;
  publish(document: unknown): void;
  /** Every further request for the key set is answered with this status. */
  fail(status: number | undefined): void;
  accessToken(claims: JWTPayload, options?: MintOptions): Promise<string>;
  /** The browser's side of it. */
  readonly login: AuthorizationServer;
}

export const testAudience = 'urn:sallyport:api';

export async function signingKey(kid: string, alg = 'ES256'): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

export async function testIssuer(): Promise<TestIssuer> {
  const key = await signingKey('first');
  let keySet: unknown = { keys: [key.publicJwk] };
  let fetches = 0;
  let failure: number | undefined;
  const login = new AuthorizationServer(
    () => issuerUrl(server),
    (claims) => mint(issuerUrl(server), key, claims, { typ: 'JWT' }),
  );
  const server = createServer((request, response) => {
    const url = issuerUrl(server);
    const asked = new URL(request.url ?? '/', url);
    if (asked.pathname === '/auth') return login.authorize(asked, response);
    if (asked.pathname === '/token') return void login.token(request, response);
    response.setHeader('content-type', 'application/json');
    if (request.url === '/.well-known/openid-configuration') {
      response.end(
        JSON.stringify({
          issuer: url,
          jwks_uri: `${url}/jwks`,
          authorization_endpoint: `${url}/auth`,
          token_endpoint: `${url}/token`,
          authorization_response_iss_parameter_supported: true,
        }),
      );
      return;
    }
    fetches += 1;
    if (failure === undefined) response.end(JSON.stringify(keySet));
    else response.writeHead(failure).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = issuerUrl(server);
  return {
    url,
    key,
    login,
    fetches: () => fetches,
    publish: (document) => {
      keySet = document;
    },
    fail: (status) => {
      failure = status;
    },
    accessToken: (claims, options) => mint(url, key, claims, options),
    [Symbol.asyncDispose]: () => closed(server),
  };
}

function mint(
  issuer: string,
  own: SigningKey,
  claims: JWTPayload,
  { key = own, typ = 'at+jwt', header = {}, expiresIn = 300 }: MintOptions = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const standard = {
    iss: issuer,
    aud: testAudience,
    iat: now,
    exp: now + expiresIn,
    jti: crypto.randomUUID(),
    client_id: 'cli',
  };
  return new SignJWT({ ...standard, ...claims })
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ, ...header })
    .sign(key.privateKey);
}

const issuerUrl = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const closed = (server: Server): Promise<void> => {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
};
