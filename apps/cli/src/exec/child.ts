import { spawn } from 'node:child_process';
import { constants } from 'node:os';

export interface Ended {
  /** As a shell tells it: 128 + number for a signal, 127 for a program that is not there, 126 for one that cannot be run. */
  readonly status: number;
  readonly signal?: NodeJS.Signals;
}

/** What is meant for the command. A terminal sends the first two to everything that runs on it, so there they are not passed on. */
const ofTerminal = ['SIGINT', 'SIGQUIT'] as const;
const others = ['SIGTERM', 'SIGHUP', 'SIGUSR2', 'SIGCONT'] as const;

const statusOf = (status: number | null, signal: NodeJS.Signals | null): Ended =>
  signal ? { status: 128 + constants.signals[signal], signal } : { status: status ?? 1 };

const unstarted = (cause: NodeJS.ErrnoException): Ended => ({ status: cause.code === 'ENOENT' ? 127 : 126 });

/** One argument is a line for a shell, several are a program and what it is given. */
const programOf = ([first = '', ...rest]: readonly string[]): readonly [string, readonly string[]] =>
  rest.length === 0 ? ['bash', ['-c', first]] : [first, rest];

/**
 * Runs the command in this process's place, as far as one that has to clear up behind it can: same streams, same
 * directory, every signal passed on. @param fail is told why it could not be started
 */
export const runInPlace = (
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  fail: (reason: string) => void,
): Promise<Ended> =>
  new Promise((resolve) => {
    const [program, rest] = programOf(args);
    // Before the command is there: a signal in between would end this process, and leave the command to itself.
    const pass = (signal: NodeJS.Signals) => void child.kill(signal);
    const passUnlessTerminal = (signal: NodeJS.Signals) => void (process.stdin.isTTY ? undefined : child.kill(signal));
    for (const signal of others) process.on(signal, pass);
    for (const signal of ofTerminal) process.on(signal, passUnlessTerminal);
    const child = spawn(program, rest, { env, stdio: 'inherit' });
    const settle = (ended: Ended) => {
      for (const signal of others) process.off(signal, pass);
      for (const signal of ofTerminal) process.off(signal, passUnlessTerminal);
      resolve(ended);
    };
    child.once('error', (cause: NodeJS.ErrnoException) => {
      fail(`"${program}" cannot be run (${cause.code ?? 'unknown'})`);
      settle(unstarted(cause));
    });
    child.once('exit', (status, signal) => settle(statusOf(status, signal)));
  });

/** Signals that end a process without a core file: whoever waits for this one is told the same by its own end. */
const repeatable: ReadonlySet<string> = new Set([
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  'SIGKILL',
  'SIGPIPE',
  'SIGUSR2',
  'SIGALRM',
]);

/** Ends this process as the command ended. */
export const endAs = ({ status, signal }: Ended): void => {
  process.exitCode = status;
  if (signal && repeatable.has(signal)) process.kill(process.pid, signal);
};
