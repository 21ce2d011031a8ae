import { createCipheriv, createDecipheriv } from 'node:crypto';
import {
  type Digest,
  GatewayError,
  type OperationId,
  type RandomBytes,
  type ReviewId,
  type SessionId,
} from '@sallyport/core';
import { digestOf, fromBase64, fromUtf8, toBase64, utf8 } from './bytes.js';
import { canonicalJson, canonicalJsonOfDefined, parseCanonical } from './canonical.js';
import { type Envelope, nonceBytes, parseEnvelope, type UnsequencedEntry } from './entry.js';
import type { EventBodies, EventName } from './events.js';

/** Bytes of a body document. */
export const maxBodyBytes = 512 * 1024;
const keyBytes = 32;
const tagBytes = 16;
const saltBytes = 16;

/** An entry ready to be stored: the sealed body beside the part that goes into the leaf. */
export interface SealedEntry extends UnsequencedEntry {
  /** AES-256-GCM ciphertext of the body document, then its 16-byte tag. */
  readonly sealed: Uint8Array;
}

const keyOf = (key: Uint8Array): Uint8Array => {
  if (key.length !== keyBytes) throw new GatewayError('INVALID_INPUT', `a body key has ${keyBytes} bytes`);
  return key;
};

/** One that was sealed here. */
export interface NewEntry extends SealedEntry {
  /** The envelope as canonical JSON, as the leaf will have it. */
  readonly text: string;
}

// The place in the log is not known yet when a body is sealed, so the nonce, random and in the leaf, stands for the entry.
const entryContext = (envelope: string, { nonce, bodyDigest }: UnsequencedEntry): Uint8Array =>
  Buffer.from(`sallyport/evidence/body/v1\n{"body":"${bodyDigest}","envelope":${envelope},"nonce":"${nonce}"}`);

