import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** How a person installs each program that only tests need. */
const packages = {
  psql: 'apt-get install postgresql-client-15',
  pgbench: 'apt-get install postgresql-15',
  postgres: 'apt-get install postgresql-15',
  python3: 'apt-get install python3',
  psycopg: 'apt-get install python3-venv, then pip install "psycopg[binary]==3.2.10"',
  aws: 'apt-get install awscli',
  boto3: 'apt-get install python3-venv, then pip install boto3==1.43.107 botocore==1.43.107',
  moto: 'apt-get install python3-venv, then pip install "moto[server]==5.2.1"',
  openssl: 'apt-get install openssl',
  sqlsmith: 'apt-get install sqlsmith',
  'docker-compose': 'apt-get install docker-compose',
  buildah: 'apt-get install buildah',
} as const;

export type PeerName = keyof typeof packages;

/** The part of a test's context that skips it; Vitest's own fits. */
export interface SkippableTest {
  skip(note?: string): never;
}

const isProgram = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

// Debian keeps pgbench and postgres of each version in a directory of its own, off the path.
const debianDirectories = (): string[] => {
  const root = '/usr/lib/postgresql';
  return existsSync(root) ? readdirSync(root).map((version) => path.join(root, version, 'bin')) : [];
};

const onPath = (name: string): string | undefined =>
  [...(process.env['PATH'] ?? '').split(path.delimiter), ...debianDirectories()]
    .filter(Boolean)
    .map((directory) => path.join(directory, name))
    .find(isProgram);

/** Modules of Python: the peer is the interpreter that can import it (SALLYPORT_PYTHON, else python3). */
const modules: ReadonlySet<PeerName> = new Set(['psycopg', 'boto3', 'moto']);

const pythonWith = (module: string): string | undefined => {
  const python = process.env['SALLYPORT_PYTHON'] ?? onPath('python3');
  if (!python) return undefined;
  return spawnSync(python, ['-c', `import ${module}`], { timeout: 20_000 }).status === 0 ? python : undefined;
};

const found = new Map<PeerName, string | undefined>();

const locate = (name: PeerName): string | undefined => {
  if (!found.has(name)) found.set(name, modules.has(name) ? pythonWith(name) : onPath(name));
  return found.get(name);
};

/** Why this peer is missing, in one line; undefined where it is installed. For `test.skipIf` and the like. */
export const peerMissing = (name: PeerName): string | undefined =>
  locate(name) ? undefined : `skipped: ${name} is not installed (${packages[name]})`;

const announced = new Set<PeerName>();

/**
 * The path of a real client or server that a test needs. Where it is not installed the test is skipped, with the reason
 * printed once; with SALLYPORT_PEERS=required (CI installs them all) it fails instead.
 */
export const peer = (name: PeerName, context: SkippableTest): string => {
  const file = locate(name);
  if (file) return file;
  const reason = peerMissing(name)!;
  if (process.env['SALLYPORT_PEERS'] === 'required') throw new Error(reason.replace('skipped: ', ''));
  if (!announced.has(name)) process.stderr.write(`${reason}\n`);
  announced.add(name);
  return context.skip(reason);
};
