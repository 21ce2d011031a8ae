import { spawn } from 'node:child_process';
import { closeSync, existsSync, fchownSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Binaries, usableBinaries } from './binaries.js';
import { type ClusterFacts, clusterAgrees, prepareCluster, reachableDirectory } from './cluster.js';
import { EmbeddedPostgresError, failureOf, fileFailure } from './errors.js';
import { identityOf, type OsUser, plainEnvironment, serverUser } from './os-user.js';
import { answersAsPostgres, freePort, requirePort } from './port.js';
import { isAlive, isServerOf, type PostmasterPid, readPostmasterPid, startTimeOf } from './postmaster-pid.js';

export interface PostgresOptions {
  readonly dataDir: string;
  /** On 127.0.0.1; 0 or left out: a free one. */
  readonly port?: number;
  /** The superuser that the cluster is made with. */
  readonly user: string;
  readonly password: string;
  /** Made when it is not there. */
  readonly database: string;
  /** Settings of postgresql.conf, for example `{ fsync: 'off' }` in tests. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Remove the directory at the stop, and stop the server even when this process is killed (tests). */
  readonly ephemeral?: boolean;
  readonly onProgress?: (line: string) => void;
}

export interface PostgresServer {
  /** With user, password and database. */
  readonly url: string;
  readonly port: number;
  /** May differ from the one asked for: see `reachableDirectory`. */
  readonly dataDir: string;
  readonly pid: number;
  /** true: a server that an earlier process left running was taken over. */
  readonly reused: boolean;
  /** Fast shutdown (open sessions end), at most 30 s, then immediate. */
  stop(options?: StopOptions): Promise<void>;
}

export interface StopOptions {
  /** Keep an ephemeral server's directory, to start it again (fault tests). */
  readonly keepData?: boolean;
}

interface Start {
  readonly binaries: Binaries;
  readonly dataDir: string;
  readonly user: OsUser | undefined;
  readonly options: PostgresOptions;
}

const startDeadlineMs = 60_000;
const stopDeadlineMs = 30_000;
const running = new Set<number>();

// A clean exit of this process takes its servers along: SIGINT is PostgreSQL's fast shutdown, and only needs to be sent.
process.on('exit', () => {
  for (const pid of running) signal(pid, 'SIGINT');
});

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch {
    // gone already
  }
};

/**
 * Starts PostgreSQL from npm's binaries on 127.0.0.1, SCRAM-SHA-256 only, no Unix socket; makes the cluster at the first
 * start and uses it again at the next.
 * @throws EmbeddedPostgresError with a hint that says what to do
 */
export const startPostgres = async (options: PostgresOptions): Promise<PostgresServer> => {
  const say = options.onProgress ?? (() => undefined);
  const user = serverUser();
  const binaries = usableBinaries(user, say);
  const dataDir = directoryFor(options, user, say);
  refuseForeignOwner(dataDir);
  const start = { binaries, dataDir, user, options };
  const left = await leftOver(start, say);
  if (left) return takeOver(start, left);
  if (options.port) await requirePort(options.port);
  if (!existsSync(path.join(dataDir, 'PG_VERSION'))) say('making a new database cluster');
  await prepareCluster(binaries, dataDir, user, factsOf(options));
  return launch(start, 5);
};

const directoryFor = (options: PostgresOptions, user: OsUser | undefined, say: (line: string) => void): string => {
  try {
    return reachableDirectory(options.dataDir, user, say);
  } catch (error) {
    throw fileFailure(`the data directory ${options.dataDir} cannot be used`, error);
  }
};

const factsOf = ({ user, password, database, settings }: PostgresOptions): ClusterFacts => ({
  user,
  password,
  database,
  durable: settings?.['fsync'] !== 'off',
});

const settingsOf = ({ settings = {} }: PostgresOptions, port: number): Record<string, string> => ({
  max_connections: '100',
  log_min_messages: 'warning',
  log_min_error_statement: 'panic', // statements may hold what no log should
  ...settings,
  listen_addresses: '127.0.0.1',
  port: String(port),
  unix_socket_directories: '',
  password_encryption: 'scram-sha-256',
});

