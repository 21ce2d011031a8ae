import { spawn } from 'node:child_process';
import { built } from './control-plane.js';
import type { Folder } from './folder.js';

export interface CliRun {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the CLI as a person would, with this environment of its own. */
export const sallyport = (
  folder: Folder,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<CliRun> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [built('cli'), ...args], {
      env: { PATH: process.env['PATH'], XDG_CONFIG_HOME: folder.at('cli'), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk.toString();
    });
    child.once('error', reject);
    child.once('close', (status) => resolve({ status: status ?? 1, out, err }));
  });
