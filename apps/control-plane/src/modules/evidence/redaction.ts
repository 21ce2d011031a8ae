import { derivedOnce, immutable, isImmutable } from '@sallyport/core';
import { hideSecrets } from '@sallyport/masking';

// Shorter than any secret that a detector knows.
const shortest = 8;

/**
 * The second line: whoever describes an operation has hidden the secrets in its literals; what got past that, or stands
 * anywhere else in a body, is hidden here. Digests, keys and ids are left alone: they are what other entries refer to.
 */
export const withoutSecrets = <T>(body: T): T => hidden(body, undefined) as T;

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

// Members that this product makes itself, out of random bytes, digests and signatures.
const ownWords = new Set([
  'digest',
  'binding',
  'operationDigest',
  'masking',
  'key',
  'old',
  'new',
  'oldSignature',
  'newSignature',
  'publicKey',
  'witnessKey',
  'signature',
  'lastHash',
  'root',
]);

// What many operations share is looked through once; under what name it stands there matters to strings only.
const hiddenOnce = derivedOnce((value: object) => immutable(structure(value, undefined) as object));

/** Words and texts that come again and again and hold no secret; what holds one is looked at each time. */
const harmless = new Set<string>();
const mostHarmless = 1_000;
const longestHarmless = 4_096;

// What an agent has put in the place of a secret in model traffic: to a detector it could look like one again.
const placeholder = /(⟦[A-Z0-9-]{1,40}:[0-9a-f]{12}⟧)/;

function hideAround(value: string): string | undefined {
  if (!value.includes('⟦')) return hideSecrets(value);
  const parts = value.split(placeholder).map((part) => (placeholder.test(part) ? part : (hideSecrets(part) ?? part)));
  const whole = parts.join('');
  return whole === value ? undefined : whole;
}

function withoutSecret(value: string): string {
  if (harmless.has(value)) return value;
  const hiding = hideAround(value);
  if (hiding !== undefined) return hiding;
  if (value.length <= longestHarmless) {
    if (harmless.size >= mostHarmless) harmless.clear();
    harmless.add(value);
  }
  return value;
}

function hidden(value: unknown, name: string | undefined): unknown {
  if (typeof value === 'string') return isOwn(value, name) ? value : withoutSecret(value);
  if (typeof value !== 'object' || value === null) return value;
  const isShared = isImmutable(value) && (name === undefined || !ownWords.has(name));
  return isShared ? hiddenOnce(value) : structure(value, name);
}

function structure(value: object, name: string | undefined): unknown {
  if (Array.isArray(value)) return value.map((item) => hidden(item, name));
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const member = hidden((value as Readonly<Record<string, unknown>>)[key], key);
    if (key === '__proto__') Object.defineProperty(copy, key, { value: member, enumerable: true });
    else copy[key] = member;
  }
  return copy;
}

const isOwn = (value: string, name: string | undefined): boolean =>
  value.length < shortest || uuid.test(value) || (name !== undefined && ownWords.has(name));
