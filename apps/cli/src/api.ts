import { randomUUID } from 'node:crypto';
import { type ErrorCode, errorCodes, GatewayError } from '@sallyport/core';
import { Credentials, type Login } from './credentials.js';
import { refreshLogin } from './oidc.js';

/** A list as the API pages it. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next_cursor?: string | null;
}

export interface Ask {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  /** For the few routes that need no login. */
  readonly anonymous?: boolean;
}

/** The part of the API that commands use. */
export interface Api {
  readonly url: string;
  get<T>(path: string, query?: Ask['query']): Promise<T>;
  /** Every page of a list, up to `most` items. */
  all<T>(path: string, query?: Ask['query'], most?: number): Promise<T[]>;
  send<T>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<T>;
  /** As it comes, for what is too large to hold. */
  stream(path: string, query?: Ask['query']): Promise<Response>;
}

const defaultUrl = 'http://127.0.0.1:7400';
const loopback = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** `--url`, else SALLYPORT_URL, else the last login's, else the local default. @throws INVALID_INPUT where a token would travel in the clear */
export const apiUrl = (option: string | undefined, env: NodeJS.ProcessEnv): string => {
  const text = option ?? env['SALLYPORT_URL'] ?? new Credentials(env).current ?? defaultUrl;
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new GatewayError('INVALID_INPUT', `"${text}" is not a URL`, {
      cause,
      hint: 'give the address of the control plane, for example https://sallyport.example.com',
    });
  }
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback.has(url.hostname)))
    throw new GatewayError('INVALID_INPUT', `"${text}" would send your login in the clear`, { hint: 'use https://' });
  return url.href.replace(/\/$/, '');
};

interface Problem {
  readonly code?: string;
  readonly title?: string;
  readonly detail?: string;
  readonly message?: string;
  readonly hint?: string;
  readonly correlation_id?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

const byStatus: Readonly<Record<number, ErrorCode>> = {
  400: 'INVALID_INPUT',
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  409: 'CONFLICT',
  413: 'TOO_LARGE',
  429: 'RATE_LIMITED',
  503: 'SHUTTING_DOWN',
};

const codeOf = (problem: Problem, status: number): ErrorCode =>
  errorCodes.find((code) => code === problem.code) ?? byStatus[status] ?? 'INTERNAL';

const failureOf = async (response: Response): Promise<GatewayError> => {
  const problem = (await response.json().catch(() => ({}))) as Problem;
  const code = codeOf(problem, response.status);
  const hint = problem.hint ?? (code === 'UNAUTHENTICATED' ? 'run sallyport login' : undefined);
  return new GatewayError(
    code,
    problem.detail ?? problem.message ?? problem.title ?? `the control plane answered ${response.status}`,
    {
      ...(hint === undefined ? {} : { hint }),
      details: {
        status: response.status,
        ...(problem.correlation_id ? { correlation_id: problem.correlation_id } : {}),
        ...problem.details,
      },
    },
  );
};

const renewEarlyMs = 30_000;

export class HttpApi implements Api {
  readonly url: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #credentials: Credentials;
  readonly #timeoutMs: number;

  /** @param timeoutMs of each request */
  constructor(url: string, env: NodeJS.ProcessEnv, timeoutMs = 60_000) {
    this.url = url;
    this.#env = env;
    this.#credentials = new Credentials(env);
    this.#timeoutMs = timeoutMs;
  }

  async get<T>(path: string, query?: Ask['query']): Promise<T> {
    return this.#json<T>(path, { ...(query ? { query } : {}) });
  }

  async anonymous<T>(path: string): Promise<T> {
    return this.#json<T>(path, { anonymous: true });
  }

  async send<T>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<T> {
    return this.#json<T>(path, { method, body });
  }

  async all<T>(path: string, query: Ask['query'] = {}, most = 1000): Promise<T[]> {
    const found: T[] = [];
    for (let cursor: string | undefined; ; ) {
      const page: Page<T> = await this.get(path, { ...query, cursor });
      found.push(...page.items);
      if (!page.next_cursor || found.length >= most) return found.slice(0, most);
      cursor = page.next_cursor;
    }
  }

  async stream(path: string, query?: Ask['query']): Promise<Response> {
    return this.#fetch(path, { ...(query ? { query } : {}) });
  }

  async #json<T>(path: string, ask: Ask): Promise<T> {
    const response = await this.#fetch(path, ask);
    const text = await response.text();
    return (text ? JSON.parse(text) : undefined) as T;
  }

  async #fetch(path: string, ask: Ask): Promise<Response> {
    const response = await this.#once(path, ask, ask.anonymous ? undefined : await this.#token());
    if (response.ok) return response;
    throw await failureOf(response);
  }

  async #once(path: string, { method = 'GET', query = {}, body }: Ask, token: string | undefined): Promise<Response> {
    const url = new URL(this.url + path);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value));
    try {
      return await fetch(url, {
        method,
        redirect: 'error',
        headers: {
          accept: 'application/json',
          ...(token ? { authorization: `Bearer ${token}` } : {}),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(method === 'POST' ? { 'idempotency-key': randomUUID() } : {}),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(this.#timeoutMs),
      });
    } catch (cause) {
      throw new GatewayError('TARGET_UNREACHABLE', `the control plane at ${this.url} cannot be reached`, {
        cause,
        hint: 'check that it runs, and the address in --url or SALLYPORT_URL',
      });
    }
  }

  async #token(): Promise<string> {
    const given = this.#env['SALLYPORT_TOKEN'];
    if (given) return given;
    const login = this.#credentials.of(this.url);
    if (!login)
      throw new GatewayError('UNAUTHENTICATED', `you are not logged in at ${this.url}`, {
        hint: 'run sallyport login, or set SALLYPORT_TOKEN',
      });
    return login.expires_at - renewEarlyMs > Date.now() ? login.access_token : this.#renewed();
  }

  #renewed(): Promise<string> {
    const work = async (login: Login | undefined): Promise<string> => {
      if (login && login.expires_at - renewEarlyMs > Date.now()) return login.access_token; // another process was faster
      const fresh = login && (await refreshLogin(login, this.#timeoutMs));
      if (!fresh) throw new GatewayError('UNAUTHENTICATED', 'your login has ended', { hint: 'run sallyport login' });
      this.#credentials.keep(this.url, fresh);
      return fresh.access_token;
    };
    return this.#credentials.exclusively(this.url, work, this.#timeoutMs);
  }
}
