import type { BundleKind, ConsistencyRecord, EntryRecord, HeaderRecord } from './bundle-records.js';
import { fromBase64, sameBytes, toBase64 } from './bytes.js';
import type { Checkpoint } from './checkpoint.js';
import type { Entry } from './entry.js';
import { leafHash } from './merkle-hash.js';
import { verifyConsistency, verifyInclusion } from './merkle-proof.js';
import { MerkleTree } from './merkle-tree.js';
import type { ReadPins } from './pins.js';
import type { Findings } from './report.js';

/** Roots: of the bundle's own entries, of its checkpoints and of those that the auditor holds. */
export class TreeCheck {
  readonly #findings: Findings;
  readonly #kind: BundleKind;
  readonly #held: readonly Checkpoint[];
  readonly #compared = new Set<Checkpoint>();
  readonly #proofs: ConsistencyRecord[] = [];
  readonly #tree = new MerkleTree();
  #last: Checkpoint | undefined;
  #lastSeq = -1;

  constructor(findings: Findings, header: HeaderRecord, pins: ReadPins) {
    this.#findings = findings;
    this.#kind = header.kind;
    this.#held = pins.held;
    this.#compareHeld();
  }

  get size(): number {
    return this.#tree.size;
  }

  entry({ seq }: Entry, leaf: Uint8Array, record: EntryRecord): void {
    if (this.#kind === 'selection') {
      this.#selected(seq, leaf, record);
      return;
    }
    if (seq !== this.#tree.size) this.#findings.add('entry.gap', `entry ${seq} stands where ${this.#tree.size} is due`);
    if (record.proof !== undefined)
      this.#findings.add('entry.needless-proof', 'an entry of a whole log carries an inclusion proof');
    this.#tree.append(leafHash(leaf));
    this.#compareHeld();
  }

  #selected(seq: number, leaf: Uint8Array, { proof }: EntryRecord): void {
    if (seq <= this.#lastSeq) this.#findings.add('entry.order', `entry ${seq} follows entry ${this.#lastSeq}`);
    this.#lastSeq = seq;
    if (this.#last === undefined) {
      this.#findings.add('entry.uncovered', 'an entry comes before the checkpoint that it is to be proven in');
      return;
    }
    const { size, root } = this.#last;
    const path = readProof(proof ?? []);
    const included =
      proof !== undefined &&
      path !== undefined &&
      verifyInclusion({ leaf: leafHash(leaf), index: seq, size, proof: path, root });
    if (!included) this.#findings.add('entry.not-included', `entry ${seq} is not proven to be in the log`);
  }

  checkpoint(checkpoint: Checkpoint): void {
    const { size, root } = checkpoint;
    this.#last = checkpoint;
    if (this.#kind === 'selection') return;
    if (size !== this.#tree.size)
      this.#findings.add(
        'checkpoint.misplaced',
        `the checkpoint of size ${size} stands after ${this.#tree.size} entries`,
      );
    else if (!sameBytes(root, this.#tree.root()))
      this.#findings.add('checkpoint.root', `the entries do not have the root of the checkpoint of size ${size}`);
  }

  consistency(record: ConsistencyRecord): void {
    if (this.#proofs.length < 1000) this.#proofs.push(record);
    else this.#findings.add('consistency.too-many', 'a bundle holds at most 1000 consistency proofs');
  }

  #compareHeld(): void {
    if (this.#kind === 'log')
      for (const held of this.#held) if (held.size === this.#tree.size) this.#compare(held, this.#tree.root());
  }

  #compare(held: Checkpoint, root: Uint8Array): void {
    this.#compared.add(held);
    if (!sameBytes(held.root, root))
      this.#findings.add(
        'log.forked',
        `at size ${held.size} this log has another root than the checkpoint that was pinned`,
      );
  }

  finish(header: HeaderRecord): void {
    const size = this.#last?.size ?? 0;
    if (header.size !== size)
      this.#findings.add('header.size', `the header names size ${header.size}, and the largest checkpoint has ${size}`);
    if (this.#last === undefined) this.#findings.add('checkpoint.missing', 'there is no checkpoint: nothing is signed');
    if (this.#kind === 'log' && this.#tree.size > size)
      this.#findings.add('entry.uncovered', `entries from ${size} on are covered by no checkpoint`);
    for (const held of this.#held) if (!this.#compared.has(held)) this.#finishHeld(held, size);
    if (this.#proofs.length > 0)
      this.#findings.leaveOpen(`${this.#proofs.length} consistency proofs from checkpoints that were not pinned`);
  }

  #finishHeld(held: Checkpoint, size: number): void {
    if (this.#last !== undefined && held.size === size) {
      this.#compare(held, this.#last.root);
      return;
    }
    const joined = this.#joined(held);
    if (joined === true) return;
    if (joined === false)
      this.#findings.add(
        'log.forked',
        `the consistency proof between the pinned checkpoint of size ${held.size} and size ${size} does not hold`,
      );
    else if (held.size > size)
      this.#findings.add(
        'log.truncated',
        `this bundle ends at size ${size}, and the log had reached ${held.size} by the pinned checkpoint`,
      );
    else
      this.#findings.leaveOpen(
        `that the log continues the pinned checkpoint of size ${held.size}: this selection carries no consistency proof for it`,
      );
  }

  /** Whether a proof in the bundle joins a held checkpoint to its own; undefined where there is none. */
  #joined(held: Checkpoint): boolean | undefined {
    const last = this.#last;
    if (last === undefined) return undefined;
    const [from, to] = held.size < last.size ? [held, last] : [last, held];
    const at = this.#proofs.findIndex((record) => record.from === from.size && record.to === to.size);
    if (at < 0) return undefined;
    const proof = readProof(this.#proofs[at]!.proof);
    this.#proofs.splice(at, 1);
    return (
      proof !== undefined &&
      verifyConsistency({ fromSize: from.size, fromRoot: from.root, toSize: to.size, toRoot: to.root, proof })
    );
  }

  get root(): string | undefined {
    return this.#last === undefined ? undefined : toBase64(this.#last.root);
  }
}

function readProof(texts: readonly string[]): Uint8Array[] | undefined {
  try {
    return texts.slice(0, 128).map((text) => fromBase64(text, 'a proof', 32));
  } catch {
    return undefined;
  }
}
