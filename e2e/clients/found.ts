import { accessSync, constants } from 'node:fs';
import path from 'node:path';

const isProgram = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** The client to drive: what the variable names, else what is on the PATH; undefined where there is none. */
export const found = (name: 'claude' | 'codex' | 'aws' | 's3cmd' | 'rclone' | 'mc'): string | undefined => {
  const given = process.env[`SALLYPORT_${name.toUpperCase()}`];
  const candidates = given
    ? [given]
    : (process.env['PATH'] ?? '').split(path.delimiter).map((directory) => path.join(directory, name));
  return candidates.find(isProgram);
};
