import type { Folder } from './folder.js';
import type { Gate } from './gate.js';
import type { Options } from './options.js';

/** Everything that a scene of the play may use. */
export interface Stage {
  readonly options: Options;
  readonly folder: Folder;
  /** The engineer. */
  readonly ada: Gate;
  /** The reviewer. */
  readonly ravi: Gate;
  /** Admin and auditor. */
  readonly grace: Gate;
  readonly token: (person: string) => Promise<string>;
}

export interface Scene {
  readonly title: string;
  /** Plays it, and throws when something is not as it should be. */
  play(stage: Stage): Promise<void>;
}

/** @throws Error that names what is wrong */
export const expect = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(what);
};
