import { spawn } from 'node:child_process';
import { GatewayError } from '@sallyport/core';

/** Signals that are for the program in front, which decides by itself what to do. */
const passed = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs a program on this terminal. @returns its exit status, 128 + number for one that a signal ended
 * @throws GatewayError NOT_FOUND where it is not installed
 */
export const runProgram = (
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  missing: string,
): Promise<number> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: 'inherit' });
    const pass = (signal: NodeJS.Signals) => void (process.stdin.isTTY ? undefined : child.kill(signal)); // a terminal sends it to both
    for (const signal of passed) process.on(signal, pass);
    const settle = (finish: () => void) => {
      for (const signal of passed) process.off(signal, pass);
      finish();
    };
    child.once('error', (cause) =>
      settle(() => reject(new GatewayError('NOT_FOUND', `"${program}" cannot be run`, { cause, hint: missing }))),
    );
    child.once('exit', (status, signal) => settle(() => resolve(status ?? (signal === 'SIGINT' ? 130 : 143))));
  });
