import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { GatewayError } from '@sallyport/core';
import { readIfPresent, writeDurably } from './files.js';

const keyBytes = 32;

/**
 * The key of the `hash` action: 32 bytes in hexadecimal, made at the first start unless a file is configured.
 * @param configured a file that several agents share; it must exist
 */
export function loadMaskingKey(stateDir: string, configured: string | undefined): Uint8Array {
  const path = configured ?? join(stateDir, 'masking.key');
  const text = readIfPresent(path);
  if (text !== undefined) return parseKey(text, path);
  if (configured !== undefined) throw new GatewayError('INVALID_INPUT', `masking_key_file "${path}" does not exist`);
  const key = randomBytes(keyBytes);
  writeDurably(path, `${key.toString('hex')}\n`);
  return key;
}

function parseKey(text: string, path: string): Uint8Array {
  const hex = text.trim();
  if (/^[0-9a-f]{64}$/i.test(hex)) return Buffer.from(hex, 'hex');
  throw new GatewayError('INVALID_INPUT', `"${path}" must hold ${keyBytes * 2} hexadecimal digits`);
}
