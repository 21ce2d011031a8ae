import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: string;
  /** A signal to send as soon as standard output holds this text. */
  readonly interruptAt?: string;
}

/** Runs a program to its end, or for a minute. */
export async function run({ program, args, env, cwd, input, interruptAt }: Command): Promise<Run> {
  const child = spawn(program, args, { env: { ...env }, ...(cwd === undefined ? {} : { cwd }) });
  const late = setTimeout(() => child.kill('SIGKILL'), 60_000);
  const said = { stdout: '', stderr: '' };
  let interrupted = false;
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      said[stream] += text;
      if (interrupted || interruptAt === undefined || !said.stdout.includes(interruptAt)) return;
      interrupted = true;
      setTimeout(() => child.kill('SIGINT'), 500); // the statement behind the text must have begun
    });
  }
  child.stdin.on('error', () => undefined); // a program may end before it has read everything
  child.stdin.end(input ?? '');
  const [status] = (await once(child, 'close')) as [number | null];
  clearTimeout(late);
  return { status, ...said };
}

/** Runs a script in psql, in an empty directory, echoing everything, with every error in full. */
export async function psqlRun(
  command: Pick<Command, 'program' | 'env' | 'interruptAt'>,
  sql: string,
  args: readonly string[] = [],
): Promise<Run> {
  const cwd = mkdtempSync(path.join(tmpdir(), 'sallyport-psql-'));
  try {
    writeFileSync(path.join(cwd, 'script.sql'), `\\set VERBOSITY verbose\nset search_path = d;\n${sql}\n`);
    return await run({ ...command, cwd, args: ['-X', '-a', '-e', '-E', '-f', 'script.sql', ...args] });
  } finally {
    rmSync(cwd, { recursive: true });
  }
}
