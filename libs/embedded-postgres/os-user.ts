import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { EmbeddedPostgresError } from './errors.js';

/** Who runs the server. PostgreSQL refuses to run as root, and initdb wants a name in the password file. */
export interface OsUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const preferred = ['postgres', 'nobody', 'daemon'];

/** @param passwd the text of /etc/passwd; @returns `postgres`, else the first unprivileged account we know */
export const unprivilegedUser = (passwd: string): OsUser | undefined => {
  const users = passwd.split('\n').flatMap((line) => {
    const [name, , uid, gid] = line.split(':');
    return name && Number(uid) > 0 && Number(gid) > 0 ? [{ name, uid: Number(uid), gid: Number(gid) }] : [];
  });
  return preferred.map((name) => users.find((user) => user.name === name)).find(Boolean);
};

/** @returns undefined for an ordinary user, who runs the server himself */
export const serverUser = (): OsUser | undefined => {
  if (process.getuid?.() !== 0) return undefined;
  const user = unprivilegedUser(readFileSync('/etc/passwd', 'utf8'));
  if (user) return user;
  throw new EmbeddedPostgresError(
    'NOT_PERMITTED',
    'PostgreSQL does not run as root, and /etc/passwd has no unprivileged user for it',
    'run as an ordinary user, or add one: useradd --system postgres',
  );
};

export const identityOf = (user: OsUser | undefined): { uid?: number; gid?: number } =>
  user ? { uid: user.uid, gid: user.gid } : {};

/** What the server's processes see of our environment: nothing that could be a secret, and messages in English. */
export const plainEnvironment = (): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'] ?? '/usr/bin:/bin',
  LC_ALL: 'C',
  TZ: 'UTC',
});

/** Whether this user can enter the directory, parents included. */
export const canEnter = (directory: string, user: OsUser | undefined): boolean =>
  spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', directory], {
    ...identityOf(user),
    env: plainEnvironment(),
    stdio: 'ignore',
    timeout: 10_000,
  }).status === 0;
