import { GatewayError } from '@sallyport/core';
import { fromBase64, toBase64, utf8 } from './bytes.js';
import { canonicalJson } from './canonical.js';
import type { KeyRotated } from './event-bodies.js';
import {
  formatVerifierKey,
  keyTypes,
  type NoteSigner,
  parseVerifierKey,
  type VerifierKey,
  verifySignature,
} from './note-keys.js';

// Two lines of which the second is no number: it can never be read as a checkpoint.
const message = (old: string, next: string): Uint8Array =>
  utf8(`sallyport/key-rotation/v1\n${canonicalJson({ new: next, old })}`);

/** The body of `key.rotated`: from the next checkpoint on the new key signs. Both keys agree to it. */
export function rotateKey(old: NoteSigner, next: NoteSigner): KeyRotated {
  if (old.key.name !== next.key.name)
    throw new GatewayError('INVALID_INPUT', 'a log keeps its name when its key changes');
  const body = { old: formatVerifierKey(old.key), new: formatVerifierKey(next.key) };
  const bytes = message(body.old, body.new);
  return { ...body, oldSignature: toBase64(old.sign(bytes)), newSignature: toBase64(next.sign(bytes)) };
}

/** Throws INVALID_INPUT unless both keys signed the change. */
export function openRotation(body: KeyRotated): { readonly old: VerifierKey; readonly new: VerifierKey } {
  const keys = { old: parseVerifierKey(body.old), new: parseVerifierKey(body.new) };
  const bytes = message(body.old, body.new);
  const signed =
    verifySignature(keys.old, bytes, fromBase64(body.oldSignature, 'a signature', 64)) &&
    verifySignature(keys.new, bytes, fromBase64(body.newSignature, 'a signature', 64));
  const fits =
    keys.old.name === keys.new.name && keys.old.type === keyTypes.ed25519 && keys.new.type === keyTypes.ed25519;
  if (!signed || !fits) throw new GatewayError('INVALID_INPUT', 'a key rotation was not signed by both keys');
  return keys;
}
