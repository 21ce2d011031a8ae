import type { Adapter, AdapterPayload } from 'oidc-provider';

interface Kept {
  readonly payload: AdapterPayload;
  readonly expiresAt: number;
}

const most = 20_000;

/**
 * What the issuer remembers, in memory: shared by the providers before and after a key rotation, so that logins and
 * refresh tokens survive it.
 */
export class IssuerStore {
  readonly #kept = new Map<string, Kept>();

  adapterFor(model: string): Adapter {
    const key = (id: string) => `${model}:${id}`;
    const search = (wanted: (payload: AdapterPayload) => boolean) => this.#search(`${model}:`, wanted);
    return {
      upsert: async (id, payload, expiresIn) => this.#put(key(id), payload, expiresIn),
      find: async (id) => this.#get(key(id)),
      findByUid: async (uid) => search((payload) => payload.uid === uid),
      findByUserCode: async (code) => search((payload) => payload.userCode === code),
      consume: async (id) => this.#consume(key(id)),
      destroy: async (id) => void this.#kept.delete(key(id)),
      revokeByGrantId: async (grantId) => this.#revoke(grantId),
    };
  }

  #put(key: string, payload: AdapterPayload, expiresIn = 0): void {
    if (this.#kept.size >= most) this.#sweep();
    this.#kept.set(key, {
      payload,
      expiresAt: expiresIn > 0 ? Date.now() + expiresIn * 1000 : Number.POSITIVE_INFINITY,
    });
  }

  #get(key: string): AdapterPayload | undefined {
    const kept = this.#kept.get(key);
    return kept && kept.expiresAt > Date.now() ? kept.payload : undefined;
  }

  #search(prefix: string, wanted: (payload: AdapterPayload) => boolean): AdapterPayload | undefined {
    for (const [key, { payload }] of this.#kept) if (key.startsWith(prefix) && wanted(payload)) return this.#get(key);
    return undefined;
  }

  #consume(key: string): void {
    const kept = this.#kept.get(key);
    if (kept) kept.payload.consumed = Math.floor(Date.now() / 1000);
  }

  #revoke(grantId: string): void {
    for (const [key, { payload }] of this.#kept) if (payload.grantId === grantId) this.#kept.delete(key);
  }

  /** Drops what has expired, else the oldest half: a development issuer never grows without a bound. */
  #sweep(): void {
    const now = Date.now();
    for (const [key, { expiresAt }] of this.#kept) if (expiresAt <= now) this.#kept.delete(key);
    if (this.#kept.size < most) return;
    for (const key of [...this.#kept.keys()].slice(0, most / 2)) this.#kept.delete(key);
  }
}
