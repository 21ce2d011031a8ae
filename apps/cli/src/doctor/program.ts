import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';

/** @returns the path of the program that a shell would start */
export const found = (name: string, env: NodeJS.ProcessEnv): string | undefined =>
  (env['PATH'] ?? '')
    .split(path.delimiter)
    .filter(Boolean)
    .map((directory) => path.join(directory, name))
    .find(isProgram);

export const isProgram = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** What a program says, with an end to the waiting; undefined where it failed. */
export const said = (file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string | undefined> =>
  new Promise((resolve) => {
    execFile(file, args, { env, timeout: 20_000, maxBuffer: 64 * 1024 }, (error, out) =>
      resolve(error ? undefined : out),
    );
  });

/** The first version number in a text. */
export const versionIn = (text: string): string | undefined => /\d+\.\d+\.\d+/.exec(text)?.[0];

export const isAtLeast = (version: string, least: string): boolean => {
  const [have, want] = [version, least].map((each) => each.split('.').map(Number)) as [number[], number[]];
  const at = want.findIndex((part, index) => part !== have[index]);
  return at < 0 || (have[at] ?? 0) > want[at]!;
};
