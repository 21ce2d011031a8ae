import path from 'node:path';
import { GatewayError } from '@sallyport/core';
import { quoted } from '../quoted.js';
import type { Wanted } from './change.js';

/** What AI clients start: this program by a path that holds no argument. */
export interface Launchers {
  readonly sallyport: string;
  readonly sallyportExec: string;
  readonly files: readonly Wanted[];
}

const script = (words: readonly string[]): string => `#!/bin/sh\nexec ${words.map(quoted).join(' ')} "$@"\n`;
const batch = (words: readonly string[]): string => `@${words.map((word) => `"${word}"`).join(' ')} %*\r\n`;

/** @param program how this program is run again. @throws UNSUPPORTED where it has no script beside which the other one is */
export const launchers = (folder: string, program: readonly string[], platform: string): Launchers => {
  const entry = program.at(-1) ?? '';
  if (path.basename(entry) !== 'sallyport.js')
    throw new GatewayError('UNSUPPORTED', 'this sallyport was not installed as a program of its own', {
      hint: 'install the command line, and run its sallyport setup',
    });
  const exec = [...program.slice(0, -1), path.join(path.dirname(entry), 'sallyport-exec.js')];
  const isWindows = platform === 'win32';
  const fileOf = (name: string, words: readonly string[]): Wanted =>
    isWindows
      ? { path: path.win32.join(folder, `${name}.cmd`), text: batch(words), mode: 0o755 }
      : { path: path.posix.join(folder, name), text: script(words), mode: 0o755 };
  const files = [fileOf('sallyport', program), fileOf('sallyport-exec', exec)];
  return { sallyport: files[0]!.path, sallyportExec: files[1]!.path, files };
};
