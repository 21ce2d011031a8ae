import { createHash, hkdfSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { GatewayError } from '@sallyport/core';
import type { Configuration } from './config.js';

/** The one secret of an installation, from a file; every other key is derived from it by purpose. */
export class MasterKey {
  private readonly secret: Uint8Array;

  /** @param secret at least 32 bytes */
  constructor(secret: Uint8Array) {
    if (secret.length < 32)
      throw new GatewayError('INVALID_INPUT', 'the master key is too short: it needs 32 random bytes');
    this.secret = Uint8Array.from(secret);
  }

  /** HKDF-SHA-256 (RFC 5869): the same purpose gives the same key on every replica. @returns `size` bytes */
  derive(purpose: string, size = 32): Uint8Array {
    return new Uint8Array(hkdfSync('sha256', this.secret, new Uint8Array(0), `sallyport/v1/${purpose}`, size));
  }

  /** Says whether two replicas hold the same key, and nothing about it. */
  get fingerprint(): string {
    return createHash('sha256').update(this.derive('fingerprint')).digest('hex').slice(0, 16);
  }
}

/**
 * Reads the key file: 64 hexadecimal digits, or base64. Without a DATABASE_URL there is one replica only, so a missing
 * file is made; with one, two replicas would each make their own, so it must be there.
 */
export function loadMasterKey({ masterKeyFile, dataDir, database }: Configuration): MasterKey {
  const file = masterKeyFile ?? join(dataDir, 'master-key');
  if (existsSync(file)) return new MasterKey(decode(readFileSync(file, 'utf8').trim(), file));
  if (database.url !== undefined) {
    throw new GatewayError('INVALID_INPUT', `the master key file "${file}" is not there`, {
      hint: 'make one with "openssl rand -hex 32", give every replica the same, and name it in SALLYPORT_MASTER_KEY_FILE',
    });
  }
  const secret = randomBytes(32);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${secret.toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
  return new MasterKey(secret);
}

function decode(text: string, file: string): Uint8Array {
  if (/^[0-9a-fA-F]{64,}$/.test(text) && text.length % 2 === 0) return Buffer.from(text, 'hex');
  if (/^[A-Za-z0-9+/_-]{43,}={0,2}$/.test(text)) return Buffer.from(text, 'base64');
  throw new GatewayError(
    'INVALID_INPUT',
    `the master key file "${file}" holds neither hexadecimal nor base64 of at least 32 bytes`,
  );
}
