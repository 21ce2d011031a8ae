import { toBase64 } from './bytes.js';
import { type Checkpoint, parseCheckpointText } from './checkpoint.js';
import { keyTypes } from './note-keys.js';
import { checkNote, parseNote, type VerifiedSignature } from './notes.js';
import type { ReadPins } from './pins.js';
import type { Findings } from './report.js';
import type { KeyCheck } from './verify-keys.js';

/** Signatures, order and times of a bundle's checkpoints; their roots are the matter of verify-tree.ts. */
export class CheckpointCheck {
  readonly #findings: Findings;
  readonly #pins: ReadPins;
  readonly #keys: KeyCheck;
  largest: Checkpoint | undefined;
  /** Size of the largest checkpoint that a quorum of pinned witnesses cosigned. */
  witnessed = 0;

  constructor(findings: Findings, pins: ReadPins, keys: KeyCheck) {
    this.#findings = findings;
    this.#pins = pins;
    this.#keys = keys;
  }

  /**
   * @param latestEntry the latest time that an entry below the checkpoint bears, in milliseconds
   * @returns the checkpoint, undefined when it cannot be read
   */
  take(text: string, latestEntry: number): Checkpoint | undefined {
    this.#findings.counts.checkpoints += 1;
    try {
      const note = parseNote(text);
      const checkpoint = parseCheckpointText(note.text);
      const { verified, unknown, invalid } = checkNote(note, this.#keys.known);
      for (const { name } of invalid)
        this.#findings.add(
          'checkpoint.bad-signature',
          `the signature of '${name}' under the checkpoint of size ${checkpoint.size} is not its own`,
        );
      for (const { name } of unknown)
        this.#findings.add(
          'checkpoint.unknown-signature',
          `a signature in the name of '${name}' belongs to no key of the bundle`,
        );
      this.#order(checkpoint);
      this.#signatures(checkpoint, verified, latestEntry);
      return checkpoint;
    } catch (error) {
      this.#findings.add(
        'checkpoint.malformed',
        `a checkpoint cannot be read: ${error instanceof Error ? error.message : 'unknown'}`,
      );
      return undefined;
    }
  }

  #order(checkpoint: Checkpoint): void {
    const { origin, size } = checkpoint;
    if (origin !== this.#pins.origin)
      this.#findings.add('checkpoint.origin', `a checkpoint belongs to log '${origin}'`);
    if (this.largest !== undefined && size <= this.largest.size)
      this.#findings.add('checkpoint.order', `the checkpoint of size ${size} follows one of size ${this.largest.size}`);
    if (this.largest === undefined || size > this.largest.size) this.largest = checkpoint;
  }

  #signatures({ origin, size }: Checkpoint, verified: readonly VerifiedSignature[], latestEntry: number): void {
    const logs = verified.filter(({ key }) => key.type === keyTypes.ed25519);
    if (logs.length !== 1 || logs[0]!.key.name !== origin)
      this.#findings.add('checkpoint.unsigned', `the checkpoint of size ${size} is not signed by its log, once`);
    for (const { key } of verified) this.#keys.use(key, size);
    const cosignatures = verified.filter(({ at }) => at !== undefined);
    this.#findings.counts.cosignatures += cosignatures.length;
    for (const { key, at } of cosignatures) {
      if (at!.getTime() + this.#pins.toleranceMs < latestEntry) {
        this.#findings.add(
          'time.ahead-of-witness',
          `witness '${key.name}' cosigned size ${size} at ${at!.toISOString()}, before the time that an entry below it bears`,
        );
      }
    }
    const pinned = cosignatures.filter(({ key }) =>
      this.#pins.witnesses.some((pin) => pin.id === key.id && pin.name === key.name),
    );
    if (pinned.length >= this.#pins.quorumOf && this.#pins.witnesses.length > 0)
      this.witnessed = Math.max(this.witnessed, size);
  }

  describe(): string {
    return this.largest === undefined ? 'none' : `size ${this.largest.size}, root ${toBase64(this.largest.root)}`;
  }
}
