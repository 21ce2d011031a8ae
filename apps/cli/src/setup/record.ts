import { GatewayError } from '@sallyport/core';
import { type Change, digestOf, isChange } from './change.js';
import type { Disk } from './disk.js';

interface KeptFile {
  readonly path: string;
  /** In base64; null where there was none. */
  readonly before: string | null;
  /** SHA-256 of what was written. */
  readonly after: string;
  readonly mode: number;
}

/** What a set-up has written, and what was there before the first one of its kind. */
interface Kept {
  readonly files: readonly KeptFile[];
}

const kept = (disk: Disk, file: string): Kept | undefined => {
  const bytes = disk.read(file);
  if (!bytes) return undefined;
  try {
    return JSON.parse(bytes.toString()) as Kept;
  } catch (cause) {
    throw new GatewayError('INVALID_INPUT', `"${file}" is damaged`, {
      cause,
      hint: 'it remembers what was there before the set-up; remove it to forget that',
    });
  }
};

const bytesOf = ({ before }: KeptFile): Buffer | undefined =>
  before === null ? undefined : Buffer.from(before, 'base64');

/** The record of one client in one scope, and beside it those of others that may share files with it. */
export class SetupRecord {
  readonly #disk: Disk;
  readonly #file: string;
  readonly #others: readonly string[];

  constructor(disk: Disk, file: string, others: readonly string[]) {
    this.#disk = disk;
    this.#file = file;
    this.#others = others;
  }

  get isThere(): boolean {
    return this.#disk.read(this.#file) !== undefined;
  }

  /** Kept before anything is written: a set-up that breaks off half way can be undone. */
  keep(changes: readonly Change[]): void {
    const files = changes.map((change) => ({
      path: change.path,
      before: this.#original(change)?.toString('base64') ?? null,
      after: digestOf(change.after)!,
      mode: change.mode,
    }));
    const after = Buffer.from(`${JSON.stringify({ files }, null, 2)}\n`);
    this.#disk.put({ path: this.#file, before: undefined, after, mode: 0o600 }); // settings of a person's own may hold secrets
  }

  /** What leads back. @throws CONFLICT where a file has been changed since, unless told to go over that */
  undoing(force: boolean): Change[] {
    const shared = new Set(this.#others.flatMap((file) => kept(this.#disk, file)?.files ?? []).map(({ path }) => path));
    const files = (kept(this.#disk, this.#file)?.files ?? []).filter(({ path }) => !shared.has(path));
    const changes = files.map((file) => ({
      ...file,
      before: this.#disk.read(file.path),
      after: bytesOf(file),
      written: file.after,
    }));
    const edited = changes.filter((change) => isChange(change) && digestOf(change.before) !== change.written);
    if (edited.length === 0 || force) return changes.filter(isChange);
    throw new GatewayError(
      'CONFLICT',
      `changed since it was set up: ${edited.map(({ path }) => `"${path}"`).join(', ')}`,
      {
        hint: 'take out by hand what is of sallyport, or use --force to have back what was there before, without your changes',
      },
    );
  }

  forget(): void {
    this.#disk.put({ path: this.#file, before: undefined, after: undefined, mode: 0o600 });
  }

  /** What was there before any set-up: this one's first run, or another's that has written the same file. */
  #original({ path, before }: Change): Buffer | undefined {
    const known = [this.#file, ...this.#others]
      .flatMap((file) => kept(this.#disk, file)?.files ?? [])
      .find((file) => file.path === path && before !== undefined);
    return known ? bytesOf(known) : before;
  }
}
