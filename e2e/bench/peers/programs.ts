import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

const debianBins = (): string[] =>
  existsSync('/usr/lib/postgresql')
    ? readdirSync('/usr/lib/postgresql').map((version) => path.join('/usr/lib/postgresql', version, 'bin'))
    : [];

export const programAt = (name: string): string | undefined =>
  [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/sbin', ...debianBins()]
    .map((folder) => path.join(folder, name))
    .find((file) => existsSync(file));

const packages: Readonly<Record<string, string>> = {
  pgbench: 'postgresql-15',
  pgbouncer: 'pgbouncer',
  haproxy: 'haproxy',
};

/** Installs what is missing where that is possible. @returns packages that are still missing */
export function installMissing(): string[] {
  const missing = (): string[] => Object.keys(packages).filter((name) => programAt(name) === undefined);
  if (missing().length > 0 && process.getuid?.() === 0 && programAt('apt-get') !== undefined) {
    const wanted = missing().map((name) => packages[name]!);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    // RUNLEVEL=1: packages start no server of their own
    for (const args of [
      ['update', '-qq'],
      ['install', '-y', '-qq', '--no-install-recommends', ...wanted],
    ])
      spawnSync('apt-get', args, { env: { ...env, RUNLEVEL: '1' }, stdio: 'ignore', timeout: 300_000 });
  }
  return missing().map((name) => packages[name]!);
}

export function versionOf(program: string, args: readonly string[] = ['--version']): string {
  const file = programAt(program);
  if (file === undefined) return 'not installed';
  return spawnSync(file, [...args], { encoding: 'utf8', timeout: 10_000 })
    .stdout.split('\n')[0]!
    .trim();
}
