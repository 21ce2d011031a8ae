import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GatewayError } from '@sallyport/core';

export const configDirectory = (env: NodeJS.ProcessEnv): string =>
  path.join(env['XDG_CONFIG_HOME'] || path.join(env['HOME'] || homedir(), '.config'), 'sallyport');

/** Written beside and renamed, readable by its owner only. */
export const writePrivate = (file: string, text: string): void => {
  const directory = path.dirname(file);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  chmodSync(directory, 0o700);
  const scratch = `${file}.${process.pid}`;
  writeFileSync(scratch, text, { mode: 0o600 });
  renameSync(scratch, file);
};

/** @returns undefined where there is no such file */
export const readIfThere = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new GatewayError('INVALID_INPUT', `"${file}" cannot be read`, { cause, hint: 'check its permissions' });
  }
};

/** A file of ours that is named by its content, so that what reads it later reads what was meant. @returns its path */
export const keep = (env: NodeJS.ProcessEnv, prefix: string, text: string, suffix: string): string => {
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 32);
  const file = path.join(configDirectory(env), `${prefix}${digest}${suffix}`);
  if (readIfThere(file) !== text) writePrivate(file, text);
  return file;
};

const staleMs = 30_000;

const tryLock = (file: string): boolean => {
  try {
    closeSync(openSync(file, 'wx', 0o600));
    return true;
  } catch {
    const age = Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > staleMs) rmSync(file, { force: true }); // its process was killed
    return false;
  }
};

/**
 * One process at a time: a refresh token that two of them use is taken for stolen.
 * @param waitMs for the others; as a rule as long as it takes to see that one was killed
 */
export const withLock = async <T>(file: string, work: () => Promise<T>, waitMs = staleMs + 5_000): Promise<T> => {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  for (const deadline = Date.now() + Math.min(waitMs, staleMs + 5_000); !tryLock(file); await sleep(50))
    if (Date.now() > deadline)
      throw new GatewayError('TIMED_OUT', `"${file}" is held by another sallyport`, {
        hint: 'remove the file if none is running',
      });
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
};
