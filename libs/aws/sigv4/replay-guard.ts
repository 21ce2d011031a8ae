import type { Authorization } from './authorization.js';
import { defaultSkewMs } from './verify.js';

export interface ReplayGuardOptions {
  readonly skewMs?: number;
  /** Signatures that are remembered at most, of all clients; about 50 bytes each. */
  readonly capacity?: number;
  /** Those of one access key at most: one client cannot fill the guard for all. */
  readonly capacityPerKey?: number;
}

/** Where a request came from, and which attempt of which call it says it is. */
export interface Arrival {
  readonly at: Date;
  /** The same for requests that came over one connection, and never again for another. */
  readonly connection: string;
  /** The client's address, without its port. */
  readonly address: string;
  /** `attemptOf` its headers; undefined where it says nothing. */
  readonly attempt?: string;
}

/**
 * `first`: not seen before. `repeat`: seen, and what an SDK honestly does. `replay`: refuse. `full`: the guard cannot
 * remember it, so that a replay would not be seen: refuse, until older signatures are past their time.
 */
export type ReplayVerdict = 'first' | 'repeat' | 'replay' | 'full';

/**
 * A date of signatures has whole seconds. An SDK that signs the same request twice within one gives it the same
 * signature: so the second of two honest ones comes at most this long after the first.
 */
export const repeatMs = 2000;
const bucketMs = 60_000;

/** Far more than an SDK makes in that time. */
const repeatLimit = 1000;

interface Recent extends Arrival {
  readonly attempts: Set<string>;
}

interface Bucket {
  readonly signatures: Set<number>;
  readonly perKey: Map<string, number>;
}

/** Remembers the signatures of verified writing requests for as long as they could be used again. */
export class ReplayGuard {
  readonly #skewMs: number;
  readonly #capacity: number;
  readonly #capacityPerKey: number;
  /** By the minute after which none of its signatures is taken any more. */
  readonly #buckets = new Map<number, Bucket>();
  #recent = new Map<string, Recent>();
  #size = 0;

  constructor({ skewMs = defaultSkewMs, capacity = 1_000_000, capacityPerKey = 250_000 }: ReplayGuardOptions = {}) {
    this.#skewMs = skewMs;
    this.#capacity = capacity;
    this.#capacityPerKey = capacityPerKey;
  }

  /** How many signatures it remembers. */
  get size(): number {
    return this.#size;
  }

  /** @param authorization of a request that `verify` has taken; presigned requests are made to be used more than once */
  admit({ signature, signedAt, accessKeyId }: Authorization, arrival: Arrival): ReplayVerdict {
    const now = arrival.at.getTime();
    this.#forget(now);
    const name = shortName(signature);
    const bucket = this.#bucket(signedAt);
    if (bucket.signatures.has(name)) return this.#again(signature, arrival);
    if (this.#size >= this.#capacity || this.#countOf(accessKeyId) >= this.#capacityPerKey) return 'full';
    bucket.signatures.add(name);
    bucket.perKey.set(accessKeyId, (bucket.perKey.get(accessKeyId) ?? 0) + 1);
    this.#size += 1;
    this.#recent.set(signature, {
      ...arrival,
      attempts: new Set(arrival.attempt === undefined ? [] : [arrival.attempt]),
    });
    return 'first';
  }

  /** INVARIANT: whoever sends over the connection of the first is its sender, who could as well sign again. */
  #again(signature: string, arrival: Arrival): ReplayVerdict {
    const first = this.#recent.get(signature);
    if (!first || arrival.at.getTime() - first.at.getTime() > repeatMs) return 'replay';
    const { attempt } = arrival;
    const ours = first.connection === arrival.connection;
    const plausible = first.address === arrival.address && attempt !== undefined && !first.attempts.has(attempt);
    if ((!ours && !plausible) || first.attempts.size >= repeatLimit) return 'replay';
    if (attempt !== undefined) first.attempts.add(attempt);
    return 'repeat';
  }

  #bucket(signedAt: Date): Bucket {
    const minute = Math.ceil((signedAt.getTime() + this.#skewMs) / bucketMs);
    const bucket = this.#buckets.get(minute) ?? { signatures: new Set(), perKey: new Map() };
    this.#buckets.set(minute, bucket);
    return bucket;
  }

  #countOf(accessKeyId: string): number {
    let count = 0;
    for (const { perKey } of this.#buckets.values()) count += perKey.get(accessKeyId) ?? 0;
    return count;
  }

  #forget(now: number): void {
    for (const [minute, { signatures }] of this.#buckets) {
      if (minute * bucketMs >= now) continue;
      this.#size -= signatures.size;
      this.#buckets.delete(minute);
    }
    for (const [signature, { at }] of this.#recent) {
      if (now - at.getTime() <= repeatMs) break;
      this.#recent.delete(signature);
    }
  }
}

/** 52 bits of an HMAC are enough to tell a million apart, and fit a number. */
const shortName = (signature: string): number => Number.parseInt(signature.slice(0, 13), 16);

/** What SDKs say of a request's attempt, in headers that botocore adds after it has signed. */
export const attemptOf = (headers: readonly (readonly [name: string, value: string])[]): string | undefined => {
  const value = (wanted: string): string | undefined => headers.find(([name]) => name === wanted)?.[1];
  const [call, attempt] = [value('amz-sdk-invocation-id'), value('amz-sdk-request')];
  return call === undefined ? undefined : `${call.slice(0, 64)} ${/attempt=(\d{1,4})/.exec(attempt ?? '')?.[1] ?? ''}`;
};
