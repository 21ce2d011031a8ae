import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Folder } from './folder.js';
import { Trouble } from './trouble.js';

interface Known {
  readonly name: string;
  readonly pid: number;
  /** Tells it from a later process of the same number. */
  readonly started: string;
}

export interface Child {
  readonly name: string;
  readonly pid: number;
  /** Settles when it has ended, whatever the reason. */
  readonly ended: Promise<string>;
  hasEnded(): boolean;
  logTail(): string;
  /** SIGTERM, then SIGKILL after 25 s. */
  stop(): Promise<void>;
}

const stat = (pid: number): string[] => {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
  } catch {
    return [];
  }
};
const startedAt = (pid: number): string => stat(pid)[19] ?? '';

const lives = ({ pid, started }: Known): boolean => {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return startedAt(pid) === started && stat(pid)[0] !== 'Z';
};

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch {
    // it has ended
  }
};

const gone = async (known: Known, withinMs: number): Promise<boolean> => {
  for (const deadline = Date.now() + withinMs; lives(known); await sleep(50)) if (Date.now() > deadline) return false;
  return true;
};

const end = async (known: Known): Promise<void> => {
  signal(known.pid, 'SIGTERM');
  if (await gone(known, 25_000)) return;
  signal(known.pid, 'SIGKILL');
  await gone(known, 5_000);
};

/** The processes of this quickstart, on disk too, so that the next one finds what a killed one left behind. */
export class Processes {
  readonly #folder: Folder;
  readonly #known: Known[] = [];

  constructor(folder: Folder) {
    this.#folder = folder;
    // whatever way this process ends, short of being killed, it leaves none of its own behind
    process.on('exit', () => {
      for (const known of this.#known) if (known.pid !== process.pid && lives(known)) signal(known.pid, 'SIGTERM');
    });
  }

  /** @throws Trouble when another quickstart runs on this folder */
  async takeOver(say: (line: string) => void): Promise<void> {
    const left = (this.#folder.json<Known[]>('processes.json') ?? []).filter(lives);
    const parent = left.find(({ name }) => name === 'quickstart');
    if (parent)
      throw new Trouble(
        `a quickstart runs here already (process ${parent.pid})`,
        `stop it with Ctrl-C where it runs, or with: kill ${parent.pid}`,
      );
    for (const each of left) {
      say(`stopping the ${each.name} that an earlier run left behind (process ${each.pid})`);
      await end(each);
    }
    this.#add('quickstart', process.pid);
  }

  /** Runs `node file` with this environment and nothing else of ours; its output goes to logs/<name>.log. */
  start(name: string, file: string, args: readonly string[], env: Readonly<Record<string, string>>): Child {
    const logFile = this.#folder.at('logs', `${name.replaceAll(' ', '-')}.log`);
    mkdirSync(path.dirname(logFile), { recursive: true });
    const log = openSync(logFile, 'w', 0o600);
    // A group of its own: Ctrl-C is for us, who stop everything in order.
    const child = spawn(process.execPath, [file, ...args], {
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...inherited(), ...env },
      cwd: this.#folder.root,
    });
    closeSync(log);
    if (child.pid === undefined) throw new Trouble(`the ${name} cannot be started`, 'look at the message above');
    return this.#childOf(name, child, child.pid, logFile);
  }

  forget(): void {
    rmSync(this.#folder.at('processes.json'), { force: true });
  }

  #childOf(name: string, child: ChildProcess, pid: number, logFile: string): Child {
    let over = false;
    const ended = new Promise<string>((resolve) => {
      child.once('exit', (status, cause) => {
        over = true;
        resolve(cause ?? `exit status ${status}`);
      });
    });
    const known = this.#add(name, pid);
    return {
      name,
      pid,
      ended,
      hasEnded: () => over,
      logTail: () => tail(logFile),
      stop: () => (over ? Promise.resolve() : end(known)),
    };
  }

  #add(name: string, pid: number): Known {
    const known = { name, pid, started: startedAt(pid) };
    this.#known.push(known);
    writeFileSync(this.#folder.at('processes.json'), `${JSON.stringify(this.#known)}\n`);
    return known;
  }
}

const tail = (file: string): string =>
  existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').slice(-15).join('\n') : '';

const inherited = (): Record<string, string> => {
  const wanted = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'NODE_EXTRA_CA_CERTS'];
  return Object.fromEntries(
    wanted.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
};

/** Waits until `check` gives a value. @throws Trouble when the child ends first, or after `withinMs` */
export const until = async <T>(
  child: Child,
  what: string,
  check: () => Promise<T | undefined>,
  withinMs = 60_000,
): Promise<T> => {
  for (const deadline = Date.now() + withinMs; Date.now() < deadline; await sleep(100)) {
    const found = await check().catch(() => undefined);
    if (found !== undefined) return found;
    if (child.hasEnded())
      throw new Trouble(
        `the ${child.name} ended (${await child.ended}):\n${child.logTail()}`,
        'the message above is from its log under .sallyport/quickstart/logs',
      );
  }
  throw new Trouble(
    `the ${child.name} was not ${what} within ${withinMs / 1000} s:\n${child.logTail()}`,
    'look at its log under .sallyport/quickstart/logs',
  );
};
