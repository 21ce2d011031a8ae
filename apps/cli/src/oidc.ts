import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { GatewayError } from '@sallyport/core';
import type { Login } from './credentials.js';

export interface AuthConfig {
  readonly issuer: string;
  readonly cli_client_id: string;
  readonly audience?: string;
  readonly scopes?: readonly string[] | string;
}

interface Discovery {
  readonly issuer: string;
  readonly token_endpoint: string;
  readonly device_authorization_endpoint?: string;
  readonly revocation_endpoint?: string;
}

interface TokenResponse {
  readonly access_token?: string;
  readonly refresh_token?: string;
  readonly expires_in?: number;
  readonly error?: string;
  readonly error_description?: string;
}

export interface DeviceCode {
  readonly device_code: string;
  readonly user_code: string;
  readonly verification_uri: string;
  readonly verification_uri_complete?: string;
  readonly expires_in: number;
  readonly interval?: number;
}

const unreachable = (issuer: string, cause: unknown) =>
  new GatewayError('TARGET_UNREACHABLE', `the issuer "${issuer}" cannot be reached`, {
    cause,
    hint: 'check the network, and ask an administrator whether this is the right issuer',
  });

const patienceMs = 15_000;

interface Asking {
  readonly form?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

const ask = async <T>(
  issuer: string,
  url: string,
  { form, timeoutMs = patienceMs }: Asking = {},
): Promise<{ ok: boolean; body: T }> => {
  try {
    const response = await fetch(url, {
      ...(form ? { method: 'POST', body: new URLSearchParams(form) } : {}),
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await response.text();
    return { ok: response.ok, body: (text ? JSON.parse(text) : {}) as T };
  } catch (cause) {
    throw unreachable(issuer, cause);
  }
};

/** OpenID Connect Discovery 1.0, 4.3: the document must name the issuer that was asked for. */
const discover = async (issuer: string, timeoutMs = patienceMs): Promise<Discovery> => {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const { body } = await ask<Discovery>(issuer, url, { timeoutMs });
  if (body.issuer === issuer) return body;
  throw new GatewayError('UNAUTHENTICATED', `the issuer "${issuer}" calls itself "${String(body.issuer)}"`, {
    hint: 'ask an administrator to correct the configured issuer',
  });
};

const loginOf = (
  config: Pick<AuthConfig, 'issuer' | 'cli_client_id'>,
  tokens: TokenResponse,
  earlier?: string,
): Login => {
  const refresh = tokens.refresh_token ?? earlier;
  return {
    issuer: config.issuer,
    client_id: config.cli_client_id,
    access_token: tokens.access_token!,
    ...(refresh === undefined ? {} : { refresh_token: refresh }),
    expires_at: Date.now() + (tokens.expires_in ?? 300) * 1000,
  };
};

// offline_access (OpenID Connect Core, 11): without it many issuers give no refresh token.
const scopeOf = ({ scopes = ['openid', 'profile', 'email'] }: AuthConfig): string =>
  [...new Set([...(typeof scopes === 'string' ? scopes.split(' ') : scopes), 'offline_access'])].join(' ');

/** PKCE (RFC 7636): issuers that know it for device logins bind the code to this process; the others ignore it. */
const pkce = (): { verifier: string; challenge: string } => {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
};

/**
 * The device authorization grant (RFC 8628).
 * @param show tells the person where to go; @returns the login, once the person has confirmed it
 */
export const deviceLogin = async (config: AuthConfig, show: (code: DeviceCode) => void): Promise<Login> => {
  const found = await discover(config.issuer);
  if (!found.device_authorization_endpoint)
    throw new GatewayError('UNSUPPORTED', `the issuer "${config.issuer}" has no device login`, {
      hint: 'set SALLYPORT_TOKEN to an access token of this issuer',
    });
  const { verifier, challenge } = pkce();
  const { ok, body } = await ask<DeviceCode & TokenResponse>(config.issuer, found.device_authorization_endpoint, {
    form: {
      client_id: config.cli_client_id,
      scope: scopeOf(config),
      code_challenge: challenge,
      code_challenge_method: 'S256',
      ...(config.audience ? { resource: config.audience } : {}),
    },
  });
  if (!ok) throw refused(body);
  show(body);
  return poll(config, found, { ...body, verifier });
};

const poll = async (
  config: AuthConfig,
  found: Discovery,
  code: DeviceCode & { readonly verifier: string },
): Promise<Login> => {
  const form = {
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    device_code: code.device_code,
    client_id: config.cli_client_id,
    code_verifier: code.verifier,
  };
  let interval = code.interval ?? 5;
  for (const deadline = Date.now() + code.expires_in * 1000; Date.now() < deadline; ) {
    await sleep(interval * 1000);
    const { ok, body } = await ask<TokenResponse>(config.issuer, found.token_endpoint, { form });
    if (ok && body.access_token) return loginOf(config, body);
    if (body.error === 'slow_down')
      interval += 5; // RFC 8628, 3.5
    else if (body.error !== 'authorization_pending') throw refused(body);
  }
  throw new GatewayError('TIMED_OUT', 'nobody confirmed the login in time', { hint: 'run sallyport login again' });
};

const refused = ({ error, error_description }: TokenResponse): GatewayError =>
  new GatewayError(
    'UNAUTHENTICATED',
    `the issuer refused the login (${error ?? 'no reason'}${error_description ? `: ${error_description}` : ''})`,
    { hint: 'run sallyport login again' },
  );

/**
 * @param timeoutMs until the issuer has said where to go. From then on it is waited for: it may have taken the refresh token
 * @returns the login with fresh tokens; undefined when the issuer does not honour the refresh token any more
 */
export const refreshLogin = async (login: Login, timeoutMs = patienceMs): Promise<Login | undefined> => {
  if (!login.refresh_token) return undefined;
  const found = await discover(login.issuer, Math.min(timeoutMs, patienceMs));
  const form = { grant_type: 'refresh_token', refresh_token: login.refresh_token, client_id: login.client_id };
  const { ok, body } = await ask<TokenResponse>(login.issuer, found.token_endpoint, { form });
  return ok && body.access_token
    ? loginOf({ issuer: login.issuer, cli_client_id: login.client_id }, body, login.refresh_token)
    : undefined;
};

/** RFC 7009. @returns whether the issuer took it */
export const revokeLogin = async (login: Login): Promise<boolean> => {
  const found = await discover(login.issuer);
  if (!found.revocation_endpoint || !login.refresh_token) return false;
  return (
    await ask(login.issuer, found.revocation_endpoint, {
      form: { token: login.refresh_token, token_type_hint: 'refresh_token', client_id: login.client_id },
    })
  ).ok;
};
