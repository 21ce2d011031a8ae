import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { GatewayError } from '@sallyport/core';
import type { Change, Wanted } from './change.js';

/** The file system, or one below a folder: of an image that is being built, or of a test. */
export class Disk {
  readonly #root: string;

  constructor(root = '') {
    this.#root = root && path.resolve(root);
  }

  read(file: string): Buffer | undefined {
    try {
      return readFileSync(this.#at(file));
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      throw new GatewayError('INVALID_INPUT', `"${file}" cannot be read`, { cause, hint: 'check its permissions' });
    }
  }

  changeOf({ path: file, text, mode }: Wanted): Change {
    return { path: file, before: this.read(file), after: Buffer.from(text), mode };
  }

  /** Written beside and renamed, so that nobody reads half of it; where it is a link, what that leads to. */
  put({ path: file, after, mode }: Change): void {
    try {
      if (after === undefined) return rmSync(this.#at(file), { force: true });
      const target = this.#behind(this.#at(file));
      mkdirSync(path.dirname(target), { recursive: true });
      const scratch = `${target}.${process.pid}`;
      writeFileSync(scratch, after, { mode: 0o600 });
      chmodSync(scratch, (statSync(target, { throwIfNoEntry: false })?.mode ?? mode) & 0o777);
      renameSync(scratch, target);
    } catch (cause) {
      throw new GatewayError('FORBIDDEN', `"${file}" cannot be written`, {
        cause,
        hint: 'managed settings want an administrator: run it with sudo, or use --user',
      });
    }
  }

  #at(file: string): string {
    return this.#root ? path.join(this.#root, file) : file;
  }

  #behind(file: string): string {
    return existsSync(file) && lstatSync(file).isSymbolicLink() ? realpathSync(file) : file;
  }
}
