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

function hidden(value: unknown, name: string | undefined): unknown {
  if (typeof value === 'string') return isOwn(value, name) ? value : (hideSecrets(value) ?? value);
  if (typeof value !== 'object' || value === null) return value;
  const isShared = isImmutable(value) && (name === undefined || !ownWords.has(name));
  return isShared ? hiddenOnce(value) : structure(value, name);
}

function structure(value: object, name: string | undefined): unknown {
  if (Array.isArray(value)) return value.map((item) => hidden(item, name));
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, hidden(member, key)]));
}

const isOwn = (value: string, name: string | undefined): boolean =>
  value.length < shortest || uuid.test(value) || (name !== undefined && ownWords.has(name));
