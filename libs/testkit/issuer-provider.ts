import type { JWK } from 'jose';
import type { ClientMetadata, Configuration, KoaContextWithOIDC, Provider } from 'oidc-provider';
import { deviceCodePage, deviceConfirmPage, deviceDonePage, page } from './issuer-pages.js';
import type { IssuerStore } from './issuer-store.js';
import type { Person } from './people.js';

export interface Machine extends Person {
  readonly secret: string;
}

export interface ProviderOptions {
  readonly issuer: string;
  readonly audience: string;
  readonly people: Readonly<Record<string, Person>>;
  /** Clients that log in for themselves (client credentials), by client id. */
  readonly machines: Readonly<Record<string, Machine>>;
  readonly console: { readonly id: string; readonly secret: string; readonly redirectUris: readonly string[] };
  readonly cliClientId: string;
  readonly accessTokenSeconds: number;
  readonly cookieKey: string;
  readonly store: IssuerStore;
  /** The first one signs. */
  readonly keys: readonly JWK[];
}

export const apiScope = 'sallyport:use';
const personScopes = `openid email profile offline_access ${apiScope}`;

// The library prints that Node 20 is too old for it (it works) and that plain HTTP is for development (it is).
const quietly = async <T>(work: () => T | Promise<T>): Promise<T> => {
  const { info, warn } = console;
  const silent =
    (say: typeof info) =>
    (first: unknown, ...rest: unknown[]) =>
      String(first).includes('oidc-provider') ? undefined : say(first, ...rest);
  console.info = silent(info);
  console.warn = silent(warn);
  try {
    return await work();
  } finally {
    console.info = info;
    console.warn = warn;
  }
};

const clientsOf = ({ console: browser, cliClientId, machines }: ProviderOptions): ClientMetadata[] => [
  {
    client_id: browser.id,
    client_secret: browser.secret,
    redirect_uris: [...browser.redirectUris],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_basic',
  },
  {
    client_id: cliClientId,
    token_endpoint_auth_method: 'none',
    redirect_uris: ['http://127.0.0.1/callback'],
    application_type: 'native',
    response_types: ['code'],
    grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'authorization_code', 'refresh_token'],
  },
  ...Object.entries(machines).map(([id, { secret }]) => ({
    client_id: id,
    client_secret: secret,
    redirect_uris: [],
    response_types: [],
    grant_types: ['client_credentials'],
  })),
];

const claimsOf = (login: string, { name, email, groups }: Person) => ({
  sub: login,
  name,
  email,
  email_verified: true,
  preferred_username: login,
  groups: [...groups],
});

/** Everybody who logs in has consented: the only clients are Sallyport's own. */
const grantEverything = (audience: string) => async (ctx: KoaContextWithOIDC) => {
  const { client, session, provider } = ctx.oidc;
  if (!client || !session?.accountId) return undefined;
  const grantId = session.grantIdFor(client.clientId);
  const known = grantId ? await provider.Grant.find(grantId) : undefined;
  const grant = known ?? new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope(personScopes);
  grant.addResourceScope(audience, apiScope);
  await grant.save();
  return grant;
};

const ownTokens = async (
  _ctx: unknown,
  client: { clientId: string },
  token: { clientId?: string | undefined },
): Promise<boolean> => token.clientId === client.clientId;

const featuresOf = (options: ProviderOptions): Configuration['features'] => ({
  devInteractions: { enabled: false },
  clientCredentials: { enabled: true },
  introspection: { enabled: true, allowedPolicy: ownTokens },
  revocation: { enabled: true, allowedPolicy: ownTokens },
  rpInitiatedLogout: {
    enabled: true,
    logoutSource: async (ctx, form) => {
      ctx.body = page(
        'Log out?',
        `${form}<p><button autofocus type="submit" form="op.logoutForm" value="yes" name="logout">Log out</button></p>`,
      );
    },
  },
  deviceFlow: {
    enabled: true,
    userCodeInputSource: async (ctx, form, _out, error) => {
      ctx.body = deviceCodePage(form, error ? 'that code is not known, or was used already' : '');
    },
    userCodeConfirmSource: async (ctx, form, _client, _device, code) => {
      ctx.body = deviceConfirmPage(form, code);
    },
    successSource: async (ctx) => {
      ctx.body = deviceDonePage();
    },
  },
  resourceIndicators: {
    enabled: true,
    defaultResource: async () => options.audience,
    useGrantedResource: async () => true,
    getResourceServerInfo: async (_ctx, audience) => ({
      scope: apiScope,
      audience,
      accessTokenFormat: 'jwt',
      accessTokenTTL: options.accessTokenSeconds,
      jwt: { sign: { alg: 'RS256' } },
    }),
  },
});

const configurationOf = (
  options: ProviderOptions,
  policy: NonNullable<Configuration['interactions']>['policy'],
): Configuration => ({
  adapter: (model: string) => options.store.adapterFor(model),
  clients: clientsOf(options),
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'preferred_username', 'groups'] },
  conformIdTokenClaims: false,
  scopes: ['openid', 'offline_access', 'email', 'profile', apiScope],
  pkce: { required: () => true },
  jwks: {
    keys: options.keys.map((key) => ({ ...key, kty: key.kty ?? 'RSA' })),
  },
  cookies: { keys: [options.cookieKey] },
  interactions: { policy, url: (_ctx, { uid }) => `/login/${uid}` },
  loadExistingGrant: grantEverything(options.audience),
  issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
  rotateRefreshToken: true,
  findAccount: async (_ctx, id) => {
    const person = Object.hasOwn(options.people, id) ? options.people[id] : undefined;
    return person && { accountId: id, claims: () => claimsOf(id, person) };
  },
  extraTokenClaims: async (_ctx, token) => {
    if ('accountId' in token && options.people[token.accountId]) {
      const { sub: _, ...claims } = claimsOf(token.accountId, options.people[token.accountId]!);
      return claims;
    }
    const machine = token.clientId ? options.machines[token.clientId] : undefined;
    return machine && { name: machine.name, groups: [...machine.groups] };
  },
  renderError: async (ctx, out) => {
    ctx.type = 'html';
    ctx.body = page(
      'That did not work',
      `<p>${[out.error, out.error_description].filter(Boolean).join(': ').replace(/[<>&]/g, '')}</p>`,
    );
  },
  features: featuresOf(options),
  ttl: {
    DeviceCode: 600,
    Session: 43_200,
    Grant: 86_400,
    Interaction: 600,
    IdToken: 600,
    AccessToken: options.accessTokenSeconds,
    RefreshToken: 86_400,
    ClientCredentials: options.accessTokenSeconds,
    AuthorizationCode: 60,
  },
});

/** oidc-provider set up as an organisation's issuer would be: PKCE required, JWT access tokens for one audience, groups. */
export const providerOf = (options: ProviderOptions): Promise<Provider> =>
  quietly(async () => {
    const { interactionPolicy, Provider: Oidc } = await import('oidc-provider');
    const policy = interactionPolicy.base();
    policy.remove('consent');
    const provider = new Oidc(options.issuer, configurationOf(options, policy));
    provider.on('server_error', (_ctx, error) => process.stderr.write(`issuer: ${error.message}\n`));
    return provider;
  });
