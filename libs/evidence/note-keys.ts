import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { GatewayError } from '@sallyport/core';
import { fromBase64, sha256, toBase64, toHex, utf8 } from './bytes.js';

/** Signature types of c2sp.org/signed-note; the byte is part of the key record, so that others can be added. */
export const keyTypes = { ed25519: 0x01, cosignature: 0x04 } as const;
export type KeyType = (typeof keyTypes)[keyof typeof keyTypes];

export interface VerifierKey {
  readonly name: string;
  /** Eight hexadecimal digits: SHA-256(name ‖ 0x0A ‖ type ‖ public key)[:4]. */
  readonly id: string;
  readonly type: KeyType;
  /** 32 bytes (RFC 8032). */
  readonly publicKey: Uint8Array;
}

export interface NoteSigner {
  readonly key: VerifierKey;
  /** A plain Ed25519 signature, 64 bytes; what is signed is the caller's matter. */
  readonly sign: (message: Uint8Array) => Uint8Array;
}

const invalid = (message: string, cause?: unknown): GatewayError =>
  new GatewayError('INVALID_INPUT', message, { cause });

const namePattern = /^[^\s+\p{Cc}\p{Z}]{1,255}$/u;
/** Names may hold neither spaces nor plus signs (c2sp.org/signed-note). */
export const isKeyName = (name: string): boolean => namePattern.test(name);

const keyTypeOf = (value: number | undefined): KeyType => {
  if (value === keyTypes.ed25519 || value === keyTypes.cosignature) return value;
  throw invalid(`signature type ${value} is not known here`);
};

const idOf = (name: string, type: KeyType, publicKey: Uint8Array): string =>
  toHex(sha256(utf8(`${name}\n`), Uint8Array.of(type), publicKey).subarray(0, 4));

export function verifierKey(name: string, type: KeyType, publicKey: Uint8Array): VerifierKey {
  if (!isKeyName(name)) throw invalid(`'${name}' is not a key name: no spaces, no plus sign, at most 255 characters`);
  if (publicKey.length !== 32) throw invalid('an ed25519 public key has 32 bytes');
  return { name, id: idOf(name, type, publicKey), type, publicKey };
}

/** `name+hex(key id)+base64(type ‖ public key)` */
export const formatVerifierKey = ({ name, id, type, publicKey }: VerifierKey): string =>
  `${name}+${id}+${toBase64(Buffer.concat([Uint8Array.of(type), publicKey]))}`;

/** Reads a C2SP verifier key of type 0x01 or 0x04. Throws INVALID_INPUT, also when the id is not that of the key. */
export function parseVerifierKey(text: string): VerifierKey {
  const parts = /^([^+]{1,255})\+([0-9a-f]{8})\+([A-Za-z0-9+/=]{1,64})$/.exec(text);
  if (parts === null) throw invalid('a verifier key has the form name+id+base64');
  const bytes = fromBase64(parts[3]!, 'a verifier key', 33);
  const key = verifierKey(parts[1]!, keyTypeOf(bytes[0]), bytes.subarray(1));
  if (key.id !== parts[2]) throw invalid(`the id of verifier key '${key.name}' does not belong to it`);
  return key;
}

const keyObjects = new WeakMap<VerifierKey, KeyObject>();

/** Parsing a key costs as much as verifying with it, and one key verifies many checkpoints. */
function publicKeyObject(key: VerifierKey): KeyObject {
  const known = keyObjects.get(key);
  if (known !== undefined) return known;
  const x = Buffer.from(key.publicKey).toString('base64url');
  const parsed = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x } });
  keyObjects.set(key, parsed);
  return parsed;
}

const infos = new WeakMap<VerifierKey, Uint8Array>();

/** DER SubjectPublicKeyInfo of a note key. */
export function spkiOf(key: VerifierKey): Uint8Array {
  const known = infos.get(key) ?? publicKeyObject(key).export({ format: 'der', type: 'spki' });
  infos.set(key, known);
  return known;
}

/** Plain Ed25519 over `message`; false for whatever is not a signature. */
export function verifySignature(key: VerifierKey, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return signature.length === 64 && verify(null, message, publicKeyObject(key), signature);
  } catch {
    return false; // a public key that is no point of the curve verifies nothing
  }
}

/** RFC 8410: what precedes the 32-byte seed in a PKCS #8 Ed25519 key. */
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');

const seedOf = (privateKey: KeyObject): Uint8Array =>
  privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(pkcs8Prefix.length);

function signerFromSeed(name: string, type: KeyType, seed: Uint8Array): NoteSigner {
  const privateKey = createPrivateKey({ format: 'der', type: 'pkcs8', key: Buffer.concat([pkcs8Prefix, seed]) });
  const raw = Buffer.from(createPublicKey(privateKey).export({ format: 'jwk' }).x ?? '', 'base64url');
  return { key: verifierKey(name, type, raw), sign: (message) => sign(null, message, privateKey) };
}

/**
 * A new key with its secret form, `PRIVATE+KEY+name+id+base64(type ‖ seed)`, to be kept where nobody else reads it.
 * `keyTypes.ed25519` signs checkpoints, `keyTypes.cosignature` cosigns them.
 */
export function generateNoteKey(name: string, type: KeyType): { readonly signer: NoteSigner; readonly secret: string } {
  const seed = seedOf(generateKeyPairSync('ed25519').privateKey);
  const signer = signerFromSeed(name, type, seed);
  return { signer, secret: formatSecretKey(signer.key, seed) };
}

const formatSecretKey = ({ name, id, type }: VerifierKey, seed: Uint8Array): string =>
  `PRIVATE+KEY+${name}+${id}+${toBase64(Buffer.concat([Uint8Array.of(type), seed]))}`;

/** Reads what `generateNoteKey` gave to keep. Throws INVALID_INPUT without a word of the secret. */
export function parseSecretKey(text: string): NoteSigner {
  const parts = /^PRIVATE\+KEY\+([^+]{1,255})\+([0-9a-f]{8})\+([A-Za-z0-9+/=]{1,64})$/.exec(text.trim());
  if (parts === null) throw invalid('a secret note key has the form PRIVATE+KEY+name+id+base64');
  const bytes = fromBase64(parts[3]!, 'a secret note key', 33);
  const signer = signerFromSeed(parts[1]!, keyTypeOf(bytes[0]), bytes.subarray(1));
  if (signer.key.id !== parts[2]) throw invalid(`the id of secret key '${signer.key.name}' does not belong to it`);
  return signer;
}
