import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/** What was fetched and built stays here for the next run. */
export const cache = path.join(
  process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'),
  'sallyport',
  'differential',
);

/** A reason to leave tests out, for the person who reads the run. */
export class NotToBeHad extends Error {}

/** @throws NotToBeHad with the last line that the program said */
export function must(program: string, args: readonly string[], cwd: string): string {
  const run = spawnSync(program, args, { cwd, encoding: 'utf8', timeout: 300_000 });
  if (run.status === 0) return run.stdout;
  throw new NotToBeHad(`${program} ${args[0]}: ${run.error?.message ?? run.stderr.trim().split('\n').at(-1)}`);
}

/** The sources that this machine's apt has for packages, asked for the source packages too: nothing of the machine is changed. */
function aptOptions(home: string): string[] {
  const parts = path.join(home, 'sources.list.d');
  mkdirSync(path.join(home, 'lists', 'partial'), { recursive: true });
  mkdirSync(parts, { recursive: true });
  const system = '/etc/apt';
  for (const name of ['sources.list', ...listOf(path.join(system, 'sources.list.d'), 'sources.list.d')]) {
    const file = path.join(system, name);
    if (!existsSync(file) || !/debian|^sources\.list$/.test(name)) continue;
    const text = readFileSync(file, 'utf8')
      .replace(/^Types:.*$/gm, 'Types: deb-src')
      .replace(/^deb\s/gm, 'deb-src ');
    writeFileSync(path.join(parts, path.basename(name)), text);
  }
  return [
    ['Dir::Etc::sourcelist', '/dev/null'],
    ['Dir::Etc::sourceparts', parts],
    ['Dir::State::Lists', path.join(home, 'lists')],
  ].flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

const listOf = (directory: string, prefix: string): string[] =>
  existsSync(directory) ? readdirSync(directory).map((name) => path.join(prefix, name)) : [];

/** The installed version first, then those that the sources know: another minor version's scripts are as good. */
function versionsOf(packageName: string, options: readonly string[]): string[] {
  const installed = must('dpkg-query', ['-W', '-f', '${Version}', packageName], '/');
  const known = must('apt-cache', [...options, 'showsrc', '--only-source', packageName], '/');
  return [...new Set([installed, ...[...known.matchAll(/^Version: (.*)$/gm)].map(([, version]) => version!)])];
}

function unpack(home: string): string {
  const archive = readdirSync(home).find((name) => /\.orig\.tar\.\w+$/.test(name));
  if (archive === undefined) throw new NotToBeHad('the source package holds no sources');
  const unpacking = path.join(home, 'unpacking');
  mkdirSync(unpacking);
  must(
    'tar',
    ['--extract', '--strip-components=1', '--file', path.join(home, archive), '--directory', unpacking],
    home,
  );
  renameSync(unpacking, path.join(home, 'source'));
  return path.join(home, 'source');
}

/**
 * Debian's source of an installed package, unpacked once and kept.
 *
 * @returns the directory of the sources
 * @throws NotToBeHad
 */
export function sourceOf(packageName: string): string {
  const home = path.join(cache, packageName);
  if (existsSync(path.join(home, 'source'))) return path.join(home, 'source');
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  const options = aptOptions(home);
  must('apt-get', [...options, 'update'], home);
  let failure: unknown;
  for (const version of versionsOf(packageName, options)) {
    try {
      must('apt-get', [...options, 'source', '--download-only', `${packageName}=${version}`], home);
      return unpack(home);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
