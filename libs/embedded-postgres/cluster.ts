import { spawn } from 'node:child_process';
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { Binaries } from './binaries.js';
import { EmbeddedPostgresError, failureOf, fileFailure } from './errors.js';
import { canEnter, identityOf, type OsUser, plainEnvironment } from './os-user.js';

export interface ClusterFacts {
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** false: initdb and the server do not wait for the disk (tests). */
  readonly durable: boolean;
}

/** What we know about a cluster of ours, kept inside it; the password only as a salted digest. */
interface Marker {
  readonly user: string;
  readonly databases: readonly string[];
  readonly salt: string;
  readonly password: string;
}

const markerFile = (dataDir: string) => path.join(dataDir, 'sallyport.json');
const digestOf = (salt: string, password: string) => createHash('sha256').update(`${salt}:${password}`).digest('hex');
const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;
const identifier = (text: string) => `"${text.replaceAll('"', '""')}"`;

const give = (file: string, user: OsUser | undefined, mode: number): void => {
  chmodSync(file, mode);
  if (user) chownSync(file, user.uid, user.gid);
};

/** A directory that the server's user can enter: the one asked for, else one of the same name under /var/lib/sallyport. */
export const reachableDirectory = (wanted: string, user: OsUser | undefined, say: (line: string) => void): string => {
  const asked = path.resolve(wanted);
  mkdirSync(path.dirname(asked), { recursive: true });
  if (!user || canEnter(path.dirname(asked), user)) return asked;
  const moved = path.join(
    '/var/lib/sallyport',
    `${path.basename(asked)}-${createHash('sha256').update(asked).digest('hex').slice(0, 8)}`,
  );
  mkdirSync(path.dirname(moved), { recursive: true, mode: 0o755 });
  say(`the user "${user.name}" cannot enter ${path.dirname(asked)}: the data is kept in ${moved}`);
  return moved;
};

interface Run {
  readonly program: string;
  readonly args: readonly string[];
  readonly user: OsUser | undefined;
  readonly input?: string;
}

/** Runs to its end within two minutes. @returns everything it printed; @throws with what the output means */
const run = ({ program, args, user, input = '' }: Run): Promise<string> =>
  new Promise((resolve, reject) => {
    const what = `${path.basename(program)} failed`;
    const child = spawn(program, args, {
      ...identityOf(user),
      env: plainEnvironment(),
      cwd: '/',
      timeout: 120_000,
      killSignal: 'SIGKILL',
    });
    let output = '';
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-16_384);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.stdin.on('error', () => undefined); // a program that ended early is reported by its exit status
    child.once('error', (error) => reject(fileFailure(what, error)));
    child.once('close', (status) => (status === 0 ? resolve(output) : reject(failureOf(what, output))));
    child.stdin.end(input);
  });

/** SQL in single-user mode (no server runs): by standard input, so that no password is on a command line. */
const runSingle = async (
  binaries: Binaries,
  dataDir: string,
  user: OsUser | undefined,
  statements: readonly string[],
): Promise<void> => {
  const args = [
    '--single',
    '-j',
    '-D',
    dataDir,
    '-c',
    'log_min_error_statement=panic',
    '-c',
    'exit_on_error=on',
    'postgres',
  ];
  // -j: a statement ends at a semicolon and an empty line
  await run({
    program: binaries.postgres,
    args,
    user,
    input: statements.map((statement) => `${statement};\n\n`).join(''),
  });
};

const initialise = async (
  binaries: Binaries,
  dataDir: string,
  user: OsUser | undefined,
  facts: ClusterFacts,
): Promise<void> => {
  const scratch = mkdtempSync(`${dataDir}.new-`);
  try {
    give(scratch, user, 0o700);
    const [pwfile, fresh] = [path.join(scratch, 'password'), path.join(scratch, 'data')];
    writeFileSync(pwfile, `${facts.password}\n`, { mode: 0o600, flag: 'wx' });
    give(pwfile, user, 0o600);
    const args = [
      `--pgdata=${fresh}`,
      `--username=${facts.user}`,
      `--pwfile=${pwfile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
    ];
    const locale = ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-instructions'];
    await run({ program: binaries.initdb, args: [...args, ...locale, ...(facts.durable ? [] : ['--no-sync'])], user });
    rmSync(pwfile);
    await createDatabase(binaries, fresh, user, facts.database);
    writeMarker(fresh, user, facts, ['postgres', facts.database]);
    if (existsSync(dataDir)) rmdirSync(dataDir);
    renameSync(fresh, dataDir);
  } catch (error) {
    throw fileFailure(`making a database cluster in ${dataDir} failed`, error);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
};

const createDatabase = async (
  binaries: Binaries,
  dataDir: string,
  user: OsUser | undefined,
  database: string,
): Promise<void> => {
  if (database !== 'postgres') await runSingle(binaries, dataDir, user, [`create database ${identifier(database)}`]);
};

const writeMarker = (
  dataDir: string,
  user: OsUser | undefined,
  facts: ClusterFacts,
  databases: readonly string[],
): void => {
  const salt = randomBytes(16).toString('hex');
  const marker: Marker = {
    user: facts.user,
    databases: [...new Set(databases)],
    salt,
    password: digestOf(salt, facts.password),
  };
  writeFileSync(markerFile(dataDir), `${JSON.stringify(marker)}\n`, { mode: 0o600 });
  give(markerFile(dataDir), user, 0o600);
};

const readMarker = (dataDir: string): Marker => {
  try {
    return JSON.parse(readFileSync(markerFile(dataDir), 'utf8')) as Marker;
  } catch (cause) {
    throw new EmbeddedPostgresError(
      'INCOMPATIBLE_DATA',
      `${dataDir} holds files, but no cluster that was made here`,
      'choose an empty directory, or move this one away',
      cause,
    );
  }
};

const passwordAgrees = (marker: Marker, password: string): boolean => {
  const [ours, theirs] = [Buffer.from(marker.password), Buffer.from(digestOf(marker.salt, password))];
  return ours.length === theirs.length && timingSafeEqual(ours, theirs);
};

/** Whether a running server of this directory can serve these facts without a restart. */
export const clusterAgrees = (dataDir: string, facts: ClusterFacts): boolean => {
  const marker = readMarker(dataDir);
  return (
    marker.user === facts.user && marker.databases.includes(facts.database) && passwordAgrees(marker, facts.password)
  );
};

/** Makes the cluster, or brings one that exists in line with the password and database asked for. No server may run on it. */
export const prepareCluster = async (
  binaries: Binaries,
  dataDir: string,
  user: OsUser | undefined,
  facts: ClusterFacts,
): Promise<void> => {
  if (!existsSync(dataDir) || readdirSync(dataDir).length === 0) return initialise(binaries, dataDir, user, facts);
  const marker = readMarker(dataDir);
  if (marker.user !== facts.user)
    throw new EmbeddedPostgresError(
      'INCOMPATIBLE_DATA',
      `the cluster in ${dataDir} belongs to "${marker.user}", not "${facts.user}"`,
      'choose another directory',
    );
  give(dataDir, user, 0o700);
  if (clusterAgrees(dataDir, facts)) return;
  const statements = passwordAgrees(marker, facts.password)
    ? []
    : [`alter role ${identifier(facts.user)} password ${literal(facts.password)}`];
  if (!marker.databases.includes(facts.database)) statements.push(`create database ${identifier(facts.database)}`);
  for (const statement of statements) await runSingle(binaries, dataDir, user, [statement]);
  writeMarker(dataDir, user, facts, [...marker.databases, facts.database]);
};
