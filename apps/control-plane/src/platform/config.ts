import { GatewayError, type Role, roles } from '@sallyport/core';
import { type Environment, SettingsReader } from './configuration/reader.js';
import { type Address, addressOf, databaseUrl, secureUrl } from './configuration/values.js';

export type { Environment } from './configuration/reader.js';
export { type Address, isLoopback } from './configuration/values.js';

export interface OidcSettings {
  /** Exactly as the issuer writes it in its tokens. */
  readonly issuer: string;
  /** What access tokens for this API carry as `aud`. */
  readonly audience: string;
  /** `typ` of access tokens: RFC 9068 says at+jwt; some issuers still write JWT. */
  readonly accessTokenType: 'at+jwt' | 'JWT';
  /** The console's client; without it there is no browser login. */
  readonly clientId?: string;
  readonly clientSecret?: string;
  /** The CLI's public client. */
  readonly cliClientId?: string;
  readonly scopes: readonly string[];
  readonly groupsClaim: string;
}

export interface S3Settings {
  readonly bucket: string;
  readonly prefix: string;
  readonly region: string;
  readonly endpoint?: string;
  readonly forcePathStyle: boolean;
}

/** Everything that the control plane is told from outside, parsed once. Also the token it is injected by. */
export abstract class Configuration {
  abstract readonly dataDir: string;
  abstract readonly database: {
    /** Absent: the embedded PostgreSQL under `dataDir`. */
    readonly url?: string;
    readonly recorderUrl?: string;
    readonly keysUrl?: string;
    readonly embeddedPort: number;
    readonly poolSize: number;
  };
  abstract readonly http: Address & {
    /** As browsers and the CLI reach it; no slash at the end. */
    readonly publicUrl: string;
    readonly tls?: { readonly certFile: string; readonly keyFile: string };
    /** Reverse proxies in front whose X-Forwarded-For counts. */
    readonly trustedProxies: number;
    /** What Prometheus must show; without it metrics are for this machine only. */
    readonly metricsToken?: string;
  };
  abstract readonly tunnel: Address;
  abstract readonly enrolment: Address;
  abstract readonly postgres: Address;
  abstract readonly aws: Address;
  abstract readonly anthropic: Address;
  abstract readonly openai: Address;
  /** The name by which clients and agents reach the listeners; it is in their certificates. */
  abstract readonly publicHost: string;
  abstract readonly oidc: OidcSettings;
  /** Groups whose members hold a role; `*` stands for everybody who can log in. */
  abstract readonly roleGroups: Readonly<Record<Role, readonly string[]>>;
  abstract readonly masterKeyFile?: string;
  /** Names of the policy packs that an empty installation starts with; without any nothing is permitted. */
  abstract readonly initialPolicyPacks: readonly string[];
  abstract readonly grantMs: number;
  abstract readonly ticketMaxMs: number;
  abstract readonly maxSessionsPerTicket: number;
  abstract readonly logLevel: string;
  abstract readonly drainMs: number;
  abstract readonly recordings: { readonly store: 'database' } | { readonly store: 's3'; readonly s3: S3Settings };
  abstract readonly evidence: { readonly origin: string; readonly witnessQuorum: number };
  /** For how long prompts and inputs of tools are kept; absent: until somebody erases them. */
  abstract readonly promptDays?: number;
}

/**
 * @param env usually `process.env`, which nothing else reads
 * @throws GatewayError INVALID_INPUT with every mistake in `details.mistakes` and in its message
 */
export function parseConfiguration(env: Environment): Configuration {
  const reader = new SettingsReader(env);
  const configuration = read(reader);
  if (reader.mistakes.length === 0) return configuration;
  throw new GatewayError('INVALID_INPUT', `the configuration has mistakes:\n  ${reader.mistakes.join('\n  ')}`, {
    details: { mistakes: reader.mistakes },
    hint: 'correct these environment variables and start again',
  });
}

