import { GatewayError } from '@sallyport/core';
import {
  checkpointText,
  cosign,
  formatVerifierKey,
  type KeyRotated,
  type NoteSigner,
  openRotation,
  parseVerifierKey,
  type VerifierKey,
  type WitnessState,
} from '@sallyport/evidence';
import type { WitnessRequest } from '@sallyport/tunnel';
import type { WitnessMemory, WitnessStore } from './state/witness-store.js';

export interface WitnessOptions {
  readonly store: WitnessStore;
  /** Log keys (C2SP vkey) from the configuration file. */
  readonly logKeys: readonly string[];
  readonly now: () => Date;
}

/** Vouches for the control plane's log: never for two histories of it, and never for what it has not written down. */
export class Witness {
  private readonly signer: NoteSigner;
  private memory: WitnessMemory;

  constructor(private readonly options: WitnessOptions) {
    this.signer = options.store.signer();
    this.memory = options.store.load();
  }

  /** C2SP vkey, for auditors to pin. */
  get key(): string {
    return formatVerifierKey(this.signer.key);
  }

  /** What it has vouched for: the control plane must still have all of it. */
  get checkpoints(): string[] {
    return Object.values(this.memory.heads).map(({ origin, size, root }) =>
      checkpointText({ origin, size, root: Buffer.from(root, 'base64') }),
    );
  }

  /** Pins the key of the log, as told at enrolment over the pinned authority. */
  pin(logKey: string): void {
    const key = parseVerifierKey(logKey);
    const others = this.memory.logKeys.filter((each) => parseVerifierKey(each).name !== key.name);
    this.keep({ ...this.memory, logKeys: [...others, logKey] });
  }

  /**
   * INVARIANT: checks, stores and signs without yielding in between, so that two requests cannot make it vouch for two
   * histories; and the state is on disk before the cosignature exists anywhere else.
   * @returns the signature line
   * @throws EVIDENCE_INCONSISTENT
   */
  cosign({ checkpoint: note, proof, rotations }: WitnessRequest): string {
    this.learn(rotations);
    const origin = note.split('\n', 1)[0] ?? '';
    const { state, cosignature } = this.tryKeys(origin, (logKey) =>
      cosign({ state: this.headOf(origin), note, proof, logKey, signer: this.signer, now: this.options.now() }),
    );
    this.keep({ ...this.memory, heads: { ...this.memory.heads, [origin]: state } });
    return cosignature;
  }

  private headOf(origin: string): WitnessState | undefined {
    return Object.hasOwn(this.memory.heads, origin) ? this.memory.heads[origin] : undefined;
  }

  private tryKeys<Result>(origin: string, attempt: (key: VerifierKey) => Result): Result {
    const keys = [...this.memory.logKeys, ...this.options.logKeys]
      .map(parseVerifierKey)
      .filter(({ name }) => name === origin);
    let failure: unknown = new GatewayError(
      'EVIDENCE_INCONSISTENT',
      `no key of the log "${origin.slice(0, 100)}" is pinned here`,
      {
        hint: 'after an explicit restore, add the log’s new key to log_keys in the agent’s configuration',
      },
    );
    for (const key of keys) {
      try {
        return attempt(key);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  /**
   * A new key of a log counts when a trusted one has signed it, and takes its place: one that was pinned at enrolment,
   * or one that the configuration names after a restore.
   */
  private learn(rotations: readonly string[]): void {
    const trusted = new Set([...this.memory.logKeys, ...this.options.logKeys]);
    for (const rotation of rotations) {
      const change = openRotation(JSON.parse(rotation) as KeyRotated);
      const [old, next] = [formatVerifierKey(change.old), formatVerifierKey(change.new)];
      if (trusted.delete(old)) trusted.add(next);
    }
    const learnt = [...trusted].filter((key) => !this.options.logKeys.includes(key));
    if (learnt.join() !== this.memory.logKeys.join()) this.keep({ ...this.memory, logKeys: learnt });
  }

  private keep(memory: WitnessMemory): void {
    this.options.store.save(memory);
    this.memory = memory;
  }
}
