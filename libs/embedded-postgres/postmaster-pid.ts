import { readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';

/** postmaster.pid as PostgreSQL writes it (src/include/utils/pidfile.h): one fact a line. */
export interface PostmasterPid {
  readonly pid: number;
  readonly dataDir: string;
  readonly port: number;
  readonly ready: boolean;
}

export const parsePostmasterPid = (text: string): PostmasterPid | undefined => {
  const [pid, dataDir, , port, , , , status] = text.split('\n').map((line) => line.trim());
  if (!/^\d+$/.test(pid ?? '') || Number(pid) <= 1) return undefined;
  return { pid: Number(pid), dataDir: dataDir ?? '', port: Number(port) || 0, ready: status === 'ready' };
};

export const readPostmasterPid = (dataDir: string): PostmasterPid | undefined => {
  try {
    return parsePostmasterPid(readFileSync(path.join(dataDir, 'postmaster.pid'), 'utf8'));
  } catch {
    return undefined; // no file, no server
  }
};

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

const isZombie = (pid: number): boolean => {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, ')'));
  } catch {
    return false; // no /proc on this system
  }
};

/**
 * Whether the process that the pid file names is a PostgreSQL server on this directory, and not one that got the number
 * after a crash: by its working directory (postgres changes to its data directory), else by its command line.
 */
export const isServerOf = (found: PostmasterPid, dataDir: string): boolean => {
  if (!isAlive(found.pid) || path.resolve(found.dataDir) !== path.resolve(dataDir)) return false;
  try {
    return readlinkSync(`/proc/${found.pid}/cwd`) === path.resolve(dataDir);
  } catch {
    return commandLine(found.pid).includes('postgres');
  }
};

const commandLine = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return 'postgres'; // without /proc the pid file's own claim is all there is
  }
};

/** Tells a process from a later one of the same number. */
export const startTimeOf = (pid: number): string => {
  try {
    return (
      readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')[19] ?? ''
    );
  } catch {
    return '';
  }
};
