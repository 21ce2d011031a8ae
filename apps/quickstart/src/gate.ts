import { Trouble } from './trouble.js';

export interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

/** The control plane's API as one person sees it. */
export class Gate {
  readonly url: string;
  readonly #token: () => Promise<string>;

  constructor(url: string, token: () => Promise<string>) {
    this.url = url;
    this.#token = token;
  }

  /** Whatever the status is. */
  async ask<T>(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<Answer<T>> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        authorization: `Bearer ${await this.#token()}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    return { status: response.status, body: (text ? JSON.parse(text) : undefined) as T };
  }

  async get<T>(path: string): Promise<T> {
    return this.#well(path, await this.ask<T>('GET', path));
  }

  async post<T>(path: string, body: unknown = {}): Promise<T> {
    return this.#well(path, await this.ask<T>('POST', path, body));
  }

  #well<T>(path: string, { status, body }: Answer<T>): T {
    if (status < 400) return body;
    const { detail, title, hint } = (body ?? {}) as { detail?: string; title?: string; hint?: string };
    if (status === 404 && !detail) throw new NotBuilt(`the API has no ${path} yet`);
    throw new Trouble(`${path}: ${detail ?? title ?? status}`, hint ?? 'look at logs/control-plane.log');
  }
}

/** A step that the product does not have yet: printed as missing, never simulated. */
export class NotBuilt extends Error {}
