import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository: apps/quickstart/dist or /src is three levels below it. */
export const repository = fileURLToPath(new URL('../../..', import.meta.url));

/** Where the quickstart keeps everything; a second start finds it again. */
export interface Folder {
  readonly root: string;
  at(...parts: string[]): string;
  /** A secret made at the first start, readable by its owner only. */
  secret(name: string, make?: () => string): string;
  json<T>(name: string): T | undefined;
  keepJson(name: string, value: unknown): void;
}

const writeOwn = (file: string, text: string): void => {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
};

export const openFolder = (env: NodeJS.ProcessEnv): Folder => {
  const root = path.resolve(repository, env['SALLYPORT_QUICKSTART_DIR'] || path.join('.sallyport', 'quickstart'));
  mkdirSync(root, { recursive: true });
  const at = (...parts: string[]) => path.join(root, ...parts);
  return {
    root,
    at,
    secret: (name, make = () => randomBytes(24).toString('base64url')) => {
      const file = at('secrets', name);
      if (!existsSync(file)) writeOwn(file, `${make()}\n`);
      return readFileSync(file, 'utf8').trimEnd();
    },
    json: <T>(name: string) => (existsSync(at(name)) ? (JSON.parse(readFileSync(at(name), 'utf8')) as T) : undefined),
    keepJson: (name, value) => writeOwn(at(name), `${JSON.stringify(value, null, 2)}\n`),
  };
};
