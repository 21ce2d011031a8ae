import {
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { GatewayError } from '@sallyport/core';

const ownerOnly = 0o600;

/**
 * Replaces a file so that a crash leaves the old content or the new, never a part: written beside it, synced, renamed,
 * and the folder synced. Only the owner can read it.
 */
export function writeDurably(path: string, content: string | Uint8Array): void {
  const temporary = `${path}.new`;
  const file = openSync(temporary, 'w', ownerOnly);
  try {
    fchmodSync(file, ownerOnly); // whatever the umask, and whoever left this file
    const bytes = Buffer.from(content);
    for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  syncFolder(dirname(path));
}

function syncFolder(path: string): void {
  const folder = openSync(path, constants.O_RDONLY);
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** @returns undefined when there is none */
export function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Makes the folder for what the agent keeps.
 * @throws INVALID_INPUT when it cannot be written, or others can write it
 */
export function prepareStateDir(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    writeDurably(join(path, '.writable'), '');
  } catch (cause) {
    throw new GatewayError('INVALID_INPUT', `state_dir "${path}" cannot be written`, {
      cause,
      hint: 'give the agent a volume of its own',
    });
  }
  if ((statSync(path).mode & 0o002) !== 0)
    throw new GatewayError('INVALID_INPUT', `state_dir "${path}" can be written by everybody`);
}