function encrypt(key: Uint8Array, iv: Uint8Array, aad: Uint8Array, plain: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', keyOf(key), iv, { authTagLength: tagBytes });
  cipher.setAAD(aad);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

interface Encrypted {
  readonly iv: Uint8Array;
  readonly aad: Uint8Array;
  readonly sealed: Uint8Array;
}

function decrypt(key: Uint8Array, { iv, aad, sealed }: Encrypted, what: string): Uint8Array {
  try {
    const decipher = createDecipheriv('aes-256-gcm', keyOf(key), iv, { authTagLength: tagBytes });
    decipher.setAAD(aad);
    decipher.setAuthTag(sealed.subarray(Math.max(0, sealed.length - tagBytes)));
    return Buffer.concat([
      decipher.update(sealed.subarray(0, Math.max(0, sealed.length - tagBytes))),
      decipher.final(),
    ]);
  } catch (cause) {
    throw new GatewayError('EVIDENCE_INCONSISTENT', `${what} does not open with this key`, { cause });
  }
}

/**
 * The text that is hashed and sealed: canonical JSON of `{"body":…,"salt":…}`. The salt makes the digest in the leaf
 * say nothing about a body that could be guessed, once the key that hides salt and body is destroyed.
 */
function bodyDocument(body: unknown, random: RandomBytes): string {
  const document = canonicalJsonOfDefined({ body, salt: toBase64(random(saltBytes)) });
  if (Buffer.byteLength(document) > maxBodyBytes) {
    throw new GatewayError('TOO_LARGE', `an event's body must stay below ${maxBodyBytes} bytes`, {
      hint: 'clip long texts, and put what is longer into a recording: it enters by its digest',
    });
  }
  return document;
}

export interface EntryInput<E extends EventName> {
  /** The log's origin. */
  readonly log: string;
  readonly event: E;
  readonly at: Date;
  readonly session?: SessionId;
  /** Of every operation.* event: the same as in its body. */
  readonly operation?: OperationId;
  /** Of every review.* event: the same as in its body. */
  readonly review?: ReviewId;
  /** Of every event that tells earlier outcomes: the operations, in the body's order. */
  readonly completed?: readonly OperationId[];
  /** Id of the key where it is neither the session's nor the log's own. */
  readonly keyId?: string;
  readonly body: EventBodies[E];
  /** 32 bytes: the key named by `keyIdOf(envelope)`. */
  readonly key: Uint8Array;
  readonly random: RandomBytes;
}

/** Makes one entry, ready to be stored. Members of the body that are undefined are left out. Throws TOO_LARGE, INVALID_INPUT. */
export function sealEntry<E extends EventName>(input: EntryInput<E>): NewEntry {
  const { log, event, at, session, operation, review, completed, keyId, body, key, random } = input;
  const envelope = {
    v: 1,
    log,
    event,
    at: at.toISOString(),
    ...(session && { session }),
    ...(operation && { operation }),
    ...(review && { review }),
    ...(completed && { completed }),
    ...(keyId && { key: keyId }),
  };
  return sealBody({ envelope: parseEnvelope(envelope), body, key, random });
}

/** Seals any body under an envelope. Throws TOO_LARGE, INVALID_INPUT. */
export function sealBody(input: { envelope: Envelope; body: unknown; key: Uint8Array; random: RandomBytes }): NewEntry {
  const { envelope, body, key, random } = input;
  const text = canonicalJson(envelope);
  const document = Buffer.from(bodyDocument(body, random));
  const iv = random(nonceBytes);
  const entry: UnsequencedEntry = { envelope, nonce: toBase64(iv), bodyDigest: digestOf(document) };
  return { ...entry, text, sealed: encrypt(key, iv, entryContext(text, entry), document) };
}

/** @returns the body document of an entry, whose digest is the leaf's. Throws EVIDENCE_INCONSISTENT. */
export function openDocument(entry: SealedEntry, key: Uint8Array): string {
  const iv = fromBase64(entry.nonce, 'a nonce', nonceBytes);
  const document = fromUtf8(
    decrypt(key, { iv, aad: entryContext(canonicalJson(entry.envelope), entry), sealed: entry.sealed }, 'a body'),
  );
  checkDocument(document, entry.bodyDigest);
  return document;
}

function checkDocument(document: string, digest: Digest): void {
  if (digestOf(document) !== digest)
    throw new GatewayError('EVIDENCE_INCONSISTENT', 'a body is not the one that its entry names');
}

/** Reads a body document. Throws INVALID_INPUT for anything that sealing would not have written. */
export function bodyOf(document: string): unknown {
  if (Buffer.byteLength(document) > maxBodyBytes) throw new GatewayError('TOO_LARGE', 'a body document is too large');
  const value = parseCanonical(document) as { readonly body?: unknown; readonly salt?: unknown } | null;
  if (
    value === null ||
    typeof value !== 'object' ||
    Object.keys(value).join() !== 'body,salt' ||
    typeof value.salt !== 'string'
  ) {
    throw new GatewayError('INVALID_INPUT', 'a body document has exactly body and salt');
  }
  fromBase64(value.salt, 'a salt', saltBytes);
  return value.body;
}

/** Opens a stored body. The caller names the event it expects; the shape is what was sealed. Throws EVIDENCE_INCONSISTENT. */
export const openBody = <E extends EventName>(entry: SealedEntry, key: Uint8Array): EventBodies[E] =>
  bodyOf(openDocument(entry, key)) as EventBodies[E];

const wrapContext = (keyId: string): Uint8Array => utf8(`sallyport/evidence/key/v1\n${keyId}`);

export const newBodyKey = (random: RandomBytes): Uint8Array => random(keyBytes);

/** Body key under the installation's master key: 0x01 ‖ 12-byte nonce ‖ 32-byte ciphertext ‖ 16-byte tag. */
export function wrapKey(master: Uint8Array, keyId: string, key: Uint8Array, random: RandomBytes): Uint8Array {
  const iv = random(nonceBytes);
  return Buffer.concat([Uint8Array.of(1), iv, encrypt(master, iv, wrapContext(keyId), keyOf(key))]);
}

/** Throws EVIDENCE_INCONSISTENT when it was wrapped under another master key or for another id. */
export function unwrapKey(master: Uint8Array, keyId: string, wrapped: Uint8Array): Uint8Array {
  if (wrapped[0] !== 1 || wrapped.length !== 1 + nonceBytes + keyBytes + tagBytes)
    throw new GatewayError('EVIDENCE_INCONSISTENT', 'this is not a wrapped key');
  const iv = wrapped.subarray(1, 1 + nonceBytes);
  return decrypt(master, { iv, aad: wrapContext(keyId), sealed: wrapped.subarray(1 + nonceBytes) }, 'a wrapped key');
}