function read(reader: SettingsReader): Configuration {
  const http = addressOf(reader, 'SALLYPORT_HTTP_ADDRESS', '127.0.0.1:7400');
  const publicHost = reader.text('SALLYPORT_PUBLIC_HOST', 'localhost');
  const masterKeyFile = reader.optional('SALLYPORT_MASTER_KEY_FILE');
  const promptDays = reader.optionalInteger('SALLYPORT_PROMPT_DAYS', { least: 1, most: 3650 });
  return {
    dataDir: reader.text('SALLYPORT_DATA_DIR', '.sallyport/control-plane'),
    database: databaseOf(reader),
    http: { ...http, ...httpOf(reader, http) },
    tunnel: addressOf(reader, 'SALLYPORT_TUNNEL_ADDRESS', '127.0.0.1:7401'),
    enrolment: addressOf(reader, 'SALLYPORT_ENROLMENT_ADDRESS', '127.0.0.1:7402'),
    postgres: addressOf(reader, 'SALLYPORT_POSTGRES_ADDRESS', '127.0.0.1:7432'),
    aws: addressOf(reader, 'SALLYPORT_AWS_ADDRESS', '127.0.0.1:7443'),
    anthropic: addressOf(reader, 'SALLYPORT_ANTHROPIC_ADDRESS', '127.0.0.1:7445'),
    openai: addressOf(reader, 'SALLYPORT_OPENAI_ADDRESS', '127.0.0.1:7446'),
    publicHost,
    oidc: oidcOf(reader),
    roleGroups: Object.fromEntries(
      roles.map((role) => [role, reader.list(`SALLYPORT_ROLE_${role.toUpperCase()}`)]),
    ) as Record<Role, readonly string[]>,
    ...(masterKeyFile === undefined ? {} : { masterKeyFile }),
    initialPolicyPacks: reader.list('SALLYPORT_INITIAL_POLICY_PACK'),
    grantMs: reader.integer('SALLYPORT_GRANT_HOURS', { fallback: 12, least: 1, most: 168 }) * 3_600_000,
    ticketMaxMs: reader.integer('SALLYPORT_TICKET_SECONDS', { fallback: 900, least: 30, most: 900 }) * 1000,
    maxSessionsPerTicket: reader.integer('SALLYPORT_TICKET_SESSIONS', { fallback: 10, least: 1, most: 1000 }),
    logLevel: reader.choice(
      'SALLYPORT_LOG_LEVEL',
      ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
      'info',
    ),
    drainMs: reader.integer('SALLYPORT_DRAIN_SECONDS', { fallback: 20, least: 0, most: 600 }) * 1000,
    recordings: recordingsOf(reader),
    evidence: {
      origin: reader.text('SALLYPORT_LOG_ORIGIN', `${publicHost}/sallyport`),
      witnessQuorum: reader.integer('SALLYPORT_WITNESS_QUORUM', { fallback: 1, least: 0, most: 100 }),
    },
    ...(promptDays === undefined ? {} : { promptDays }),
  };
}

function databaseOf(reader: SettingsReader): Configuration['database'] {
  const url = databaseUrl(reader, 'DATABASE_URL');
  const recorderUrl = databaseUrl(reader, 'RECORDER_DATABASE_URL');
  const keysUrl = databaseUrl(reader, 'KEYS_DATABASE_URL');
  if (url === undefined && reader.flag('SALLYPORT_REQUIRE_DATABASE_URL'))
    reader.required('DATABASE_URL', 'this installation keeps its state in a PostgreSQL of its own');
  return {
    ...(url === undefined ? {} : { url }),
    ...(recorderUrl === undefined ? {} : { recorderUrl }),
    ...(keysUrl === undefined ? {} : { keysUrl }),
    embeddedPort: reader.integer('SALLYPORT_EMBEDDED_DATABASE_PORT', { fallback: 0, least: 0, most: 65_535 }),
    poolSize: reader.integer('SALLYPORT_DATABASE_POOL', { fallback: 10, least: 2, most: 200 }),
  };
}

