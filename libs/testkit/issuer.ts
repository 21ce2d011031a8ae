import { createHash, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, type JWK } from 'jose';
import type { Provider } from 'oidc-provider';
import { logInAs } from './issuer-browser.js';
import { loginPage } from './issuer-pages.js';
import { apiScope, type Machine, type ProviderOptions, providerOf } from './issuer-provider.js';
import { IssuerStore } from './issuer-store.js';
import { cast, type Person } from './people.js';

export interface IssuerOptions {
  /** 0 or left out: a free one. */
  readonly port?: number;
  /** Where it listens; loopback unless it stands in a container of its own. */
  readonly host?: string;
  /** What its tokens say in `iss`; left out: http://<host>:<port>. */
  readonly url?: string;
  readonly people?: Readonly<Record<string, Person>>;
  readonly machines?: Readonly<Record<string, Machine>>;
  /** Where the control plane's browser login comes back to, for example http://127.0.0.1:7400/auth/callback. */
  readonly redirectUris?: readonly string[];
  readonly clientSecret?: string;
  readonly accessTokenSeconds?: number;
  /** Private keys (JWK) to keep across starts; the first one signs. */
  readonly keys?: readonly JWK[];
}

export interface Tokens {
  readonly access_token: string;
  readonly id_token?: string;
  readonly refresh_token?: string;
  readonly expires_in: number;
}

export interface TestIssuer extends AsyncDisposable {
  readonly issuer: string;
  readonly port: number;
  readonly audience: string;
  readonly cliClientId: string;
  readonly console: { readonly id: string; readonly secret: string };
  readonly people: Readonly<Record<string, Person>>;
  readonly machines: Readonly<Record<string, Machine>>;
  /** A real device-code grant, with the person's clicks made by us. */
  tokens(person: string): Promise<Tokens>;
  accessToken(person: string): Promise<string>;
  /** Client credentials. @param id a key of `machines` */
  machineToken(id?: string): Promise<string>;
  refresh(refreshToken: string): Promise<Tokens>;
  /** Settles a device login that a CLI started, by the address that it shows. */
  approveDevice(verificationUriComplete: string, person: string): Promise<void>;
  /** Logs in at an authorization request. @returns the address that the browser is sent back to, with code and state */
  authorize(authorizationUrl: string, person: string): Promise<string>;
  /** A new signing key; the old one stays published unless `forget`. @returns the new key's id */
  rotateKeys(options?: { readonly forget?: boolean }): Promise<string>;
  stop(): Promise<void>;
}

export const audience = 'urn:sallyport:api';
export const cliClientId = 'sallyport-cli';
export const consoleClientId = 'sallyport-console';

const defaultMachines: Readonly<Record<string, Machine>> = {
  'nightly-report': {
    name: 'nightly-report',
    email: '',
    groups: ['engineers'],
    secret: 'development-secret-of-nightly-report',
  },
};

/** @returns a private RSA key as JWK, for RS256 */
export const signingKey = async (): Promise<JWK> => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig', kid: randomUUID() };
};

/**
 * An OIDC issuer with people in it, for tests and the quickstart: authorization code with PKCE, device flow, refresh,
 * client credentials, JWT access tokens (RFC 9068) with a `groups` claim. It has no passwords: loopback only.
 */