// ---- who owns a directory: one living parent at a time

const ownerFile = (dataDir: string) => path.join(dataDir, 'sallyport-owner.json');

const writeOwner = ({ dataDir, options }: Start): void =>
  writeFileSync(
    ownerFile(dataDir),
    JSON.stringify({ pid: process.pid, started: startTimeOf(process.pid), settings: settingsOf(options, 0) }),
    { mode: 0o600 },
  );

interface Owner {
  readonly pid: number;
  readonly started: string;
  readonly settings: Readonly<Record<string, string>>;
}

const readOwner = (dataDir: string): Owner | undefined => {
  try {
    return JSON.parse(readFileSync(ownerFile(dataDir), 'utf8')) as Owner;
  } catch {
    return undefined; // never started, or stopped cleanly
  }
};

const refuseForeignOwner = (dataDir: string): void => {
  const owner = readOwner(dataDir);
  if (!owner || !isAlive(owner.pid) || startTimeOf(owner.pid) !== owner.started) return;
  throw new EmbeddedPostgresError(
    'IN_USE',
    `the database in ${dataDir} is in use by process ${owner.pid}`,
    owner.pid === process.pid ? 'stop it first' : `stop that process first: kill ${owner.pid}`,
  );
};

// ---- a server that a killed parent left behind

const leftOver = async (start: Start, say: (line: string) => void): Promise<PostmasterPid | undefined> => {
  const { dataDir, options } = start;
  const found = readPostmasterPid(dataDir);
  if (!found) return undefined;
  if (!isServerOf(found, dataDir)) {
    // postgres clears a stale pid file itself, unless its number belongs to another process of ours by now
    if (isAlive(found.pid)) rmSync(path.join(dataDir, 'postmaster.pid'));
    return undefined;
  }
  if (found.ready && (await reusable(start, found))) {
    say(`taking over the PostgreSQL that an earlier run left on port ${found.port}`);
    return found;
  }
  say(`stopping the PostgreSQL (process ${found.pid}) that an earlier run left in ${options.dataDir}`);
  await stopServer(found.pid, dataDir);
  return undefined;
};

const reusable = async ({ dataDir, options }: Start, found: PostmasterPid): Promise<boolean> =>
  (!options.port || options.port === found.port) &&
  JSON.stringify(readOwner(dataDir)?.settings) === JSON.stringify(settingsOf(options, 0)) &&
  clusterAgrees(dataDir, factsOf(options)) &&
  answersAsPostgres(found.port);

const takeOver = (start: Start, { pid, port }: PostmasterPid): PostgresServer => {
  running.add(pid);
  return handleOf(start, { pid, port, reused: true });
};

// ---- start and stop

const launch = async (start: Start, attempts: number): Promise<PostgresServer> => {
  const port = start.options.port || (await freePort());
  try {
    return await launchAt(start, port);
  } catch (error) {
    // between choosing a free port and binding it another process may have taken it
    const again =
      error instanceof EmbeddedPostgresError && error.code === 'PORT_IN_USE' && !start.options.port && attempts > 1;
    if (!again) throw error;
    return launch(start, attempts - 1);
  }
};

const openLog = ({ dataDir, user }: Start): number => {
  const log = openSync(path.join(dataDir, 'server.log'), 'w', 0o600);
  if (user) fchownSync(log, user.uid, user.gid);
  return log;
};