function httpOf(reader: SettingsReader, address: Address): Omit<Configuration['http'], keyof Address> {
  const certFile = reader.optional('SALLYPORT_HTTP_TLS_CERT_FILE');
  const keyFile = reader.optional('SALLYPORT_HTTP_TLS_KEY_FILE');
  if ((certFile === undefined) !== (keyFile === undefined))
    reader.mistake(
      'SALLYPORT_HTTP_TLS_CERT_FILE',
      'and SALLYPORT_HTTP_TLS_KEY_FILE belong together: set both or neither',
    );
  const tls = certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile };
  const host = address.host === '0.0.0.0' || address.host === '::' ? 'localhost' : address.host;
  const own = `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
  const metricsToken = reader.secret('SALLYPORT_METRICS_TOKEN');
  const publicUrl = reader.optional('SALLYPORT_PUBLIC_URL');
  if (publicUrl !== undefined) secureUrl(reader, 'SALLYPORT_PUBLIC_URL', publicUrl);
  return {
    publicUrl: (publicUrl ?? own).replace(/\/+$/, ''),
    ...(tls === undefined ? {} : { tls }),
    ...(metricsToken === undefined ? {} : { metricsToken }),
    trustedProxies: reader.integer('SALLYPORT_TRUSTED_PROXIES', { fallback: 0, least: 0, most: 10 }),
  };
}

function oidcOf(reader: SettingsReader): OidcSettings {
  const issuer = reader.required('SALLYPORT_OIDC_ISSUER', 'people log in there, for example https://login.example.com');
  secureUrl(reader, 'SALLYPORT_OIDC_ISSUER', issuer);
  const clientId = reader.optional('SALLYPORT_OIDC_CLIENT_ID');
  const clientSecret = reader.secret('SALLYPORT_OIDC_CLIENT_SECRET');
  const cliClientId = reader.optional('SALLYPORT_OIDC_CLI_CLIENT_ID');
  const audience = reader.text('SALLYPORT_OIDC_AUDIENCE', 'urn:sallyport:api');
  // Otherwise an id_token, whose audience is the client, could pass for an access token.
  if ([clientId, cliClientId].includes(audience))
    reader.mistake('SALLYPORT_OIDC_AUDIENCE', 'must differ from the client ids: it names this API, not a client');
  if (clientSecret !== undefined && clientId === undefined)
    reader.mistake('SALLYPORT_OIDC_CLIENT_ID', 'is missing: a client secret is set');
  return {
    issuer,
    audience,
    accessTokenType: reader.choice('SALLYPORT_OIDC_ACCESS_TOKEN_TYPE', ['at+jwt', 'JWT'], 'at+jwt'),
    ...(clientId === undefined ? {} : { clientId }),
    ...(clientSecret === undefined ? {} : { clientSecret }),
    ...(cliClientId === undefined ? {} : { cliClientId }),
    scopes: reader.list('SALLYPORT_OIDC_SCOPES', ['openid', 'profile', 'email']),
    groupsClaim: reader.text('SALLYPORT_GROUPS_CLAIM', 'groups'),
  };
}

function recordingsOf(reader: SettingsReader): Configuration['recordings'] {
  const bucket = reader.optional('SALLYPORT_S3_BUCKET');
  if (bucket === undefined) return { store: 'database' };
  const endpoint = reader.optional('SALLYPORT_S3_ENDPOINT');
  if (endpoint !== undefined) secureUrl(reader, 'SALLYPORT_S3_ENDPOINT', endpoint);
  return {
    store: 's3',
    s3: {
      bucket,
      prefix: reader.text('SALLYPORT_S3_PREFIX', 'recordings/'),
      region: reader.text('SALLYPORT_S3_REGION', 'us-east-1'),
      ...(endpoint === undefined ? {} : { endpoint }),
      forcePathStyle: reader.flag('SALLYPORT_S3_FORCE_PATH_STYLE'),
    },
  };
}
