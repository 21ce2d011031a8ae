import { createHash } from 'node:crypto';

/** A file as it is to be, whatever it is now. Paths are absolute. */
export interface Wanted {
  readonly path: string;
  readonly text: string;
  /** Permissions; a file that is there keeps its own. */
  readonly mode: number;
}

/** The same beside what there is: undefined where there is none yet, or none any more. */
export interface Change {
  readonly path: string;
  readonly before: Buffer | undefined;
  readonly after: Buffer | undefined;
  readonly mode: number;
}

export const digestOf = (bytes: Buffer | undefined): string | undefined =>
  bytes && createHash('sha256').update(bytes).digest('hex');

export const isChange = ({ before, after }: Change): boolean =>
  before === undefined || after === undefined ? before !== after : !before.equals(after);