const launchAt = async (start: Start, port: number): Promise<PostgresServer> => {
  const { binaries, dataDir, user, options } = start;
  const settings = Object.entries(settingsOf(options, port)).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const log = openLog(start);
  // In a process group of its own: Ctrl-C is for the parent, which stops the server when nobody needs it any more.
  const child = spawn(binaries.postgres, ['-D', dataDir, ...settings], {
    ...identityOf(user),
    env: plainEnvironment(),
    cwd: '/',
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', () => resolve(''));
  });
  if (child.pid === undefined) throw failureOf('PostgreSQL did not start', await exited);
  child.unref();
  running.add(child.pid);
  await untilReady(start, child.pid, exited);
  writeOwner(start);
  return handleOf(start, {
    pid: child.pid,
    port,
    reused: false,
    dismiss: options.ephemeral ? guard(child.pid, dataDir) : undefined,
  });
};

const untilReady = async ({ dataDir }: Start, pid: number, exited: Promise<string>): Promise<void> => {
  let gone: string | undefined;
  void exited.then((reason) => {
    gone = reason;
  });
  for (const deadline = Date.now() + startDeadlineMs; Date.now() < deadline; await sleep(20)) {
    if (gone !== undefined) {
      running.delete(pid);
      throw failureOf('PostgreSQL did not start', gone || logTail(dataDir));
    }
    const found = readPostmasterPid(dataDir);
    if (found?.pid === pid && found.ready) return;
  }
  await stopServer(pid, dataDir);
  throw new EmbeddedPostgresError(
    'TIMED_OUT',
    `PostgreSQL was not ready within ${startDeadlineMs / 1000} s`,
    `look at ${path.join(dataDir, 'server.log')}`,
  );
};

const logTail = (dataDir: string): string => {
  try {
    return readFileSync(path.join(dataDir, 'server.log'), 'utf8').slice(-16_384);
  } catch {
    return '';
  }
};

/** A shell that ends the server when our end of its pipe closes, however this process dies. @returns how to dismiss it */
const guard = (pid: number, dataDir: string): (() => void) => {
  const script =
    'cat >/dev/null; kill -QUIT "$1" 2>/dev/null; while kill -0 "$1" 2>/dev/null; do sleep 0.1; done; rm -rf -- "$2"';
  const shell = spawn('/bin/sh', ['-c', script, 'sh', String(pid), dataDir], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: plainEnvironment(),
  });
  shell.unref();
  if (shell.stdin instanceof Socket) shell.stdin.unref(); // our end of the pipe must not keep this process alive
  return () => {
    if (shell.pid !== undefined) signal(-shell.pid, 'SIGKILL'); // with its cat; the number must not outlive the server's
  };
};

const ended = async (pid: number, withinMs: number): Promise<boolean> => {
  for (const deadline = Date.now() + withinMs; isAlive(pid); await sleep(20)) if (Date.now() > deadline) return false;
  return true;
};

const stopServer = async (pid: number, dataDir: string): Promise<void> => {
  signal(pid, 'SIGINT');
  if (!(await ended(pid, stopDeadlineMs))) {
    signal(pid, 'SIGQUIT'); // immediate: the next start recovers from the log
    if (!(await ended(pid, 10_000)))
      throw new EmbeddedPostgresError(
        'TIMED_OUT',
        `PostgreSQL (process ${pid}) does not stop`,
        `look at ${path.join(dataDir, 'server.log')}`,
      );
  }
  running.delete(pid);
  rmSync(ownerFile(dataDir), { force: true });
};

interface Found {
  readonly pid: number;
  readonly port: number;
  readonly reused: boolean;
  readonly dismiss?: (() => void) | undefined;
}

const handleOf = (start: Start, { pid, port, reused, dismiss }: Found): PostgresServer => {
  const { user, password, database, ephemeral } = start.options;
  const { dataDir } = start;
  if (reused) writeOwner(start);
  let stopping: Promise<void> | undefined;
  const stop = async ({ keepData = !ephemeral }: StopOptions = {}) => {
    await stopServer(pid, dataDir);
    dismiss?.();
    if (!keepData) rmSync(dataDir, { recursive: true, force: true });
  };
  const url = `postgres://${encodeURIComponent(user)}:${encodeURIComponent(password)}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
  return { url, port, dataDir, pid, reused, stop: (how) => (stopping ??= stop(how)) };
};