export const testIssuer = async (options: IssuerOptions = {}): Promise<TestIssuer> => {
  const { people = cast, machines = defaultMachines, host = '127.0.0.1' } = options;
  let handle: RequestHandler = (_request, response) => response.writeHead(503).end();
  const server = createServer((request, response) => handle(request, response));
  const port = await listen(server, options.port ?? 0, host);
  const issuer = options.url ?? `http://${host}:${port}`;
  const browser = {
    id: consoleClientId,
    secret: options.clientSecret ?? randomBytes(24).toString('base64url'),
    redirectUris: options.redirectUris ?? ['http://127.0.0.1:7400/auth/callback'],
  };
  let keys: readonly JWK[] = options.keys ?? [await signingKey()];
  const settings = (): ProviderOptions => ({
    issuer,
    audience,
    people,
    machines,
    console: browser,
    cliClientId,
    accessTokenSeconds: options.accessTokenSeconds ?? 600,
    cookieKey,
    store,
    keys,
  });
  const [store, cookieKey] = [new IssuerStore(), randomBytes(24).toString('base64url')];
  const serve = async () => {
    handle = handlerOf(await providerOf(settings()), people, new URL(issuer).host);
  };
  await serve();
  const tokens = (person: string) => deviceGrant(issuer, person);
  const stop = () => close(server);
  return {
    issuer,
    port,
    audience,
    cliClientId,
    console: browser,
    people,
    machines,
    tokens,
    accessToken: async (person) => (await tokens(person)).access_token,
    machineToken: async (id = Object.keys(machines)[0]!) =>
      (await machineGrant(issuer, id, machines[id]?.secret ?? '')).access_token,
    refresh: (refreshToken) =>
      tokenRequest(issuer, { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: cliClientId }),
    approveDevice: async (address, person) => void (await logInAs(person, address, issuer)),
    authorize: (address, person) => logInAs(person, address, issuer),
    rotateKeys: async ({ forget = false } = {}) => {
      keys = [await signingKey(), ...(forget ? [] : keys)];
      await serve();
      return keys[0]!.kid!;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
};

type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

const listen = (server: Server, port: number, host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });

const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

const handlerOf = (provider: Provider, people: Readonly<Record<string, Person>>, host: string): RequestHandler => {
  const callback = provider.callback();
  return (request, response) => {
    if (request.url === '/healthz') return void response.writeHead(200).end('ok\n');
    // A page of another site that points its own name at this address must not get a session here.
    if (request.headers.host !== host)
      return void response.writeHead(421, { 'content-type': 'text/plain' }).end(`this issuer is http://${host}\n`);
    if (!request.url?.startsWith('/login/')) return void callback(request, response);
    interact(provider, people, request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(400, { 'content-type': 'text/plain' });
      response.end(`${error instanceof Error ? error.message : 'bad request'}\n`);
    });
  };
};

const interact = async (
  provider: Provider,
  people: Readonly<Record<string, Person>>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const { uid } = await provider.interactionDetails(request, response);
  const login =
    request.method === 'POST'
      ? (new URLSearchParams(await bodyOf(request)).get('login') ?? '').trim().toLowerCase()
      : undefined;
  if (login !== undefined && Object.hasOwn(people, login))
    return provider.interactionFinished(request, response, { login: { accountId: login } });
  response.writeHead(login === undefined ? 200 : 400, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  });
  response.end(loginPage(people, `/login/${uid}`, login === undefined ? '' : `nobody here is called "${login}"`));
};

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  let body = '';
  for await (const chunk of request) {
    body += String(chunk);
    if (body.length > 4096) throw new Error('the form is too large');
  }
  return body;
};

const post = async <T>(
  url: string,
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<T> => {
  const response = await fetch(url, {
    method: 'POST',
    body: new URLSearchParams(form),
    headers,
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok) throw new Error(`the issuer refused (${response.status}): ${await response.text()}`);
  return (await response.json()) as T;
};

const tokenRequest = (
  issuer: string,
  form: Readonly<Record<string, string>>,
  headers?: Readonly<Record<string, string>>,
) => post<Tokens>(`${issuer}/token`, form, headers);

const machineGrant = (issuer: string, id: string, secret: string) =>
  tokenRequest(
    issuer,
    { grant_type: 'client_credentials', scope: apiScope, resource: audience },
    { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
  );

interface DeviceAuthorization {
  readonly device_code: string;
  readonly verification_uri_complete: string;
}

const deviceGrant = async (issuer: string, person: string): Promise<Tokens> => {
  const device = await post<DeviceAuthorization>(`${issuer}/device/auth`, {
    client_id: cliClientId,
    scope: `openid profile email offline_access ${apiScope}`,
    resource: audience,
  });
  await logInAs(person, device.verification_uri_complete, issuer);
  return tokenRequest(issuer, {
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    device_code: device.device_code,
    client_id: cliClientId,
  });
};

/** PKCE (RFC 7636, S256). @returns what a client keeps and what it sends */
export const pkcePair = (): { verifier: string; challenge: string } => {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
};
