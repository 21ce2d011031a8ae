import { createCipheriv, createDecipheriv } from 'node:crypto';
import { GatewayError, type RandomBytes } from '@sallyport/core';

const nonceBytes = 12;
const tagBytes = 16;
const overhead = 1 + nonceBytes + tagBytes;

/**
 * AES-256-GCM: 0x01 ‖ 12-byte nonce ‖ ciphertext ‖ 16-byte tag.
 * @param context what the bytes are and where they belong: they open nowhere else
 */
export function sealBytes(key: Uint8Array, context: string, plain: Uint8Array, random: RandomBytes): Buffer {
  const nonce = random(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(Buffer.from(context));
  return Buffer.concat([Uint8Array.of(1), nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** @throws GatewayError EVIDENCE_INCONSISTENT for bytes that were changed, or sealed under another key or elsewhere */
export function openBytes(key: Uint8Array, context: string, sealed: Uint8Array): Buffer {
  try {
    if (sealed[0] !== 1 || sealed.length < overhead) throw new Error('not sealed bytes');
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 1 + nonceBytes), {
      authTagLength: tagBytes,
    });
    decipher.setAAD(Buffer.from(context));
    decipher.setAuthTag(sealed.subarray(-tagBytes));
    return Buffer.concat([decipher.update(sealed.subarray(1 + nonceBytes, -tagBytes)), decipher.final()]);
  } catch (cause) {
    throw new GatewayError('EVIDENCE_INCONSISTENT', 'stored bytes do not open with this key', { cause });
  }
}
